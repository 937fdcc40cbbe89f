"""What a stage has lost is seen from inside, whatever of it still answers."""

import json

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.loss import FROM_SNAPSHOT
from connector.domain.stage.record import RECORD_KEY
from tests.lambda_src.conftest import ADDRESS, FakeStage
from tests.lambda_src.connect_admin.test_backup import HISTORY, KEPT, taken
from tests.support.fake_kafka import FakeTopic
from tests.support.fake_lambda_aws import BUCKET


@pytest.fixture
def main(world: FakeStage) -> FakeStage:
    """Main, registered and backed up."""
    for what in ("config", "offsets", "status"):
        world.kafka.topics[world.stage.topics.one(f"connect_{what}")] = FakeTopic()
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    world.bucket = BUCKET
    world.connect.position = {"scn": "150"}
    world.kafka.written[HISTORY] = list(KEPT)
    taken(world)
    return world


def test_of_a_whole_stage_nothing_is_lost_and_nothing_is_changed(main: FakeStage):
    before = (main.table.puts, len(main.connect.writes), len(main.kafka.changes), len(main.aws.s3.objects))
    found = main.ask(Operation.LOSSES)
    assert (found.details["losses"], found.details["means"]) == ([], "keep")
    assert found.summary == "lost: nothing that is seen here"
    assert (
        main.table.puts,
        len(main.connect.writes),
        len(main.kafka.changes),
        len(main.aws.s3.objects),
    ) == before


def test_connects_own_topics(main: FakeStage):
    del main.kafka.topics[main.stage.topics.one("connect_offsets")]
    found = main.ask(Operation.LOSSES).details
    assert (found["losses"], found["means"], found["end_workers"]) == (["internal topics"], "backup", True)
    assert "nobody knows" in found["doubt"]


def test_a_connector_that_new_workers_do_not_know(main: FakeStage):
    main.connect.configs.clear()
    found = main.ask(Operation.LOSSES).details
    assert (found["losses"], found["end_workers"], found["connector"]) == (["internal topics"], False, False)


@pytest.mark.parametrize("left", [0, 1])
def test_a_history_that_is_gone_or_was_restored_in_part(main: FakeStage, left: int):
    del main.kafka.written[HISTORY][left:]
    found = main.ask(Operation.LOSSES).details
    assert (found["losses"], found["means"]) == (["schema history"], "backup")


def test_a_history_that_has_grown_is_none(main: FakeStage):
    main.kafka.written[HISTORY].append(("", "more"))
    assert main.ask(Operation.LOSSES).details["losses"] == []


def test_another_cluster_takes_no_backup(main: FakeStage):
    main.kafka.id = "cluster-2"
    found = main.ask(Operation.LOSSES).details
    assert (found["losses"], found["means"]) == (["cluster"], "snapshot")
    assert (found["refusal"], found["doubt"]) == ("", "")
    assert "another cluster (cluster-2) than that of the stage record (cluster-1)" in found["told"][0]


def test_the_record_comes_back_from_the_backup(main: FakeStage):
    record = main.table.items.pop(RECORD_KEY)
    found = main.ask(Operation.LOSSES).details
    assert (found["losses"], found["means"], found["write_record"]) == (["state table"], "keep", True)
    # The position stays, so nobody has to check it.
    assert found["doubt"] == ""
    assert main.ask(Operation.RESTORE_RECORD).changed
    assert main.table.items[RECORD_KEY] == record
    assert not main.ask(Operation.RESTORE_RECORD).changed


def test_a_cluster_that_was_lost_with_the_table_is_known_by_the_backup(main: FakeStage):
    main.table.items.clear()
    main.kafka.id = "cluster-2"
    assert main.ask(Operation.LOSSES).details["losses"] == ["state table", "cluster"]


def test_without_a_backup_the_plan_begins_with_a_snapshot(main: FakeStage):
    main.kafka.written[HISTORY].clear()
    found = main.ask(Operation.LOSSES, confirmed=(FROM_SNAPSHOT,)).details
    assert (found["losses"], found["means"], found["backup"]) == (["schema history"], "snapshot", "")
    main.aws.s3.objects.clear()
    assert main.ask(Operation.LOSSES).details["means"] == "snapshot"


def test_a_stage_that_was_never_registered_is_to_be_launched(world: FakeStage):
    world.bucket = BUCKET
    answer = world.ask(Operation.LOSSES)
    assert (answer.state, "sceptre launch main" in answer.summary) == (State.FAILED, True)


def test_no_worker_that_answers_is_no_loss(main: FakeStage):
    main.connect.addresses = []
    assert main.ask(Operation.LOSSES).details["losses"] == []


def test_workers_end_and_come_back(main: FakeStage):
    (task,) = main.ecs.tasks
    answer = main.ask(Operation.END_WORKERS)
    assert (answer.state, answer.changed, main.ecs.desired) == (State.WAITING, True, 0)
    main.ecs.stop(task, "scaled in", 0)
    assert main.ask(Operation.END_WORKERS).state is State.DONE
    assert main.ask(Operation.READY, desired_count=1).state is State.WAITING
    assert main.ecs.desired == 1
    main.ecs.start(ADDRESS)
    assert main.ask(Operation.READY, desired_count=1).state is State.DONE


def test_nothing_confidential_is_told(main: FakeStage):
    """`ask` looks for it in each answer; this one has the config that somebody has changed by hand."""
    main.connect.configs[CONNECTOR]["database.password"] = "tiger\"and'scott"
    taken(main)
    assert "***" in json.dumps(main.ask(Operation.BACKUP_SHOW).to_payload())
