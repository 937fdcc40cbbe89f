"""RESTART, PAUSE, RESUME, STOP, OFFSETS, SNAPSHOT: short, idempotent, and refused while a teardown runs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture import signals
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import ServerError
from connector.domain.health.halt import HaltedBy
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from lambda_src.clients.state_table import read_halt
from lambda_src.connect_admin import operations
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_connect import REBALANCE

TABLE = signals.TABLES[2]
CHANGING = (Operation.RESTART, Operation.PAUSE, Operation.RESUME, Operation.STOP, Operation.SNAPSHOT)


@pytest.fixture
def main(world: FakeStage) -> FakeStage:
    """Main, registered."""
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    world.connect.requests.clear()
    return world


def states(world: FakeStage) -> tuple[str, str]:
    return world.connect.states[CONNECTOR], world.connect.tasks.get(CONNECTOR, {}).get("state", "none")


@pytest.mark.parametrize(
    ("operation", "state", "task"),
    [(Operation.PAUSE, "PAUSED", "PAUSED"), (Operation.STOP, "STOPPED", "none")],
)
def test_what_is_turned_off_is_so_once_and_stays_so_when_asked_again(
    main: FakeStage, operation: Operation, state: str, task: str
) -> None:
    first, second = main.ask(operation), main.ask(operation)
    assert (first.state, first.changed, states(main)) == (State.DONE, True, (state, task))
    assert (second.state, second.changed, len(main.connect.writes)) == (State.DONE, False, 1)
    assert second.summary.endswith("already")


def test_a_stopped_connector_is_not_paused_which_would_start_its_task(main: FakeStage) -> None:
    main.ask(Operation.STOP)
    assert main.ask(Operation.PAUSE).summary == "connector STOPPED, no task already"
    assert states(main) == ("STOPPED", "none")


@pytest.mark.parametrize("before", [Operation.PAUSE, Operation.STOP])
def test_what_was_turned_off_goes_on(main: FakeStage, before: Operation) -> None:
    main.ask(before)
    first, second = main.ask(Operation.RESUME), main.ask(Operation.RESUME)
    assert (first.summary, first.changed) == ("resumed: connector RUNNING, task 0 RUNNING", True)
    assert (second.summary, second.changed) == ("not paused: connector RUNNING, task 0 RUNNING", False)


def test_a_task_that_lingers_is_waited_for_and_asked_for_once(main: FakeStage) -> None:
    main.connect.stops_slowly = True
    first, second = main.ask(Operation.STOP), main.ask(Operation.STOP)
    assert (first.state, second.state) == (State.WAITING, State.WAITING)
    assert first.summary == "STOPPED was requested; now: connector STOPPED, task 0 RUNNING"
    assert [path for _, path in main.connect.writes] == [f"/connectors/{CONNECTOR}/stop"]


def test_resuming_reports_a_task_that_has_failed_and_what_to_do(main: FakeStage) -> None:
    main.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "ORA-01017: invalid credential"}
    answer = main.ask(Operation.RESUME)
    assert (answer.state, answer.changed) == (State.FAILED, False)
    assert "refuses the login" in answer.summary
    assert answer.summary.endswith("fix that, then restart it")


def test_a_restart_starts_what_has_failed(main: FakeStage) -> None:
    main.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "java.lang.OutOfMemoryError"}
    answer = main.ask(Operation.RESTART)
    assert (answer.state, answer.changed) == (State.DONE, True)
    assert answer.summary == "restarted: connector RUNNING, task 0 RUNNING"


def test_a_restart_that_fails_again_says_why_and_is_not_repeated(main: FakeStage) -> None:
    main.connect.task_state, main.connect.task_trace = "FAILED", "ORA-01017: invalid credential"
    main.connect.tasks[CONNECTOR]["state"] = "FAILED"
    answer = main.ask(Operation.RESTART)
    assert (answer.state, answer.changed, len(main.connect.writes)) == (State.FAILED, True, 1)
    assert answer.summary.startswith(f"restarted, but task 0 of {CONNECTOR} FAILED: the database at")


def test_a_restart_of_which_nobody_knows_what_came_is_not_asked_again(main: FakeStage) -> None:
    """`waiting` would let a machine repeat it, and each repetition is one more restart."""
    main.connect.error, main.connect.error_for = [(409, REBALANCE)], "POST"
    answer = main.ask(Operation.RESTART)
    assert (answer.state, answer.changed) == (State.FAILED, True)
    assert "its outcome is not known" in answer.summary
    assert len([method for method, _ in main.connect.requests if method == "POST"]) == 1


@pytest.mark.parametrize("before", [Operation.PAUSE, Operation.STOP])
def test_a_restart_does_not_undo_what_a_person_has_done(main: FakeStage, before: Operation) -> None:
    main.ask(before)
    answer = main.ask(Operation.RESTART)
    assert (answer.state, len(main.connect.writes)) == (State.FAILED, 1)
    assert answer.summary.endswith("a restart does not change that. Resume it")


@pytest.mark.parametrize("operation", CHANGING)
def test_while_the_stage_is_torn_down_nothing_is_done(main: FakeStage, operation: Operation) -> None:
    main.table.items[RECORD_KEY]["retiring"] = True
    answer = main.ask(operation)
    assert (answer.state, main.connect.requests, main.kafka.sent) == (State.FAILED, [], [])
    assert "is being torn down" in answer.summary


@pytest.mark.parametrize("operation", [*CHANGING, Operation.OFFSETS])
def test_a_connector_that_is_not_there_is_said_so(world: FakeStage, operation: Operation) -> None:
    answer = world.ask(operation)
    assert (answer.state, world.connect.writes) == (State.FAILED, [])
    assert answer.summary == f"Connect has no connector {CONNECTOR}; launch the stage to register it"


@pytest.mark.parametrize("operation", [*CHANGING, Operation.OFFSETS])
def test_a_rebalance_is_worth_asking_again(main: FakeStage, operation: Operation) -> None:
    main.connect.error = [(409, REBALANCE)]
    assert main.ask(operation).state is State.WAITING


def test_offsets_are_reported_as_connect_has_them(main: FakeStage) -> None:
    answer = main.ask(Operation.OFFSETS)
    assert answer.details["offsets"] == [{"partition": {"server": "wms"}, "offset": {"txSeq": 7}}]
    main.connect.offsets.clear()
    assert main.ask(Operation.OFFSETS).summary == f"{CONNECTOR} has stored no offsets"


def asked(main: FakeStage, *tables: str) -> Any:
    session = main.session()
    session.tables = tables
    return operations.answer(Operation.SNAPSHOT, session)


def test_a_snapshot_is_one_signal_that_debezium_heeds(main: FakeStage) -> None:
    answer = asked(main, TABLE)
    assert (answer.state, answer.details["tables"]) == (State.DONE, [TABLE])
    ((topic, key, value),) = main.kafka.sent
    assert (topic, key) == ("wms.signal", "wms")
    content = json.loads(value)
    assert (content["id"], content["type"]) == (answer.details["id"], "execute-snapshot")
    assert content["data"]["type"] == "BLOCKING"


def test_without_tables_all_captured_ones_are_read(main: FakeStage) -> None:
    assert asked(main).details["tables"] == list(signals.TABLES)


def test_a_table_that_is_not_captured_is_refused(main: FakeStage) -> None:
    answer = asked(main, "WMS.ELSE")
    assert (answer.state, main.kafka.sent) == (State.FAILED, [])
    assert "'WMS.ELSE' is not captured" in answer.summary


@pytest.mark.parametrize("operation", [Operation.PAUSE, Operation.STOP])
def test_a_connector_that_reads_nothing_receives_no_signal(main: FakeStage, operation: Operation) -> None:
    main.ask(operation)
    answer = asked(main)
    assert (answer.state, main.kafka.sent) == (State.FAILED, [])
    assert "so it cannot receive a signal" in answer.summary


def test_a_second_snapshot_waits_for_the_first(main: FakeStage) -> None:
    main.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    answer = asked(main)
    assert (answer.state, main.kafka.sent) == (State.FAILED, [])
    assert "a snapshot is running already" in answer.summary


def test_a_jdbc_connector_takes_no_signals(main: FakeStage) -> None:
    main.settings = ConnectorSettings(kind="jdbc")
    assert "accepts no signals" in asked(main).summary


def test_a_signal_that_may_have_arrived_is_not_called_worth_repeating(
    main: FakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise ServerError("the brokers do not answer a record on topic wms.signal", retriable=True)

    monkeypatch.setattr(main.kafka, "send", lost)
    answer = asked(main)
    assert answer.state is State.FAILED
    assert "before you send it again" in answer.summary


def notify(main: FakeStage, kind: str, at: int, **more: str) -> None:
    """A notification of Debezium's, as its sink channel writes it."""
    content = {"aggregate_type": "Initial Snapshot", "type": kind, "additional_data": more, "timestamp": at}
    records = main.kafka.written.setdefault("wms.notifications", [])
    records.append(("k", json.dumps(content)))


def test_one_id_is_one_snapshot_and_its_signal_is_sent_once_more_at_most(main: FakeStage) -> None:
    wanted = SnapshotRequest("id-1")
    answers = [main.ask(Operation.SNAPSHOT, snapshot=wanted) for _ in range(2)]
    assert [answer.changed for answer in answers] == [True, False]
    again = replace(wanted, again=True)
    answers = [main.ask(Operation.SNAPSHOT, snapshot=again) for _ in range(2)]
    assert [answer.changed for answer in answers] == [True, False]
    assert len(main.kafka.sent) == 2


def test_a_signal_that_was_received_is_not_sent_again(main: FakeStage) -> None:
    wanted = SnapshotRequest("id-1")
    main.ask(Operation.SNAPSHOT, snapshot=wanted)
    main.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    answer = main.ask(Operation.SNAPSHOT, snapshot=replace(wanted, again=True))
    assert (answer.state, len(main.kafka.sent)) == (State.DONE, 1)


def test_progress_comes_from_metrics_and_notifications(main: FakeStage) -> None:
    sent = main.ask(Operation.SNAPSHOT, snapshot=SnapshotRequest("id-1")).details["sent_at"]
    wanted = SnapshotRequest("id-1", sent_at=sent)

    def look() -> Any:
        return main.ask(Operation.SNAPSHOT_PROGRESS, snapshot=wanted)

    silent = look()
    assert (silent.state, silent.details["received"], silent.summary) == (
        State.WAITING,
        False,
        "not received yet",
    )
    main.connect.debezium = {
        "snapshot": {
            "snapshotrunning": 1.0,
            "totaltablecount": 4.0,
            "remainingtablecount": 3.0,
            "snapshotdurationinseconds": 12.0,
        }
    }
    assert look().summary == "snapshot runs, 3 of 4 tables left, for 12 s"
    notify(main, "STARTED", sent + 5)
    notify(main, "TABLE_SCAN_COMPLETED", sent + 6, scanned_collection=f"DB.{TABLE}", total_rows_scanned="3")
    assert look().details["received"] is True
    notify(main, "COMPLETED", sent + 7)
    done = look()
    assert (done.state, done.details["rows"]) == (State.DONE, {TABLE: 3})


def test_a_snapshot_that_aborts_or_whose_connector_stops_is_a_failure(main: FakeStage) -> None:
    wanted = SnapshotRequest("id-1", sent_at=1000)
    main.kafka.written["wms.notifications"] = []
    main.ask(Operation.STOP)
    stopped = main.ask(Operation.SNAPSHOT_PROGRESS, snapshot=wanted)
    assert (stopped.state, "the connector does not run" in stopped.summary) == (State.FAILED, True)
    main.ask(Operation.RESUME)
    notify(main, "STARTED", 2000)
    notify(main, "ABORTED", 3000)
    assert main.ask(Operation.SNAPSHOT_PROGRESS, snapshot=wanted).summary == (
        "snapshot aborted; the connector streams on"
    )


def test_a_condition_needs_one_table(main: FakeStage) -> None:
    answer = main.ask(Operation.SNAPSHOT, snapshot=SnapshotRequest("id-1", "A > 1"))
    assert (answer.state, main.kafka.sent) == (State.FAILED, [])
    answer = main.ask(Operation.SNAPSHOT, snapshot=SnapshotRequest("id-1", "A > 1"), tables=(TABLE,))
    assert answer.state is State.DONE
    assert "additional-conditions" in main.kafka.sent[0][2]


def test_why_and_until_when_are_kept_and_a_second_pause_changes_them(main: FakeStage) -> None:
    main.ask(Operation.PAUSE, why="the DBA patches", remind_seconds=7200)
    first = read_halt(main.table)
    assert (first.by, first.why, first.remind_at - first.at) == (HaltedBy.OPERATOR, "the DBA patches", 7200)
    main.ask(Operation.PAUSE)
    assert read_halt(main.table) == first
    main.ask(Operation.PAUSE, remind_seconds=60)
    second = read_halt(main.table)
    assert (second.at, second.why) == (first.at, first.why)
    assert second.remind_at < first.remind_at
    main.ask(Operation.RESUME)
    main.ask(Operation.STOP)
    assert read_halt(main.table).why == ""


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_an_operator_stands_above_a_declared_rest_and_hears_of_it_on_resume(
    main: FakeStage, state: str
) -> None:
    main.settings = ConnectorSettings(state=state)
    for operation in REGISTRATION:
        main.ask(operation)
    main.ask(Operation.STOP)
    assert read_halt(main.table).by is HaltedBy.OPERATOR
    answer = main.ask(Operation.RESUME)
    assert answer.summary.endswith(f"connector.state is {state}, so the next launch ends it")


def test_running_is_not_connected(main: FakeStage) -> None:
    assert main.ask(Operation.CONNECTED).state is State.DONE
    main.connect.debezium = None
    waiting = main.ask(Operation.CONNECTED)
    assert (waiting.state, "is not connected as far as the metrics show" in waiting.summary) == (
        State.WAITING,
        True,
    )
    main.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "ORA-01017: invalid credential"}
    assert main.ask(Operation.CONNECTED).state is State.FAILED


def test_notifications_that_may_not_be_read_are_told_with_what_to_grant(
    main: FakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: str, **_options: object) -> Any:
        raise ServerError("the brokers refused: TopicAuthorizationFailed", status=29)

    monkeypatch.setattr(main.kafka, "records", denied)
    answer = main.ask(Operation.SNAPSHOT_PROGRESS, snapshot=SnapshotRequest("id-1", sent_at=1))
    assert answer.state is State.FAILED
    assert "it goes on, as status shows; let the cluster's owners run wms-connector broker-script main" in (
        answer.summary
    )
    assert main.ask(Operation.STATUS).state is State.DONE


def test_status_tells_of_the_last_snapshot(main: FakeStage) -> None:
    notify(main, "STARTED", 1_800_000_000_000)
    notify(main, "COMPLETED", 1_800_000_060_000)
    found = {each["name"]: each for each in main.ask(Operation.STATUS).details["findings"]}
    told = "no snapshot runs; the last one: 2027-01-15 08:01 UTC: snapshot completed"
    assert found["SnapshotRunning"]["summary"] == told
