"""VERIFY: RUNNING alone proves nothing; the source has to be connected."""

import json
import time
from datetime import UTC, datetime

import pytest

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from tests.lambda_src.conftest import BEATS, PASSWORD, USER, FakeStage

NAME = "wms-oracle-cdc"
#: The task's count of sent records, as the worker's metrics page has it.
WRITTEN = "source_task_source_record_write_total"
TRACE = f"""org.apache.kafka.connect.errors.ConnectException: An exception in the producer.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:77)
Caused by: io.debezium.DebeziumException: java.sql.SQLException
\t... 5 more
Caused by: java.sql.SQLException: ORA-01017: invalid credential for {USER}; logon denied

https://docs.oracle.com/error-help/db/ora-01017/
\t... 7 more
"""


@pytest.fixture
def registered(world: FakeStage) -> FakeStage:
    world.ask(Operation.REGISTER)
    return world


def test_running_and_streaming_is_done(registered: FakeStage) -> None:
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.DONE
    assert (
        answer.summary
        == "connector RUNNING, task 0 RUNNING, source connected: streaming; a heartbeat has arrived"
    )


@pytest.mark.parametrize(
    ("debezium", "words"),
    [
        (None, "there are no Debezium metrics yet: the connector has not reached the database"),
        ({"streaming": {"connected": 0.0}}, "Debezium reports that it is not connected"),
        (
            {"streaming": {"connected": 0.0}, "snapshot": {"snapshotrunning": 1.0, "totaltablecount": 0.0}},
            "snapshot of 0 tables running",
        ),
    ],
)
def test_a_running_task_without_a_connected_source_is_waited_for(
    registered: FakeStage, debezium: dict[str, dict[str, float]] | None, words: str
) -> None:
    registered.connect.debezium = debezium
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.WAITING
    assert "the source 127.0.0.8:1521 is not connected as far as the metrics show" in answer.summary
    assert words in answer.summary


def test_a_snapshot_that_has_found_its_tables_is_connected(registered: FakeStage) -> None:
    registered.connect.debezium = {
        "streaming": {"connected": 0.0},
        "snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0},
    }
    rows = registered.connect.counted
    rows[WRITTEN] = 1000.0
    registered.time.on_sleep = lambda: rows.update({WRITTEN: rows[WRITTEN] + 500})
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.DONE
    assert "snapshot of 4 tables running; 1,500 rows so far, and rising" in answer.summary
    assert "1,500 rows" in answer.details["snapshot"]


@pytest.mark.parametrize("written", [None, 0.0, 1000.0])
def test_a_snapshot_whose_rows_do_not_rise_is_waited_for(
    registered: FakeStage, written: float | None
) -> None:
    registered.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    if written is not None:
        registered.connect.counted[WRITTEN] = written
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.WAITING
    assert ("no row came in 15 s" if written is not None else "not counted yet") in answer.summary


def test_a_snapshot_that_ends_meanwhile_is_looked_at_again(registered: FakeStage) -> None:
    registered.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    registered.connect.counted[WRITTEN] = 7.0

    def end() -> None:
        registered.connect.debezium = {"streaming": {"connected": 1.0}}

    registered.time.on_sleep = end
    answer = registered.ask(Operation.VERIFY)
    assert (answer.state, "it has just ended" in answer.summary) == (State.WAITING, True)
    assert registered.ask(Operation.VERIFY).state is State.DONE


def test_a_heartbeat_from_before_the_registration_proves_nothing(registered: FakeStage) -> None:
    topic = registered.stage.topics.one("heartbeat")
    registered.kafka.newest_at[topic] = BEATS
    before = registered.ask(Operation.VERIFY, since=BEATS + 0.5)
    assert before.state is State.WAITING
    assert f"no new record has arrived on {topic} yet" in before.summary
    registered.time.on_sleep = lambda: registered.kafka.newest_at.update({topic: BEATS + 1})
    assert registered.ask(Operation.VERIFY, since=BEATS + 0.5).state is State.DONE


def test_a_heartbeat_of_the_worker_before_proves_nothing(registered: FakeStage) -> None:
    topic, beat = registered.stage.topics.one("heartbeat"), time.time() - 60
    registered.kafka.newest_at[topic] = beat
    assert registered.ask(Operation.VERIFY).state is State.DONE
    registered.ecs.tasks[0]["createdAt"] = datetime.fromtimestamp(beat + 1, UTC)
    assert registered.ask(Operation.VERIFY).state is State.WAITING


@pytest.mark.parametrize(("interval", "limit"), [(10, 300), (150, 450)])
def test_a_launch_that_changes_nothing_needs_a_heartbeat_that_the_health_check_would_take(
    world: FakeStage, interval: int, limit: int
) -> None:
    world.settings = ConnectorSettings(heartbeat_seconds=interval)
    world.ask(Operation.REGISTER)
    topic = world.stage.topics.one("heartbeat")
    for age, state in ((limit + 10, State.WAITING), (limit - 60, State.DONE)):
        world.kafka.newest_at[topic] = time.time() - age
        assert world.ask(Operation.VERIFY).state is state


def test_an_empty_or_missing_heartbeat_topic_is_waited_for(registered: FakeStage) -> None:
    topic = registered.stage.topics.one("heartbeat")
    for found in (None, ServerError("the brokers refused", status=3)):
        registered.kafka.newest_at.pop(topic, None)
        if found is not None:
            registered.kafka.newest_at[topic] = found
        assert registered.ask(Operation.VERIFY).state is State.WAITING


def test_with_a_heartbeat_table_its_change_must_have_come_through_the_database(world: FakeStage) -> None:
    world.settings = ConnectorSettings(heartbeat_table="WMS_CDC.HEARTBEAT")
    world.ask(Operation.REGISTER)
    topic = world.stage.topics.one("heartbeat_table")
    assert "from the database to its topic" in world.ask(Operation.VERIFY).summary
    world.kafka.newest_at.pop(topic)
    answer = world.ask(Operation.VERIFY)
    assert (answer.state, topic in answer.summary) == (State.WAITING, True)


def test_a_heartbeat_rarer_than_a_launch_waits_is_left_to_the_health_check(world: FakeStage) -> None:
    world.settings = ConnectorSettings(heartbeat_seconds=3600)
    world.ask(Operation.REGISTER)
    world.kafka.newest_at.clear()
    answer = world.ask(Operation.VERIFY)
    assert answer.state is State.DONE
    assert "due each 3600 s, which a launch does not wait for" in answer.summary


def test_a_connector_that_connect_does_not_know_yet_is_waited_for(world: FakeStage) -> None:
    assert world.ask(Operation.VERIFY).state is State.WAITING


def test_a_task_not_started_yet_is_waited_for(registered: FakeStage) -> None:
    registered.connect.tasks.clear()
    answer = registered.ask(Operation.VERIFY)
    assert (answer.state, answer.summary) == (State.WAITING, "connector RUNNING, no task")


def test_a_failed_task_fails_with_the_databases_own_words(registered: FakeStage) -> None:
    task = registered.connect.tasks[NAME]
    task.update(state="FAILED", trace=TRACE)
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.FAILED
    assert answer.summary == (
        f"task 0 of {NAME} FAILED: the database at 127.0.0.8:1521 refuses the login: "
        "ORA-01017: invalid credential for ***; logon denied; "
        "fix user and password in the secret dbInfo, then launch again"
    )


def test_a_failure_from_before_the_restart_that_passes_is_not_a_failure(registered: FakeStage) -> None:
    task = registered.connect.tasks[NAME]
    task.update(state="FAILED", trace=TRACE)

    def recover() -> None:
        task.update(state="RUNNING", trace="")

    registered.time.on_sleep = recover
    assert registered.ask(Operation.VERIFY).state is State.DONE


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_a_connector_that_a_person_stopped_is_named_and_left_alone(registered: FakeStage, state: str) -> None:
    registered.connect.states[NAME] = state
    before = list(registered.connect.writes)
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.FAILED
    assert state in answer.summary
    assert registered.connect.writes == before


def test_a_worker_whose_metrics_cannot_be_read_is_waited_for(registered: FakeStage) -> None:
    registered.connect.tasks[NAME]["worker_id"] = "127.0.0.77:8083"
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.WAITING
    assert "the worker's metrics cannot be read: 127.0.0.77: connection refused" in answer.summary


def test_a_kind_without_metrics_is_done_when_its_task_runs_and_says_what_is_not_seen(
    world: FakeStage,
) -> None:
    oracle = {"ip": "127.0.0.8", "db": "WMSPRD", "user": USER, "password": PASSWORD}
    world.secrets.values["wms/main/dbInfo"] = json.dumps(oracle)
    world.settings = ConnectorSettings(kind="jdbc")
    world.connect.debezium = None
    world.ask(Operation.REGISTER)
    answer = world.ask(Operation.VERIFY)
    assert answer.state is State.DONE
    assert "has no heartbeat: looked for instead that it opens a connection" in answer.summary
