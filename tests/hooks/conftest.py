from collections.abc import Callable

import pytest

from connector.operations import stack_outcome, stack_progress, turns, worker_change
from connector.operations.guarded_changes import CONFIRMATIONS
from connector.operations.turns import TURNS
from connector.sceptre import launches, planned
from connector.sceptre import stack as sceptre_stack
from hooks import admit
from tests.support.simulated_clock import SimulatedClock


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks of which a hook has progress shown from then on, instead of a thread that shows it."""
    found: list[str] = []
    monkeypatch.setattr(stack_progress, "watch", lambda stack, show: found.append(stack.external_name))
    return found


@pytest.fixture(autouse=True)
def simulated_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the seconds in which a command watches whether another one is under way."""
    monkeypatch.setattr(turns, "Clock", lambda: SimulatedClock().as_clock())


@pytest.fixture(autouse=True)
def new_run() -> Callable[[], None]:
    """Each test is a Sceptre run of its own; what it gets begins another one."""

    def begin() -> None:
        sceptre_stack.SECRETS.clear()
        launches.LAUNCHES.forget()
        planned.forget()
        admit._admitted.clear()
        stack_outcome.forget()
        TURNS.forget()
        CONFIRMATIONS.forget()
        worker_change.forget()

    begin()
    return begin
