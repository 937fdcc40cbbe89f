"""Sceptre's own command, which looks at its stacks every half second.

Sceptre sleeps 4 s between two looks, and once more after the last one (`sceptre/plan/actions.py`). A launch
passes four levels of stacks that the embedded AWS makes in a second each. Nothing else of Sceptre is changed.
"""

import sys
import time
from types import SimpleNamespace

from sceptre.cli import cli
from sceptre.plan import actions

_SECONDS = 0.5


def _sleep(seconds: float) -> None:
    time.sleep(min(seconds, _SECONDS))


if __name__ == "__main__":
    actions.time = SimpleNamespace(sleep=_sleep)
    sys.argv[0] = "sceptre"
    cli()
