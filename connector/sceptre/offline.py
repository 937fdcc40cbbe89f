"""Sceptre's stacks without boto3, for what asks AWS nothing.

Each of Sceptre's stacks can connect to AWS, so Sceptre imports boto3 with them: a fifth of the time that it
takes to render a stage.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import Any

_CONNECTIONS = "sceptre.connection_manager"


@contextmanager
def without_connections() -> Iterator[None]:
    """While this block imports Sceptre's stacks, leave out boto3; a stack that connects after all gets it.

    Nothing changes where Sceptre's connections are imported already, nor for what imports them afterwards.
    """
    if _CONNECTIONS in sys.modules:
        yield
        return
    stand_in = ModuleType(_CONNECTIONS)
    stand_in.ConnectionManager = _Later  # type: ignore[attr-defined]
    sys.modules[_CONNECTIONS] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_CONNECTIONS) is stand_in:
            del sys.modules[_CONNECTIONS]


class _Later:
    """A connection that is made when somebody uses it: a template gets one with its stack."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self._given, self._named = given, named

    @cached_property
    def _real(self) -> Any:
        module = importlib.import_module(_CONNECTIONS)
        return module.ConnectionManager(*self._given, **self._named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
