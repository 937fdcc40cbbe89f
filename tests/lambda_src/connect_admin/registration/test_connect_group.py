"""CONNECT_GROUP: a living stage keeps the group that it was launched with; its teardown knows both."""

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import Stage
from tests.lambda_src.conftest import ADDRESS, FakeStage
from tests.support.fake_kafka import FakeTopic

WRITTEN = "feature.x.mgmt.connect.wms-connector-feature.x"
SLUGGED = "feature.x.mgmt.connect.wms-connector-feature-x-b2d9b5e2c5"


@pytest.fixture
def stage() -> FakeStage:
    """An ephemeral stage that is not its own slug, with a worker that runs."""
    stage = FakeStage(Stage.parse("feature.x"))
    stage.secrets.values["wms/default/dbInfo"] = stage.secrets.values.pop("wms/main/dbInfo")
    stage.ecs.start(ADDRESS)
    return stage


def launched_with(stage: FakeStage, group: str) -> None:
    """What a worker makes on the cluster when it starts."""
    for what in ("config", "offsets", "status"):
        stage.kafka.topics[f"{group}.{what}"] = FakeTopic()


def group_of(stage: FakeStage) -> str:
    answer = stage.ask(Operation.CONNECT_GROUP)
    assert (answer.state, answer.changed) == (State.DONE, False)
    return str(answer.details["group"])


def test_a_new_stage_has_the_group_as_the_stage_is_written(stage: FakeStage):
    assert group_of(stage) == WRITTEN


def test_a_stage_whose_cluster_shows_the_old_group_keeps_it_and_records_it(stage: FakeStage):
    launched_with(stage, SLUGGED)
    assert group_of(stage) == SLUGGED
    for operation in REGISTRATION:
        stage.ask(operation)
    assert stage.table.items[RECORD_KEY]["connect_group"] == SLUGGED
    # From now on the record says it, whatever else appears on the cluster.
    launched_with(stage, WRITTEN)
    assert group_of(stage) == SLUGGED


def test_a_record_of_an_earlier_release_means_the_old_group(stage: FakeStage):
    launched_with(stage, SLUGGED)
    for operation in REGISTRATION:
        stage.ask(operation)
    del stage.table.items[RECORD_KEY]["connect_group"]
    stage.kafka.topics.clear()
    assert group_of(stage) == SLUGGED


def test_a_registered_stage_needs_no_broker_to_say_its_group(stage: FakeStage):
    launched_with(stage, WRITTEN)
    for operation in REGISTRATION:
        stage.ask(operation)
    stage.kafka.unreachable = True
    assert group_of(stage) == WRITTEN


def test_where_both_groups_are_on_the_cluster_the_one_as_written_counts(stage: FakeStage):
    launched_with(stage, WRITTEN)
    launched_with(stage, SLUGGED)
    assert group_of(stage) == WRITTEN


@pytest.mark.parametrize("group", [WRITTEN, SLUGGED])
def test_a_teardown_deletes_the_topics_of_either_group(stage: FakeStage, group: str):
    launched_with(stage, group)
    stage.ecs.stop(stage.ecs.tasks[0], "Scaling activity", 0)
    for operation in (Operation.TEARDOWN_MARK, Operation.TEARDOWN_TOPICS):
        answer = stage.ask(operation, meant="feature.x")
        assert answer.state is State.DONE, answer
    assert set(answer.details["deleted"]) == {f"{group}.{what}" for what in ("config", "offsets", "status")}


def test_a_worker_of_the_old_group_keeps_its_topics_from_being_deleted(stage: FakeStage):
    launched_with(stage, SLUGGED)
    stage.kafka.live_groups.add(SLUGGED)
    stage.ask(Operation.TEARDOWN_MARK, meant="feature.x")
    answer = stage.ask(Operation.TEARDOWN_TOPICS, meant="feature.x")
    assert (answer.state, SLUGGED in answer.summary) == (State.WAITING, True)
