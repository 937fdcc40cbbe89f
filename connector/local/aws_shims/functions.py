"""Lambda: a function sees its own zip, not this checkout.

MiniStack runs functions with the server's own Python, in which this project is installed in editable mode:
a module that was left out of the zip would be found in the checkout, and the mistake would show only on AWS.
The checkout is taken off the module search path of function processes. (The third-party packages of the
virtualenv stay visible: boto3 has to come from there, as it comes from the runtime on AWS.)
"""

from connector.local.aws_shims._ministack import module
from connector.local.state import ROOT

_PREAMBLE = """\
import sys as _sys
_sys.path[:] = [_p for _p in _sys.path if _p.rstrip("/") != {root!r}]
"""


def install() -> None:
    """Put a preamble before MiniStack's worker script."""
    runtime = module("core.lambda_runtime")
    runtime._PYTHON_WORKER_SCRIPT = _PREAMBLE.format(root=str(ROOT)) + runtime._PYTHON_WORKER_SCRIPT
