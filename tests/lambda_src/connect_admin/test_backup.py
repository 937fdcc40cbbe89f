"""Backups hold what a stage needs to go on, and no secret; they go back to a stopped connector only."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import LAST_BACKUP_KEY, Reason
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import Stage
from lambda_src.clients.state_table import read_halt
from tests.lambda_src.conftest import BROKERS, PASSWORD, USER, FakeStage
from tests.support.fake_lambda_aws import BUCKET, client_error

HISTORY = Stage.parse("main").topics.one("schema_history")
KEPT = [("", json.dumps({"ddl": f"CREATE TABLE T{number}"})) for number in range(3)]


@pytest.fixture
def main(world: FakeStage) -> FakeStage:
    """Main, registered, with a bucket, at SCN 150, and with a schema history."""
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    world.bucket = BUCKET
    world.connect.position = {"scn": "150"}
    world.kafka.written[HISTORY] = list(KEPT)
    return world


def taken(stage: FakeStage) -> str:
    answer = stage.ask(Operation.BACKUP)
    assert (answer.state, answer.changed) == (State.DONE, True)
    return str(answer.details["id"])


def restored(stage: FakeStage, identifier: str = "", *, checked: bool = True) -> Answer:
    """The last answer to a request that is repeated until it is done."""
    for _ in range(10):
        answer = stage.ask(Operation.BACKUP_RESTORE, backup=identifier, position_checked=checked)
        if answer.state is not State.WAITING:
            return answer
    raise AssertionError(answer)


def test_a_backup_holds_offsets_history_config_and_record(main: FakeStage):
    identifier = taken(main)
    (body,) = main.aws.s3.objects.values()
    content = json.loads(body)
    assert content["offsets"] == [{"partition": {"server": "wms"}, "offset": {"scn": "150"}}]
    assert [tuple(record) for record in content["history"]] == KEPT
    assert content["config"] == main.connect.configs[CONNECTOR]
    assert content["record"] == main.table.items[RECORD_KEY]
    assert list(main.aws.s3.objects) == [f"backups/main/{identifier}.json"]
    assert main.table.items[LAST_BACKUP_KEY]["at"] > 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6))
def test_no_secret_is_in_a_backup_even_if_somebody_has_written_it_into_connect(
    main: FakeStage, password: str
):
    secret = json.loads(str(main.secrets.values["wms/main/dbInfo"]))
    main.secrets.values["wms/main/dbInfo"] = json.dumps({**secret, "password": f"{password}!"})
    main.connect.configs[CONNECTOR]["database.password"] = f"{password}!"
    main.connect.configs[CONNECTOR]["bootstrap"] = BROKERS
    taken(main)
    body = list(main.aws.s3.objects.values())[-1].decode()
    config = json.loads(body)["config"]
    assert config["database.password"] == "***"
    for confidential in (f"{password}!", PASSWORD, BROKERS, "bigmac"):
        assert confidential not in json.dumps(config)
        assert confidential not in body


def test_what_is_read_of_the_stage_is_confidential_nowhere(main: FakeStage):
    taken(main)
    body = next(iter(main.aws.s3.objects.values())).decode()
    for confidential in (PASSWORD, json.dumps(PASSWORD)[1:-1], USER, BROKERS, "bigmac"):
        assert confidential not in body


def test_backups_are_listed_the_newest_first_over_all_pages(main: FakeStage):
    made = [taken(main) for _ in range(5)]
    assert main.ask(Operation.BACKUP_LIST).details["backups"] == sorted(made, reverse=True)


def test_without_a_connector_nothing_is_written(main: FakeStage):
    main.connect.configs.clear()
    answer = main.ask(Operation.BACKUP)
    assert (answer.state, main.aws.s3.objects) == (State.FAILED, {})
    assert "nothing to back up" in answer.summary


def test_a_branchs_stage_is_refused():
    stage = FakeStage(Stage.parse("feature-x"))
    for operation in (Operation.BACKUP, Operation.BACKUP_LIST, Operation.LOSSES):
        answer = stage.ask(operation)
        assert (answer.state, "has no backups" in answer.summary) == (State.FAILED, True)


def test_a_bucket_that_refuses_is_named_with_the_right(main: FakeStage):
    main.aws.s3.refusal = client_error("AccessDenied", "no", "PutObject")
    answer = main.ask(Operation.BACKUP)
    assert (answer.state, "s3:PutObject" in answer.summary) == (State.FAILED, True)


def test_a_backup_shows_what_restoring_it_would_mean(main: FakeStage):
    identifier = taken(main)
    main.connect.position = {"scn": "170"}
    found = main.ask(Operation.BACKUP_SHOW, backup=identifier).details
    assert (found["id"], found["history_records"]) == (identifier, 3)
    assert found["meaning"].startswith("the position goes back from SCN 170 to 150")
    assert "nobody knows" in found["doubt"]
    missing = main.ask(Operation.BACKUP_SHOW, backup="20300102T030405000000Z-daily")
    assert (missing.state, "there is no backup" in missing.summary) == (State.FAILED, True)


def test_a_restore_puts_history_and_offsets_back_and_leaves_the_connector_stopped(main: FakeStage):
    identifier = taken(main)
    main.connect.position = {"scn": "170"}
    main.kafka.written[HISTORY].clear()
    answer = restored(main, identifier)
    assert answer.state is State.DONE
    assert main.kafka.written[HISTORY] == KEPT
    assert (main.connect.position, main.connect.states[CONNECTOR]) == ({"scn": "150"}, "STOPPED")
    assert "start it with wms-connector resume main" in answer.summary
    assert read_halt(main.table).why == "its offsets are changed"


def test_a_topic_that_is_gone_is_created_with_its_settings(main: FakeStage):
    identifier = taken(main)
    del main.kafka.topics[HISTORY]
    main.kafka.written.pop(HISTORY)
    assert restored(main, identifier).state is State.DONE
    assert main.kafka.topics[HISTORY].configs["retention.ms"] == "-1"
    assert main.kafka.written[HISTORY] == KEPT


def test_a_connector_that_is_gone_is_created_stopped_as_a_launch_would(main: FakeStage):
    identifier, config = taken(main), main.connect.configs.pop(CONNECTOR)
    main.connect.states.clear()
    main.connect.tasks.clear()
    assert restored(main, identifier).state is State.DONE
    assert main.connect.configs[CONNECTOR] == config
    assert (main.connect.position, main.connect.states[CONNECTOR]) == ({"scn": "150"}, "STOPPED")
    assert CONNECTOR not in main.connect.tasks
    assert read_halt(main.table).why == "it is rebuilt"


@pytest.mark.parametrize("written", [1, 2])
def test_a_history_that_was_cut_off_is_completed(main: FakeStage, written: int):
    identifier = taken(main)
    del main.kafka.written[HISTORY][written:]
    assert restored(main, identifier).state is State.DONE
    assert main.kafka.written[HISTORY] == KEPT


def test_another_history_is_left_alone(main: FakeStage):
    identifier = taken(main)
    main.kafka.written[HISTORY] = [("", "another")]
    answer = restored(main, identifier)
    assert (answer.state, main.kafka.written[HISTORY]) == (State.FAILED, [("", "another")])
    assert "nothing was changed" in answer.summary
    assert "wms-connector offsets main reset" in answer.summary
    assert main.connect.states[CONNECTOR] == "RUNNING"


def test_a_position_that_nobody_knows_is_restored_only_if_the_dba_was_asked(main: FakeStage):
    identifier = taken(main)
    answer = restored(main, identifier, checked=False)
    assert (answer.state, main.connect.states[CONNECTOR]) == (State.FAILED, "RUNNING")
    assert "nothing was changed: confirm it with --position-checked" in answer.summary


def test_a_backup_without_a_history_is_not_chosen(main: FakeStage):
    """As an earlier release wrote one after the history was lost."""
    whole, newest = taken(main), taken(main)
    key = f"backups/main/{newest}.json"
    main.aws.s3.objects[key] = json.dumps({**json.loads(main.aws.s3.objects[key]), "history": []}).encode()
    assert main.ask(Operation.BACKUP_SHOW).details["id"] == whole
    main.aws.s3.objects.pop(f"backups/main/{whole}.json")
    answer = main.ask(Operation.BACKUP_SHOW)
    assert "has no backup with a position and a schema history" in answer.summary


def test_a_lost_history_is_no_backup_and_is_told(main: FakeStage):
    main.kafka.written[HISTORY].clear()
    answer = main.ask(Operation.BACKUP)
    assert (answer.state, "the schema history is lost" in answer.summary) == (State.FAILED, True)
    assert main.aws.s3.objects == {}


def test_what_was_to_be_left_is_restored_only_where_it_is_named(main: FakeStage):
    """A restore that was cut off must not end with the position that it was to leave."""
    whole = taken(main)
    main.connect.position = {"scn": "170"}
    left = str(main.ask(Operation.BACKUP, why=Reason.RESTORE.value).details["id"])
    assert main.ask(Operation.BACKUP_SHOW).details["id"] == whole
    assert main.ask(Operation.BACKUP_SHOW, backup=left).details["id"] == left


def test_a_damaged_backup_is_passed_over_and_named_if_there_is_no_other(main: FakeStage):
    whole, newest = taken(main), taken(main)
    main.aws.s3.objects[f"backups/main/{newest}.json"] = b"{"
    assert main.ask(Operation.BACKUP_SHOW).details["id"] == whole
    main.aws.s3.objects.pop(f"backups/main/{whole}.json")
    for operation in (Operation.BACKUP_SHOW, Operation.LOSSES):
        answer = main.ask(operation)
        assert (answer.state, "the object is no backup of a stage" in answer.summary) == (State.FAILED, True)


def test_a_backup_of_another_stage_is_refused(main: FakeStage):
    identifier = taken(main)
    key = f"backups/main/{identifier}.json"
    main.aws.s3.objects[key] = main.aws.s3.objects[key].replace(b'"stage": "main"', b'"stage": "val"', 1)
    answer = restored(main, identifier)
    assert (answer.state, "is one of stage 'val'" in answer.summary) == (State.FAILED, True)
    assert main.connect.states[CONNECTOR] == "RUNNING"


def reasons(stage: FakeStage) -> list[str]:
    return [json.loads(body)["reason"] for body in stage.aws.s3.objects.values()]


def test_a_backup_is_written_before_each_change(main: FakeStage):
    main.connect.configs[CONNECTOR]["heartbeat.interval.ms"] = "1"
    assert main.ask(Operation.REGISTER).changed
    (body,) = main.aws.s3.objects.values()
    assert json.loads(body)["config"]["heartbeat.interval.ms"] == "1"
    assert not main.ask(Operation.REGISTER).changed
    main.ask(Operation.OFFSETS_STOP)
    pair: dict[str, Any] = {"partition": {"server": "wms"}, "offset": {"scn": "120"}}
    main.ask(Operation.OFFSETS_RESTORE, offsets=(pair,), position_checked=True)
    main.ask(Operation.OFFSETS_RESET)
    assert reasons(main) == ["config", "offsets", "offsets"]
    positions = [json.loads(body)["offsets"][0]["offset"] for body in main.aws.s3.objects.values()]
    assert positions == [{"scn": "150"}, {"scn": "150"}, {"scn": "120"}]


def test_a_change_does_not_wait_for_the_bucket_and_says_so(main: FakeStage):
    main.aws.s3.refusal = client_error("AccessDenied", "no", "PutObject")
    main.connect.configs[CONNECTOR]["heartbeat.interval.ms"] = "1"
    answer = main.ask(Operation.REGISTER)
    assert (answer.state, answer.changed) == (State.DONE, True)
    assert "; no backup was written before it: AWS refused writing a backup" in answer.summary
    main.ask(Operation.OFFSETS_STOP)
    assert "no backup was written" in main.ask(Operation.OFFSETS_RESET).summary
