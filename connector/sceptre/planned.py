"""The stacks that Sceptre itself has read for the command that runs.

Sceptre gives a hook one stack with those that it depends on. A check of the whole stage would have to read
config/ once more and to render each template twice: once for the check and once for the launch.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sceptre.config.reader import ConfigReader
from sceptre.stack import Stack

#: What each reading of config/ in this process was asked for.
_read: list[frozenset[Stack]] = []


def install() -> None:
    """Remember what Sceptre's reader makes from now on; a second call changes nothing.

    Sceptre 4.7 imports this project's plugins when it makes its reader, and has it read config/ after that.
    """
    original: Callable[[Any], tuple[set[Stack], set[Stack]]] = ConfigReader.construct_stacks
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def construct_stacks(reader: ConfigReader) -> tuple[set[Stack], set[Stack]]:
        everything, wanted = original(reader)
        _read.append(frozenset(wanted))
        return everything, wanted

    ConfigReader.construct_stacks = construct_stacks


def beside(stack: object) -> frozenset[Stack]:
    """The stacks that the command was for among which Sceptre read this one; none if it is not known."""
    return next((found for found in _read if any(each is stack for each in found)), frozenset())


def forget() -> None:
    """Forget everything: a new run."""
    _read.clear()
