"""VALIDATE and REGISTER: the connector gets the wanted config, once, and a refusal reads like its cause."""

import pytest

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.refused import REFUSED_KEY, RefusedCredentials, RefusedVersion
from tests.lambda_src.conftest import USER, FakeStage
from tests.support.fake_connect import REBALANCE

NAME = "wms-oracle-cdc"
# Debezium 3.6.1 hides the database's words in its validation; these are what they would be.
LOGIN = f"Error while validating connector config: ORA-01017: invalid credential for {USER}; logon denied"
LOGIN_MESSAGE = "the database at 127.0.0.8:1521 refuses the login: ORA-01017: invalid credential for ***;"
DOWN = """Error while validating connector config: ORA-12541: Cannot connect. No listener at host 127.0.0.8 \
port 1521. (CONNECTION_ID=x)"""
DOWN_MESSAGE = "the database at 127.0.0.8:1521 cannot be reached: ORA-12541: Cannot connect. No listener at"
HIDDEN = "Unable to connect: Failed to resolve Oracle database version"
MODE = "Invalid value: snapshot.mode"


def test_a_connector_is_created_then_left_alone(world: FakeStage) -> None:
    first, second = world.ask(Operation.REGISTER), world.ask(Operation.REGISTER)
    assert (first.summary, first.changed) == (f"{NAME} created", True)
    assert (second.summary, second.changed) == (f"{NAME} unchanged", False)
    assert world.connect.writes == [("PUT", f"/connectors/{NAME}/config")]


def test_connect_stores_references_and_no_credential(world: FakeStage) -> None:
    world.ask(Operation.REGISTER)
    stored = world.connect.configs[NAME]
    assert stored["database.password"] == "${env:DATABASE_PASSWORD}"
    assert USER not in str(stored)
    assert "bigmac" not in str(stored)


def test_an_update_names_the_keys_that_changed(world: FakeStage) -> None:
    world.ask(Operation.REGISTER)
    world.settings = ConnectorSettings(heartbeat_seconds=30)
    answer = world.ask(Operation.REGISTER)
    assert (answer.summary, answer.changed) == (f"{NAME} updated (heartbeat.interval.ms)", True)
    assert world.connect.configs[NAME]["heartbeat.interval.ms"] == "30000"


@pytest.mark.parametrize("status", [409, 500, 503])
@pytest.mark.parametrize("operation", [Operation.VALIDATE, Operation.REGISTER])
def test_a_rebalance_is_waited_for(world: FakeStage, status: int, operation: Operation) -> None:
    world.connect.error = [(status, REBALANCE)]
    answer = world.ask(operation)
    assert answer.state is State.WAITING
    assert f"Connect answered {status}" in answer.summary
    assert "rebalance was underway" in answer.summary
    assert world.ask(operation).state is State.DONE


FIRST = "Nothing streamed before: the stage was never registered, so nothing stands still"


@pytest.mark.parametrize("operation", [Operation.VALIDATE, Operation.REGISTER])
@pytest.mark.parametrize("remembered", [False, True])
def test_each_refusal_of_a_first_launch_says_that_nothing_streamed(
    world: FakeStage, operation: Operation, remembered: bool
) -> None:
    """Whether Connect refuses now, or a version that was refused before is not tried again."""
    if remembered:
        found = [RefusedVersion("wms/main/dbInfo", "v1-wms/main/dbInfo", "login", 1_700_000_000)]
        world.table.items[REFUSED_KEY] = RefusedCredentials().remembering(found).to_item()
    else:
        world.connect.invalid = {"database.password": LOGIN}
    answer = world.ask(operation)
    assert (answer.state, answer.summary.endswith(f". {FIRST}")) == (State.FAILED, True)


@pytest.mark.parametrize("registered", [Operation.REGISTER, Operation.RECORD])
def test_a_refusal_says_it_of_no_stage_that_may_have_streamed(
    world: FakeStage, registered: Operation
) -> None:
    world.ask(registered)
    world.connect.invalid = {"database.password": LOGIN}
    answer = world.ask(Operation.VALIDATE)
    assert (answer.state, FIRST in answer.summary) == (State.FAILED, False)


def test_workers_that_do_not_answer_are_waited_for(world: FakeStage) -> None:
    world.connect.addresses = []
    answer = world.ask(Operation.REGISTER)
    assert answer.state is State.WAITING
    assert "connection refused" in answer.summary


def test_the_second_worker_is_asked_when_the_first_does_not_answer(world: FakeStage) -> None:
    world.ecs.start("127.0.0.10")
    world.connect.addresses = ["127.0.0.10"]
    assert world.ask(Operation.REGISTER).state is State.DONE


@pytest.mark.parametrize("operation", [Operation.VALIDATE, Operation.REGISTER])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LOGIN, LOGIN_MESSAGE),
        (DOWN, DOWN_MESSAGE),
        (MODE, f"{MODE}; fix the stage's settings"),
    ],
)
def test_a_refused_config_is_one_readable_cause(
    world: FakeStage, operation: Operation, message: str, expected: str
) -> None:
    world.connect.invalid = {"database.hostname": message}
    answer = world.ask(operation)
    assert answer.state is State.FAILED
    assert expected in answer.summary
    assert "You can also find" not in answer.summary
    assert "contains the following" not in answer.summary


@pytest.mark.parametrize("message", [LOGIN, MODE])
def test_a_500_to_an_invalid_config_is_reported_by_its_cause(world: FakeStage, message: str) -> None:
    """Connect 4.3.1 fails over its own error message, so only the validate endpoint tells the cause."""
    world.connect.invalid = {"database.hostname": message}
    world.connect.breaks_on_invalid = True
    answer = world.ask(Operation.REGISTER)
    assert answer.state is State.FAILED
    assert "500" not in answer.summary
    assert "ORA-01017" in answer.summary or MODE in answer.summary


def test_a_500_to_a_valid_config_is_waited_for(world: FakeStage) -> None:
    world.connect.error = [(500, "Request timed out")]
    world.connect.error_for = "PUT"
    answer = world.ask(Operation.REGISTER)
    assert answer.state is State.WAITING
    assert "Request timed out" in answer.summary


def test_validation_errors_are_reported_per_field(world: FakeStage) -> None:
    world.connect.invalid = {"snapshot.mode": "Value must be one of initial, never", "tasks.max": "is bad."}
    answer = world.ask(Operation.VALIDATE)
    assert answer.summary.startswith(
        "Connect refuses the config: snapshot.mode: Value must be one of initial, never; tasks.max: is bad; "
    )


@pytest.mark.parametrize(
    ("error", "reach"),
    [
        ("", "the admin Lambda reaches its port"),
        ("connection refused", "the admin Lambda cannot reach its port either: connection refused"),
    ],
)
def test_where_the_plugin_hides_the_cause_the_function_probes_the_port(
    world: FakeStage, error: str, reach: str
) -> None:
    world.connect.invalid = {"database.hostname": HIDDEN}
    world.listener.error = error
    answer = world.ask(Operation.VALIDATE)
    assert (answer.state, world.listener.probed) == (State.FAILED, [("127.0.0.8", 1521)])
    assert f" ({reach}). Nothing streamed before: the stage was never registered" in answer.summary
    world.ask(Operation.RECORD)
    assert world.ask(Operation.VALIDATE).summary.endswith(f" ({reach})")


def test_an_unchanged_connector_that_had_failed_is_restarted(world: FakeStage) -> None:
    """Connect never retries a failed task, so a launch after the fix would find it failed for ever."""
    world.connect.task_state, world.connect.task_trace = "FAILED", "java.lang.RuntimeException: gone"
    world.ask(Operation.REGISTER)
    world.connect.task_state, world.connect.task_trace = "RUNNING", ""
    answer = world.ask(Operation.REGISTER)
    assert answer.summary == f"{NAME} unchanged; it had failed and was restarted"
    assert world.ask(Operation.VERIFY).state is State.DONE


def test_a_missing_secret_names_both_places(world: FakeStage) -> None:
    del world.secrets.values["wms/main/dbInfo"]
    answer = world.ask(Operation.REGISTER)
    assert answer.state is State.FAILED
    assert "wms/main/dbInfo" in answer.summary
    assert "wms/default/dbInfo" in answer.summary


def test_each_secret_is_fetched_once_an_invocation(world: FakeStage) -> None:
    world.ask(Operation.REGISTER)
    assert len(world.secrets.reads) == len(set(world.secrets.reads))
