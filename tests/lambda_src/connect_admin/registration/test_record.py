"""RECORD and STATUS: what was registered is written once, and what exists is reported without a change."""

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.config import config_hash
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.record import StageRecord
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_lambda_aws import ACCOUNT


def test_the_record_holds_cluster_account_topics_config_and_secret_versions(world: FakeStage) -> None:
    assert world.ask(Operation.RECORD).changed
    record = StageRecord.from_item(world.table.items["stage-record"])
    assert (record.stage, record.cluster_id, record.account) == ("main", "cluster-1", ACCOUNT)
    assert record.topics == tuple(spec.name for spec in world.stage.topics.specs("debezium"))
    assert record.config_hash == config_hash(world.session().config)
    assert record.secret_versions == {
        "wms/default/brokerString": "v1-wms/default/brokerString",
        "wms/main/dbInfo": "v1-wms/main/dbInfo",
    }
    assert record.retiring is False


def test_an_unchanged_record_is_not_written_again(world: FakeStage) -> None:
    world.ask(Operation.RECORD)
    answer = world.ask(Operation.RECORD)
    assert (answer.summary, answer.changed, world.table.puts) == (
        "the stage record is unchanged",
        False,
        1,
    )


def test_a_changed_setting_changes_the_record(world: FakeStage) -> None:
    world.ask(Operation.RECORD)
    world.settings = ConnectorSettings(heartbeat_seconds=30)
    assert world.ask(Operation.RECORD).changed
    assert world.table.puts == 2


def test_registration_twice_changes_nothing_the_second_time(world: FakeStage) -> None:
    first = [world.ask(operation) for operation in REGISTRATION]
    second = [world.ask(operation) for operation in REGISTRATION]
    assert {answer.state for answer in (*first, *second)} == {State.DONE}
    assert [answer.changed for answer in first] == [False, True, False, True, False, True]
    assert not any(answer.changed for answer in second)


def test_status_reports_service_connector_source_and_record(world: FakeStage) -> None:
    for operation in REGISTRATION:
        world.ask(operation)
    answer = world.ask(Operation.STATUS)
    assert answer.summary == "1 of 1 tasks running; wms-oracle-cdc: connector RUNNING, task 0 RUNNING"
    assert answer.details["connector"]["config_as_wanted"] is True
    assert answer.details["connector"]["source"] == {
        "connected": True,
        "summary": "streaming",
        "lag_seconds": 1.5,
        "seconds_since_last_event": 7.0,
        "staleness_limit_seconds": 300,
        "snapshot_running": False,
        "queue_used_ratio": 0.25,
    }
    assert answer.details["healing"] == {"restarts_left": 3, "restarts_allowed": 3, "incident": None}
    assert (answer.details["topics"]["missing"], answer.details["topics"]["different"]) == ([], {})
    assert answer.details["record"]["written"] is True


def test_status_changes_nothing_and_reports_what_it_cannot_see(world: FakeStage) -> None:
    world.connect.addresses = []
    answer = world.ask(Operation.STATUS)
    assert answer.state is State.DONE
    assert "connection refused" in answer.details["connect"]["error"]
    assert answer.details["record"] == {"written": False}
    assert (world.connect.writes, world.kafka.changes, world.table.puts) == ([], [], 0)
