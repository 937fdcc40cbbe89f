"""CLUSTER and TOPICS: one cluster bears one named stage and no twins; a refusal leaves nothing behind."""

import pytest
from hypothesis import given

from connector.domain.admin_api import Operation, State
from connector.domain.stage.conflicts import LEFT_CLUSTER, Cluster, conflict
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.domain.stage.topics import fold
from connector.local.state import ROOT
from tests.domain.strategies import pairs
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_kafka import FakeTopic
from tests.support.fake_lambda_aws import ACCOUNT

BOTH = pytest.mark.parametrize("operation", [Operation.CLUSTER, Operation.TOPICS])
VAL = Stage.parse("val")


def refused(world: FakeStage, operation: Operation) -> str:
    """The words of a refusal that changed nothing."""
    before = {name: dict(topic.configs) for name, topic in world.kafka.topics.items()}
    answer = world.ask(operation)
    assert answer.state is State.FAILED, answer.summary
    assert (world.kafka.changes, answer.changed) == ([], False)
    assert {name: dict(topic.configs) for name, topic in world.kafka.topics.items()} == before
    return answer.summary


@BOTH
def test_an_empty_cluster_takes_any_stage(world: FakeStage, operation: Operation) -> None:
    assert world.ask(operation).state is State.DONE


@BOTH
def test_a_twin_on_the_cluster_is_refused_with_both_names(world: FakeStage, operation: Operation) -> None:
    world.kafka.topics["wms_schema-changes"] = FakeTopic()
    words = refused(world, operation)
    assert "topic wms.schema-changes of stage main and the existing topic wms_schema-changes" in words
    assert "stacks that exist stay" in words
    assert "wms/main/brokerString" in words


@BOTH
@pytest.mark.parametrize("sign", ["config", "offsets", "status"])
def test_another_named_stage_is_refused_by_any_of_its_connect_topics(
    world: FakeStage, operation: Operation, sign: str
) -> None:
    """Its topics tell it whatever account it is in."""
    world.kafka.topics[f"mgmt.connect.wms-connector-val.{sign}"] = FakeTopic()
    words = refused(world, operation)
    assert "stage val uses this cluster already" in words
    assert "wms/main/brokerString" in words
    assert "stacks that exist stay" in words


def test_a_refusal_never_suggests_to_delete_topics_that_hold_another_stages_position() -> None:
    words = conflict(Stage.parse("main"), Cluster(frozenset({VAL.topics.one("connect_offsets")})), "wms")
    assert words is not None
    assert "delete" not in words
    assert f"Read {LEFT_CLUSTER!r} in docs/stages.md before you touch its topics: they hold" in words
    assert f"\n### {LEFT_CLUSTER}\n" in (ROOT / "docs" / "stages.md").read_text()


@BOTH
def test_a_relaunch_passes_though_a_refused_stage_left_its_topics(
    world: FakeStage, operation: Operation
) -> None:
    for step in (Operation.TOPICS, Operation.RECORD):
        assert world.ask(step).state is State.DONE
    world.kafka.topics[VAL.topics.one("connect_config")] = FakeTopic()
    assert world.ask(operation).state is State.DONE


@BOTH
def test_a_record_of_another_cluster_does_not_admit_the_stage(world: FakeStage, operation: Operation) -> None:
    """The stage was moved to the cluster of another one."""
    world.ask(Operation.RECORD)
    world.kafka.id = "cluster-2"
    world.kafka.topics[VAL.topics.one("connect_status")] = FakeTopic()
    assert "stage val uses" in refused(world, operation)


@BOTH
def test_the_same_named_stage_of_another_account_is_refused_by_its_live_group(
    world: FakeStage, operation: Operation
) -> None:
    world.ecs.no_cluster = True
    world.kafka.live_groups.add("mgmt.connect.wms-connector-main")
    assert "a stage main of another account uses this cluster" in refused(world, operation)


def test_a_worker_that_was_killed_is_waited_out(world: FakeStage) -> None:
    """Its group forgets it when its session ends, 10 s later."""
    world.ecs.tasks.clear()
    world.kafka.live_groups.add("mgmt.connect.wms-connector-main")
    killed = world.time.seconds

    def forget() -> None:
        if world.time.seconds >= killed + 10:
            world.kafka.live_groups.clear()

    world.time.on_sleep = forget
    assert world.ask(Operation.CLUSTER).state is State.DONE


def test_a_stages_own_workers_are_no_strangers(world: FakeStage) -> None:
    world.kafka.live_groups.add("mgmt.connect.wms-connector-main")
    assert world.ask(Operation.CLUSTER).state is State.DONE
    assert world.time.seconds == FakeStage().time.seconds


@pytest.mark.parametrize("name", NAMED_STAGES)
def test_an_ephemeral_stage_may_live_beside_any_named_one(name: str) -> None:
    there = frozenset([*Stage.parse(name).topics, "other.team"])
    assert conflict(Stage.parse("feature-xyz"), Cluster(there), "wms") is None


@pytest.mark.parametrize("name", NAMED_STAGES)
def test_a_stage_lives_beside_itself(name: str) -> None:
    stage = Stage.parse(name)
    assert conflict(stage, Cluster(frozenset(stage.topics)), "wms") is None


@given(pairs())
def test_two_stages_share_a_cluster_exactly_when_no_name_collides(both: tuple[Stage, Stage]) -> None:
    """Named stages never do."""
    one, other = both
    words = conflict(one, Cluster(frozenset(other.topics)), "wms")
    if not one.ephemeral and not other.ephemeral:
        assert words is not None
    else:
        collide = set(map(fold, one.topics)) & set(map(fold, other.topics))
        assert (words is None) == (not collide)
        assert words is None or "differ only in" in words


def test_the_account_is_part_of_what_a_record_proves(world: FakeStage) -> None:
    world.ask(Operation.RECORD)
    item = world.table.items[RECORD_KEY]
    assert item["account"] == ACCOUNT
    item["account"] = "123456789012"
    world.kafka.topics[VAL.topics.one("connect_config")] = FakeTopic()
    assert "stage val uses" in refused(world, Operation.CLUSTER)
