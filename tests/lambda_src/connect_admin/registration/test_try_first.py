"""TRY: what new workers would be refused is refused before the old ones are replaced."""

import pytest

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from tests.lambda_src.conftest import PASSWORD, FakeStage
from tests.lambda_src.connect_admin.rotation.rotating import OWN, Rotating

LOGIN_REFUSED = "Unable to connect: ORA-01017: invalid credential or not authorized; logon denied"


@pytest.fixture
def main() -> Rotating:
    """Stage main, launched and streaming, before another launch."""
    found = Rotating()
    found.stage.connect.validated.clear()
    found.stage.connect.requests.clear()
    return found


def test_a_right_login_is_tried_once_through_a_worker_that_streams(main: Rotating) -> None:
    main.change_password("the-second-password")
    answer = main.stage.ask(Operation.TRY)
    assert (answer.state, answer.changed) == (State.DONE, False)
    assert answer.summary == "the database 127.0.0.8:1521 accepts login and config"
    (validated,) = main.stage.connect.validated
    assert validated["database.password"] == "the-second-password"
    assert main.stage.connect.writes == []


def test_a_wrong_password_is_refused_before_anything_is_touched_and_remembered(main: Rotating) -> None:
    """What launched it goes on; the next launch does not even try."""
    main.change_password("a-wrong-password")
    main.stage.connect.invalid = {"database.user": LOGIN_REFUSED}
    answer = main.stage.ask(Operation.TRY)
    assert answer.state is State.FAILED
    assert f"secret {OWN}, which is newer than what the workers have" in answer.summary
    assert "the workers go on with what they have; write the right value into the secret" in answer.summary
    assert "a-wrong-password" not in answer.summary
    assert main.refused == [(OWN, f"v2-{OWN}")]
    assert main.stage.connect.writes == []
    main.stage.connect.validated.clear()
    again = main.stage.ask(Operation.CLUSTER)
    assert (again.state, main.stage.connect.validated) == (State.FAILED, [])


def test_a_password_that_changed_in_the_database_only_is_found_too(main: Rotating) -> None:
    main.stage.connect.invalid = {"database.user": LOGIN_REFUSED}
    answer = main.stage.ask(Operation.TRY)
    assert answer.state is State.FAILED
    assert f"(secret {OWN})" in answer.summary
    assert main.stage.connect.validated[0]["database.password"] == PASSWORD


def test_a_new_setting_is_not_put_to_the_plugin_that_runs(main: Rotating) -> None:
    """The new workers' plugin may be another one; only addresses and login are tried."""
    stored = dict(main.stage.connect.configs["wms-oracle-cdc"])
    main.stage.settings = ConnectorSettings(heartbeat_seconds=77, kind="jdbc")
    assert main.stage.ask(Operation.TRY).state is State.DONE
    (validated,) = main.stage.connect.validated
    assert validated["connector.class"] == stored["connector.class"]
    assert validated["heartbeat.interval.ms"] == stored["heartbeat.interval.ms"]


def test_a_database_that_is_down_is_waited_for_while_the_stage_streams(main: Rotating) -> None:
    main.stage.listener.error = "connection refused"
    answer = main.stage.ask(Operation.TRY)
    assert answer.state is State.WAITING
    assert "127.0.0.8:1521 does not accept connections: connection refused" in answer.summary
    assert main.stage.connect.validated == []


def test_before_the_first_launch_only_ports_are_tried(world: FakeStage) -> None:
    answer = world.ask(Operation.TRY)
    assert answer.state is State.DONE
    assert answer.summary.endswith(
        "the stage was never registered, so nothing streams that could stop: the login is tried by the new "
        "worker, once"
    )
    world.listener.error = "connection refused"
    closed = world.ask(Operation.TRY)
    assert closed.state is State.WAITING
    assert "does not accept connections: connection refused; the stage was never registered" in closed.summary
    assert world.connect.validated == []


def test_workers_that_do_not_stream_try_nothing(main: Rotating) -> None:
    """A launch is how such a stage is fixed: it must not be in its own way."""
    main.stage.connect.debezium = None
    answer = main.stage.ask(Operation.TRY)
    assert answer.state is State.DONE
    assert "no worker streams that could try a login" in answer.summary
    assert main.stage.connect.validated == []


def test_a_connector_that_is_to_rest_logs_in_nowhere(main: Rotating) -> None:
    main.stage.settings = ConnectorSettings(state="stopped")
    main.stage.listener.error = "connection refused"
    answer = main.stage.ask(Operation.TRY)
    assert (answer.state, main.stage.connect.validated) == (State.DONE, [])
