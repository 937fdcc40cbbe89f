"""Offsets are changed only while the connector is stopped, and nobody's halt is lost by that."""

from typing import Any

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.halt import HaltedBy
from connector.domain.health.scn import Reading, ScnMemory
from connector.domain.health.state import HealthState
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_halt, replace_item
from tests.lambda_src.conftest import FakeStage


def pair(scn: int, server: str = "wms") -> dict[str, Any]:
    return {"partition": {"server": server}, "offset": {"scn": str(scn)}}


@pytest.fixture
def main(world: FakeStage) -> FakeStage:
    """Main, registered, at SCN 150 of a database that was at 100 and is at 200."""
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    world.connect.position = {"scn": "150"}
    remember(world, hours=24)
    return world


def remember(world: FakeStage, *, hours: int, state: str = "running") -> None:
    import time  # noqa: PLC0415 - the function's own clock

    now = int(time.time())
    memory = ScnMemory((Reading(100, now - 3600, now - 3590), Reading(200, now - 60, now)), seen=(now, 200))
    world.table.items.pop("health-memory", None)
    assert replace_item(world.table, HealthState().next(scn=memory).to_item())
    world.settings = ConnectorSettings(archived_log_hours=hours, state=state)


@pytest.mark.parametrize("operation", [Operation.OFFSETS_RESTORE, Operation.OFFSETS_RESET])
def test_a_connector_that_is_not_stopped_keeps_its_offsets(main: FakeStage, operation: Operation) -> None:
    for halted in (None, Operation.PAUSE):
        if halted:
            main.ask(halted)
        answer = main.ask(operation, offsets=(pair(120),))
        assert (answer.state, main.connect.position) == (State.FAILED, {"scn": "150"})
        assert "offsets are changed while the connector is stopped" in answer.summary


def test_a_position_is_restored_and_the_next_step_fits(main: FakeStage) -> None:
    assert main.ask(Operation.OFFSETS_STOP).state is State.DONE
    answer = main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(120),))
    assert (answer.state, main.connect.position) == (State.DONE, {"scn": "120"})
    assert answer.summary.startswith("restored: the position goes back from SCN 150 to 120")
    assert answer.summary.endswith("start it with wms-connector resume main")
    halt = read_halt(main.table)
    assert (halt.by, halt.why) == (HaltedBy.OPERATOR, "its offsets are changed")


def test_a_reset_deletes_them_once(main: FakeStage) -> None:
    main.ask(Operation.OFFSETS_STOP)
    for _ in range(2):
        answer = main.ask(Operation.OFFSETS_RESET)
        assert answer.state is State.DONE
        assert "reads every row of all captured tables again" in answer.summary
    assert main.connect.offsets == set()
    assert [m for m, _ in main.connect.writes].count("DELETE") == 1


def test_what_cannot_be_known_needs_somebody_who_has_asked(main: FakeStage) -> None:
    remember(main, hours=0)
    main.ask(Operation.OFFSETS_STOP)
    asked = main.ask(Operation.OFFSETS, offsets=(pair(120),))
    assert "nobody knows" in asked.details["doubt"]
    refused = main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(120),))
    assert (refused.state, main.connect.position) == (State.FAILED, {"scn": "150"})
    assert refused.summary.endswith("confirm it with --position-checked")
    assert (
        main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(120),), position_checked=True).state is State.DONE
    )


def test_offsets_of_another_stage_are_refused(main: FakeStage) -> None:
    main.ask(Operation.OFFSETS_STOP)
    answer = main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(120, "feature-x.wms"),), position_checked=True)
    assert (answer.state, main.connect.position) == (State.FAILED, {"scn": "150"})
    assert "topic prefix 'wms'" in answer.summary


def test_a_position_ahead_of_the_database_is_refused_while_the_task_tells_its_scn(main: FakeStage) -> None:
    main.connect.debezium = {"streaming": {"connected": 1.0, "currentscn": 300.0}}
    refused = main.ask(Operation.OFFSETS, offsets=(pair(900),)).details["refusal"]
    assert refused == "SCN 900 is ahead of the database's, which is 300"
    # One from after the last health check is not.
    assert main.ask(Operation.OFFSETS, offsets=(pair(250),)).details["refusal"] == ""
    main.ask(Operation.OFFSETS_STOP)
    answer = main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(900),))
    assert (answer.state, "ahead of all that is known" in answer.summary) == (State.FAILED, True)


def test_the_stop_for_offsets_leaves_a_declared_stop_the_configs(main: FakeStage) -> None:
    remember(main, hours=24, state="stopped")
    for operation in REGISTRATION:
        main.ask(operation)
    assert read_halt(main.table).by is HaltedBy.DECLARED
    main.ask(Operation.OFFSETS_STOP)
    answer = main.ask(Operation.OFFSETS_RESTORE, offsets=(pair(120),))
    assert read_halt(main.table).by is HaltedBy.DECLARED
    assert "set connector.state to running" in answer.summary
    assert "sceptre launch main" in answer.summary
    remember(main, hours=24)
    for operation in REGISTRATION:
        main.ask(operation)
    assert main.connect.states[CONNECTOR] == "RUNNING"


def test_a_paused_connector_is_stopped_and_its_operators_mark_stays(main: FakeStage) -> None:
    main.ask(Operation.PAUSE, why="the DBA patches")
    main.ask(Operation.OFFSETS_STOP)
    assert main.connect.states[CONNECTOR] == "STOPPED"
    assert read_halt(main.table).why == "the DBA patches"


def test_a_connector_that_an_operator_has_resumed_over_a_declared_stop_is_stopped_as_declared(
    main: FakeStage,
) -> None:
    remember(main, hours=24, state="stopped")
    for operation in REGISTRATION:
        main.ask(operation)
    main.ask(Operation.RESUME)
    main.ask(Operation.OFFSETS_STOP)
    halt = read_halt(main.table)
    assert (halt.by, main.connect.states[CONNECTOR]) == (HaltedBy.DECLARED, "STOPPED")
