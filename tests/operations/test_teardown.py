"""What a teardown reports; its hook, which decides whether there is one, has tests of its own."""

import pytest

from connector.domain.admin_api import TEARDOWN, Answer, Operation, State
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import EphemeralStage
from connector.operations.teardown import Unfinished, tear_down
from tests.support.simulated_clock import SimulatedClock


def test_what_was_deleted_by_several_requests_is_counted_once():
    found = [["a.wms"], ["a.wms", "a.wms.signal"]]

    def ask(operation: Operation) -> Answer:
        if operation is not Operation.TEARDOWN_TOPICS:
            return Answer(State.DONE, "done", details={"deleted": []})
        state = State.WAITING if len(found) > 1 else State.DONE
        return Answer(state, "deleting", True, {"deleted": found.pop(0), "others": []})

    report = tear_down(EphemeralStage(Stage("a")), ask, SimulatedClock().as_clock(), lambda line: None)
    assert report.topics == ["a.wms", "a.wms.signal"]


@pytest.mark.parametrize("operation", TEARDOWN)
def test_a_function_that_fails_is_an_unfinished_teardown_where_the_step_is_required(operation: Operation):
    """Its error is no answer, but says as well what the teardown stopped at."""
    shown: list[str] = []

    def ask(asked: Operation) -> Answer:
        if asked is operation:
            raise ServerError("the admin Lambda failed: Runtime.ExitError")
        return Answer(State.DONE, "done")

    def run() -> None:
        tear_down(EphemeralStage(Stage("a")), ask, SimulatedClock().as_clock(), shown.append)

    if not operation.policy.required:
        run()
        assert (
            f"{operation}: the admin Lambda failed: Runtime.ExitError; continuing without this step" in shown
        )
        return
    with pytest.raises(Unfinished, match=f"stopped at {operation}: the admin Lambda failed"):
        run()
