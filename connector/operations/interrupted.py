"""Say at Ctrl-C under `sceptre` what goes on and what to do: Sceptre ends minutes later with "Aborted!" only.

Sceptre's threads cannot be stopped: those of the stacks in hand go on, with what hooks do after them, and the
command ends when they have ended. No further stack is begun.
"""

import signal
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType

_PROGRAM = "sceptre"


def install(asked: Callable[[], Collection[str]]) -> None:
    """Handle Ctrl-C in a `sceptre` command, once; `asked`: the stacks that it has changed or changes now."""
    ours = Path(sys.argv[0]).stem == _PROGRAM and threading.current_thread() is threading.main_thread()
    # Whoever has set another handler, or ignores Ctrl-C, wants something else.
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupted(asked))


class _Interrupted:
    def __init__(self, asked: Callable[[], Collection[str]]) -> None:
        self._asked = asked
        self._told = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._told and (found := sorted(self._asked())):
            self._told = True
            sys.stderr.write(f"{words(found)}\n")
            sys.stderr.flush()
        signal.default_int_handler(number, frame)


def words(asked: Collection[str]) -> str:
    """The line for an operator who has interrupted a command that works on stacks."""
    return (
        f"interrupted: no further stack is begun. What is in hand ({', '.join(asked)}) is finished first, "
        "which may take minutes; nobody has to undo anything. Then run the same command again: it goes on "
        "where this one stopped"
    )
