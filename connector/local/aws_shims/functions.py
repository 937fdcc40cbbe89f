"""Lambda: a function sees its own zip, not this checkout.

MiniStack runs functions with the server's own Python, in which this project is installed in editable mode:
a module that was left out of the zip would be found in the checkout, and the mistake would show only on AWS.
The checkout is taken off the module search path of function processes. (The third-party packages of the
virtualenv stay visible: boto3 has to come from there, as it comes from the runtime on AWS.)

Likewise a function inherits the server's environment; `LOG_LEVEL`, say, would change what it logs. The
server's own variables are taken out; the function's are set after that by MiniStack.

CloudFormation's DeadLetterConfig is kept: MiniStack's Lambda honours it, its CloudFormation drops it.

An exception's class is the `errorType` of the answer on AWS; MiniStack says the same for all. It is read
from the traceback that MiniStack logs.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import re
from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners
from connector.local.state import ROOT

_SERVER_ONLY = (
    "AUTH",
    "BIND_HOST",
    "DOCKER_HOST",
    "IOT_MTLS_ENABLED",
    "JAVA_HOME",
    "LOG_LEVEL",
    "MINISTACK_REGION",
    "PYTHONPATH",
    "S3_DATA_DIR",
    "SFTP_ENABLED",
    "WMS_LOCAL_CONNECT_HOME",
    "WMS_LOCAL_STATE",
)

_PREAMBLE = """\
import os as _os, sys as _sys
for _name in {server_only!r}:
    _os.environ.pop(_name, None)
_sys.path[:] = [_p for _p in _sys.path if _p.rstrip("/") != {root!r}]
"""


#: The last line of a traceback: `package.Class: message`.
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w+)(?::|$)", re.MULTILINE)


def install() -> None:
    """Put a preamble before MiniStack's worker script, and name the class of an exception."""
    service = module("services.lambda_svc")
    service._execute_function_warm = _typed(service._execute_function_warm)
    handlers = provisioners()._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    handlers["create"] = _with_dead_letters(handlers["create"], place=1)
    handlers["update"] = _with_dead_letters(handlers["update"], place=2)
    runtime = module("core.lambda_runtime")
    runtime._PYTHON_WORKER_SCRIPT = (
        _PREAMBLE.format(root=str(ROOT), server_only=_SERVER_ONLY) + runtime._PYTHON_WORKER_SCRIPT
    )


def _with_dead_letters(original: Any, *, place: int) -> Any:
    """A handler of CloudFormation's; `place` is where its arguments have the new properties."""

    def handler(*arguments: Any, **named: Any) -> Any:
        answer = original(*arguments, **named)
        config = module("services.lambda_svc")._functions[answer[0]]["config"]
        config.pop("DeadLetterConfig", None)
        if wanted := arguments[place].get("DeadLetterConfig"):
            config["DeadLetterConfig"] = dict(wanted)
        return answer

    return handler


def _typed(original: Any) -> Any:
    def execute(func: Any, event: Any, request_id: str) -> Any:
        result = original(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            body["errorType"] = _error_type(result) or body["errorType"]
        return result

    return execute


def _error_type(result: Mapping[str, Any]) -> str | None:
    trace = str(result.get("log", "")).rpartition("Traceback (most recent call last):")[2]
    lines = [line for line in trace.splitlines()[1:] if line and not line.startswith((" ", "\t"))]
    found = _RAISED.match(lines[0]) if lines else None
    return found.group(1) if found else None
