"""A launch makes the connector running, paused or stopped, and keeps what stands above that."""

import pytest

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.halt import HALT_KEY, Halt, HaltedBy
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_halt, write_halt
from tests.lambda_src.conftest import FakeStage

STATES = {"running": "RUNNING", "paused": "PAUSED", "stopped": "STOPPED"}


def launch(world: FakeStage, state: str = "running") -> dict[Operation, Answer]:
    """The steps of a launch up to the first that fails."""
    world.settings = ConnectorSettings(state=state)
    answers = {}
    for operation in REGISTRATION:
        answers[operation] = world.ask(operation)
        if answers[operation].state is State.FAILED:
            break
    return answers


def state(world: FakeStage) -> str:
    return world.connect.states[CONNECTOR]


def mark(world: FakeStage) -> Halt:
    return read_halt(world.table)


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("then", STATES)
def test_a_launch_makes_what_is_declared_from_whatever_was(world: FakeStage, first: str, then: str) -> None:
    for wanted in (first, then):
        answers = launch(world, wanted)
        assert answers[Operation.RECORD].state is State.DONE
        assert state(world) == STATES[wanted]
        assert mark(world).by is (None if wanted == "running" else HaltedBy.DECLARED)
        rest = answers[Operation.VERIFY].details.get("rest", "")
        assert (rest != "") == (wanted != "running")
    world.connect.requests.clear()
    launch(world, then)
    assert world.connect.writes == []


@pytest.mark.parametrize("wanted", ["paused", "stopped"])
def test_a_connector_that_is_to_rest_is_never_started_first(world: FakeStage, wanted: str) -> None:
    assert (
        launch(world, wanted)[Operation.REGISTER].summary == f"{CONNECTOR} created and left {STATES[wanted]}"
    )
    assert ("POST", "/connectors") in world.connect.writes
    assert not any(method == "PUT" for method, _ in world.connect.writes)


@pytest.mark.parametrize("halt", [Operation.PAUSE, Operation.STOP])
def test_an_operators_halt_stands_above_and_is_named(world: FakeStage, halt: Operation) -> None:
    launch(world)
    world.ask(halt, why="the DBA patches")
    before = state(world)
    answers = launch(world)
    assert f"it stays {before}: an operator did that" in answers[Operation.REGISTER].summary
    assert (answers[Operation.VERIFY].state, state(world)) == (State.FAILED, before)
    assert "the DBA patches, and a launch does not undo it" in answers[Operation.VERIFY].summary
    for wanted in ("paused", "stopped"):
        answers = launch(world, wanted)
        assert state(world) == before
        assert mark(world).by is HaltedBy.OPERATOR
        assert "the DBA patches" in answers[Operation.VERIFY].details["rest"]


@pytest.mark.parametrize("halt", [Operation.PAUSE, Operation.STOP])
def test_a_halt_is_not_forgotten_while_a_new_worker_takes_the_connector_up(
    world: FakeStage, halt: Operation
) -> None:
    launch(world)
    world.ask(halt, why="the DBA patches")
    before = state(world)
    world.connect.unassigned = 4
    answers = launch(world)
    assert f"it stays {before}: an operator did that" in answers[Operation.REGISTER].summary
    assert (state(world), mark(world).by) == (before, HaltedBy.OPERATOR)


def test_a_stale_mark_of_an_operator_does_not_keep_a_launch_from_what_is_declared(world: FakeStage) -> None:
    launch(world)
    world.ask(Operation.STOP)
    # Somebody resumes it by hand.
    world.connect.request("PUT", f"http://127.0.0.9:8083/connectors/{CONNECTOR}/resume", None, 1)
    launch(world)
    assert (state(world), mark(world).by) == ("RUNNING", None)
    world.ask(Operation.STOP)
    world.connect.request("PUT", f"http://127.0.0.9:8083/connectors/{CONNECTOR}/resume", None, 1)
    launch(world, "paused")
    assert (state(world), mark(world).by) == ("PAUSED", HaltedBy.DECLARED)


def test_what_an_operator_has_halted_is_not_started_although_the_connector_was_deleted(
    world: FakeStage,
) -> None:
    launch(world)
    world.ask(Operation.STOP)
    world.connect.request("DELETE", f"http://127.0.0.9:8083/connectors/{CONNECTOR}", None, 1)
    launch(world)
    assert (state(world), mark(world).by) == ("STOPPED", HaltedBy.OPERATOR)


def test_a_connector_is_put_to_rest_while_its_database_is_away(world: FakeStage) -> None:
    launch(world)
    world.connect.invalid = {"database.hostname": "Unable to connect"}
    answers = launch(world, "stopped")
    assert state(world) == "STOPPED"
    assert answers[Operation.VALIDATE].summary.startswith("not needed")
    assert answers[Operation.RECORD].state is State.DONE


def test_a_login_stop_is_kept_by_a_launch_that_wants_rest(world: FakeStage) -> None:
    launch(world)
    world.connect.request("PUT", f"http://127.0.0.9:8083/connectors/{CONNECTOR}/stop", None, 1)
    login = {"by": HaltedBy.LOGIN, "at": 5, "secret": "dbInfo", "error_class": "login"}
    assert write_halt(world.table, mark(world), **login)
    assert "it stays STOPPED: the system did that" in launch(world, "stopped")[Operation.REGISTER].summary
    assert world.table.items[HALT_KEY]["by"] == "login"


def test_a_failed_connector_is_put_to_rest_and_not_restarted(world: FakeStage) -> None:
    launch(world)
    world.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "java.lang.OutOfMemoryError"}
    world.connect.requests.clear()
    launch(world, "stopped")
    assert state(world) == "STOPPED"
    assert not any(path.endswith("/restart") for _, path in world.connect.writes)


def test_the_health_check_registers_a_missing_connector_as_declared(world: FakeStage) -> None:
    launch(world, "stopped")
    world.connect.request("DELETE", f"http://127.0.0.9:8083/connectors/{CONNECTOR}", None, 1)
    world.ask(Operation.REGISTER)
    assert state(world) == "STOPPED"
