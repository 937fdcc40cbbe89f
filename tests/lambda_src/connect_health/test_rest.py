"""A stage at rest: told as such, its alarms ended, people reminded; and a live config that was changed."""

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.halt import HaltedBy
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_halt, write_halt
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import MINUTES, Watched

HOUR, DAY = 60, 24 * 60


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    """Main, registered and healthy."""
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    found = Watched(world)
    assert found.check().summary == "healthy"
    return found


def pause(watched: Watched, **mark: object) -> None:
    """An operator pauses at the time of the watched stage, which is not the function's own."""
    assert watched.stage.ask(Operation.PAUSE).state is State.DONE
    table = watched.stage.table
    mark = {"by": HaltedBy.OPERATOR, "at": int(watched.now), **mark}
    assert write_halt(table, read_halt(table), **mark)


def test_a_pause_is_mailed_after_a_day_and_each_day_until_it_ends(watched: Watched) -> None:
    pause(watched, why="the DBA patches")
    for _ in range(4):
        assert watched.check(5 * HOUR).facts["reminded"] is False
    assert watched.check(4 * HOUR).facts["reminded"] is True
    assert watched.check(10).facts["reminded"] is False
    assert watched.check(DAY).facts["reminded"] is True
    assert watched.subjects == ["ConnectorHalted (paused)"] * 2
    assert "Why:          the DBA patches" in watched.mails[0][1]
    watched.stage.ask(Operation.RESUME)
    assert watched.check(3 * DAY).summary == "healthy"
    assert len(watched.mails) == 2


def test_a_halt_by_hand_is_noticed_and_mailed_a_day_later(watched: Watched) -> None:
    watched.stage.connect.request("PUT", f"http://127.0.0.9:8083/connectors/{CONNECTOR}/stop", None, 1)
    watched.check()
    assert read_halt(watched.stage.table).at == int(watched.now)
    assert watched.check(DAY).facts["reminded"] is True


def test_a_reminder_that_sns_refuses_is_sent_by_the_next_check(watched: Watched) -> None:
    pause(watched)
    watched.stage.aws.sns.refusal = RuntimeError("no")
    with pytest.raises(RuntimeError):
        watched.check(DAY)
    watched.stage.aws.sns.refusal = None
    assert watched.check(10).facts["reminded"] is True
    assert len(watched.mails) == 1


def test_an_incident_that_ends_with_a_pause_is_not_called_health(watched: Watched) -> None:
    watched.stage.connect.debezium = None
    watched.check()
    watched.check()
    assert watched.subjects == ["SourceDisconnected (no-session)"]
    assert watched.metrics[-1]["SourceDisconnected"] == 1
    pause(watched)
    watched.check()
    assert watched.metrics[-1]["SourceDisconnected"] == 0
    assert "healthy again" not in watched.mails[-1][1]
    assert "no problem is left, but nothing is streamed: wms-oracle-cdc is PAUSED" in watched.mails[-1][1]


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_declared_rest_is_neither_mailed_nor_resumed(watched: Watched, state: str) -> None:
    watched.stage.settings = ConnectorSettings(state=state)
    for operation in REGISTRATION:
        assert watched.stage.ask(operation).state is State.DONE
    for _ in range(3):
        assert watched.check(DAY).summary.startswith(f"nothing is streamed, as meant: {CONNECTOR} is")
    assert (watched.mails, watched.restarts) == ([], 0)
    assert watched.metrics[-1]["ConnectorHalted"] == 1


def test_a_stage_without_workers_is_as_meant_or_an_incident(watched: Watched) -> None:
    ecs = watched.stage.ecs
    ecs.stop(ecs.tasks[0], "Scaling activity initiated by deployment", 143)
    watched.stage.desired_count = ecs.desired = 0
    for _ in range(3):
        assert watched.check().summary.startswith("nothing is streamed, as meant: desired_count is 0")
    assert watched.mails == []
    watched.stage.desired_count = 1
    watched.check()
    watched.check()
    assert watched.subjects == ["EcsServiceUnhealthy (worker)"]


def test_drift_is_mailed_with_its_keys_and_put_back_by_a_launch(watched: Watched) -> None:
    config = watched.stage.connect.configs[CONNECTOR]
    config |= {"tasks.max": "7", "database.hostname": "s3cret.example"}
    assert watched.check().facts["causes"]["ConfigDrifted"]["class"] == "config drift"
    watched.check()
    ((subject, text),) = watched.mails
    assert subject == "wms-connector-main: ConfigDrifted (config drift)"
    assert "registered: database.hostname, tasks.max" in text
    assert "s3cret" not in text
    answer = watched.stage.ask(Operation.REGISTER)
    assert answer.summary == f"{CONNECTOR} updated (database.hostname, tasks.max)"
    watched.check()
    assert watched.subjects[-1] == "recovered from ConfigDrifted"


def test_a_launch_in_progress_is_no_drift(watched: Watched) -> None:
    """The functions have the new settings first, the connector later, the record last."""
    watched.stage.settings = ConnectorSettings(heartbeat_seconds=30)
    assert watched.check().summary == "healthy"
    watched.stage.ask(Operation.REGISTER)
    assert watched.check().summary == "healthy"
    watched.stage.ask(Operation.RECORD)
    assert watched.check().summary == "healthy"
    assert MINUTES == 60
