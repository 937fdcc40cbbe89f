"""STATUS of the kind `jdbc`: a connection is opened through the worker, and the stored offsets are read."""

from typing import Any

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.topics import JDBC_TABLES
from tests.lambda_src.conftest import ADDRESS, USER, FakeStage
from tests.support.fake_lambda_aws import secret_arn


@pytest.fixture
def polling(world: FakeStage) -> FakeStage:
    """A stage that runs with the kind `jdbc`."""
    world.settings = ConnectorSettings(kind="jdbc")
    for operation in REGISTRATION:
        world.ask(operation)
    return world


def findings(world: FakeStage) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in world.ask(Operation.STATUS).details["findings"]}


def test_the_source_and_what_was_read_are_looked_at(polling: FakeStage) -> None:
    polling.connect.polled = {f"{schema}.{table}": 1714979289123 for schema, table in JDBC_TABLES}
    found = findings(polling)
    assert found["source"]["ok"] is True
    assert "WMS.PLAN_BASE_WVR_TBL" in found["lag"]["summary"]


def test_a_login_that_is_refused_is_a_finding_without_the_login(polling: FakeStage) -> None:
    polling.connect.invalid = {"connection.url": f"ORA-01017: invalid credential for {USER}; logon denied"}
    found = findings(polling)
    assert found["source"]["ok"] is False
    assert "ORA-01017" in found["source"]["reason"]


def test_after_a_restart_it_is_connected_once_its_validation_gets_a_connection(polling: FakeStage) -> None:
    polling.connect.invalid = {"connection.url": "ORA-12541: TNS:no listener"}
    waiting = polling.ask(Operation.CONNECTED)
    assert waiting.state is State.WAITING
    assert "its task runs, but it gets no connection: " in waiting.summary
    assert "ORA-12541" in waiting.summary
    polling.connect.invalid = {}
    assert polling.ask(Operation.CONNECTED).state is State.DONE


def test_a_refused_login_ends_the_wait_and_is_not_tried_again(polling: FakeStage) -> None:
    polling.ecs.tasks.clear()
    polling.ecs.secrets[1] = {"DATABASE_PASSWORD": f"{secret_arn('wms/main/dbInfo')}:password::"}
    polling.ecs.start(ADDRESS, at=1_700_000_000)
    polling.connect.invalid = {"connection.url": "ORA-01017: invalid credential; logon denied"}
    failed = polling.ask(Operation.CONNECTED)
    assert (failed.state, "ORA-01017" in failed.summary) == (State.FAILED, True)
    polling.connect.requests.clear()
    again = polling.ask(Operation.RESTART)
    assert (again.state, "was refused" in again.summary) == (State.FAILED, True)
    assert polling.connect.requests == []


def test_a_paused_connector_is_not_looked_at(polling: FakeStage) -> None:
    polling.ask(Operation.PAUSE)
    assert not {"source", "lag"} & findings(polling).keys()


def test_the_other_kind_has_metrics_instead(world: FakeStage) -> None:
    for operation in REGISTRATION:
        world.ask(operation)
    found = findings(world)
    assert "lag" not in found
    assert found["SourceDisconnected"]["ok"] is True
