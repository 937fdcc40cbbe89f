"""VERIFY: RUNNING alone proves nothing; the source has to be connected."""

import json

import pytest

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from tests.lambda_src.conftest import PASSWORD, USER, FakeStage

NAME = "wms-oracle-cdc"
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
    assert answer.summary == "connector RUNNING, task 0 RUNNING, source connected: streaming"


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
    answer = registered.ask(Operation.VERIFY)
    assert answer.state is State.DONE
    assert "snapshot of 4 tables running" in answer.summary


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
    assert "does not report whether its source is connected" in answer.summary
