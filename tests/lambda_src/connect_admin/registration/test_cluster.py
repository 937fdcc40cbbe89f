"""CLUSTER and TOPICS: one cluster bears one named stage and no twins; a refusal leaves nothing behind."""

import json

import pytest
from hypothesis import given

from connector.domain.admin_api import Operation, State
from connector.domain.capture.acls import Acl, Resource
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.conflicts import LEFT_CLUSTER, Cluster, conflict
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.domain.stage.topics import fold
from connector.local.state import ROOT
from tests.domain.strategies import pairs
from tests.lambda_src.conftest import PASSWORD, USER, FakeStage
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


def predecessors(stage: Stage, world: FakeStage) -> None:
    """Its connector is in the Connect group's config topic."""
    config = {
        "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
        "connection.user": USER,
        "connection.password": PASSWORD,
        "topic.prefix": f"{stage.namespace}aws.wms.cdc.",
    }
    topic = stage.topics.one("connect_config")
    world.kafka.topics[topic] = FakeTopic()
    world.kafka.written[topic] = [(f"connector-{CONNECTOR}", json.dumps({"properties": config}))]


@BOTH
@pytest.mark.parametrize("name", ["main", "feature-xyz"])
def test_a_group_with_the_predecessors_connector_is_refused_before_a_worker_joins_it(
    operation: Operation, name: str
) -> None:
    world = FakeStage(stage=Stage.parse(name))
    predecessors(world.stage, world)
    words = refused(world, operation)
    assert f"group {world.stage.topics.connect_group} has the connector 'wms-oracle-cdc'" in words
    assert "io.confluent.connect.jdbc.JdbcSourceConnector" in words
    assert "docs/migration.md" in words


def test_what_the_group_holds_is_answered_without_anything_confidential(world: FakeStage) -> None:
    predecessors(world.stage, world)
    (found,) = world.ask(Operation.CLUSTER).details["connectors"]
    assert found == {
        "name": "wms-oracle-cdc",
        "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
        "topic.prefix": "aws.wms.cdc.",
    }


@BOTH
def test_a_connector_that_was_deleted_is_nobodys(world: FakeStage, operation: Operation) -> None:
    predecessors(world.stage, world)
    world.kafka.written[world.stage.topics.one("connect_config")] += [(f"connector-{CONNECTOR}", None)]
    assert world.ask(operation).state is State.DONE


@BOTH
def test_the_connector_of_an_interrupted_launch_is_the_stages_own(
    world: FakeStage, operation: Operation
) -> None:
    """It was registered, and no record was written."""
    topic = world.stage.topics.one("connect_config")
    world.kafka.topics[topic] = FakeTopic()
    config = dict(world.session().config)
    world.kafka.written[topic] = [(f"connector-{CONNECTOR}", json.dumps({"properties": config}))]
    assert world.ask(operation).state is State.DONE


@BOTH
def test_the_group_of_a_registered_stage_is_not_read(world: FakeStage, operation: Operation) -> None:
    world.ask(Operation.RECORD)
    predecessors(world.stage, world)
    assert world.ask(operation).state is State.DONE


@BOTH
def test_a_branchs_group_with_another_worker_is_refused(operation: Operation) -> None:
    world = FakeStage(stage=Stage.parse("feature-xyz"))
    world.kafka.live_groups.add(world.stage.topics.connect_group)
    words = refused(world, operation)
    assert f"its Connect group {world.stage.topics.connect_group} has members" in words
    assert "docs/migration.md" in words


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


@pytest.mark.parametrize("auth", KafkaAuth)
@pytest.mark.parametrize("shared", [(), ("val",), ("main", "val")])
def test_a_branch_is_told_that_brokers_without_rights_do_not_keep_it_off_a_named_stages_topics(
    auth: KafkaAuth, shared: tuple[str, ...]
) -> None:
    world = FakeStage(Stage.parse("feature-x"), auth)
    world.kafka.topics |= {Stage.parse(s).topics.one("connect_config"): FakeTopic() for s in shared}
    if auth is KafkaAuth.SCRAM:
        world.secrets.values["wms/default/kafkaCredentials"] = '{"username": "u", "password": "p4ssw0rd"}'
    answer = world.ask(Operation.CLUSTER)
    assert answer.state is State.DONE, answer.summary
    told = f"It is also that of {', '.join(shared)}, and {auth.value} brokers" in answer.summary
    assert told == (bool(shared) and auth in (KafkaAuth.TLS, KafkaAuth.PLAINTEXT))
    assert ("Two stages on one cluster" in answer.summary) == told


def test_a_named_stage_is_told_nothing_of_branches(world: FakeStage) -> None:
    world.kafka.topics[Stage.parse("feature-x").topics.one("connect_config")] = FakeTopic()
    assert world.ask(Operation.CLUSTER).summary == "stage main may use its cluster"


#: Rights of main by which a conflict is seen, a topic is made, and what Connect only logs.
MISSING = (
    Acl(Resource.TOPIC, "*", ("Describe",)),
    Acl(Resource.CLUSTER, "", ("Describe",)),
    Acl(Resource.TOPIC, "wms.signal", ("Create",)),
    Acl(Resource.TOPIC, "mgmt.connect.wms-connector-main.config", ("DescribeConfigs",)),
)


@pytest.mark.parametrize("missing", MISSING, ids=str)
@pytest.mark.parametrize("auth", [KafkaAuth.SCRAM, KafkaAuth.TLS])
def test_a_right_that_is_missing_is_named_before_a_worker_needs_it(
    world: FakeStage, auth: KafkaAuth, missing: Acl
) -> None:
    _use(world, auth)
    world.kafka.topics["mgmt.connect.wms-connector-main.config"] = FakeTopic()
    assert world.ask(Operation.CLUSTER).state is State.DONE
    (operation,) = missing.operations
    world.kafka.refused.add((missing.resource, missing.name, operation))
    assert refused(world, Operation.CLUSTER) == (
        f"the brokers do not give stage main all of its rights; missing: {missing}. Let the cluster's owners "
        f"grant what `wms-connector broker-script main --kafka-auth {auth}` prints, then launch again"
    )


@pytest.mark.parametrize("auth", [KafkaAuth.IAM, KafkaAuth.PLAINTEXT])
def test_brokers_that_do_not_decide_by_acls_are_not_asked(world: FakeStage, auth: KafkaAuth) -> None:
    _use(world, auth)
    world.kafka.refused.add((Resource.CLUSTER, "", "Describe"))
    assert world.ask(Operation.CLUSTER).state is State.DONE


def _use(world: FakeStage, auth: KafkaAuth) -> None:
    world.auth = auth
    login = {"username": "wms-user", "password": "login-at-the-brokers"}
    world.secrets.values["wms/default/kafkaCredentials"] = json.dumps(login)
