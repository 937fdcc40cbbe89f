"""Stacks of our names that are somebody else's: a launch or a deletion over them changes nothing."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from tests.support.project import copy_project
from tests.support.sceptre_cli import Run, sceptre
from tests.support.wms_cli import wms_connector

pytestmark = pytest.mark.e2e

VAL, BRANCH, GROUP = Stage.parse("val"), Stage.parse("taken"), Stage.parse("joined")
OWNER = "description 'The other Connect'; tags team=streaming"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a directory for the branch."""
    return copy_project(tmp_path_factory.mktemp("foreign"), BRANCH.name)


@pytest.fixture(scope="module")
def foreign(world: World, foundation: Run) -> Iterator[None]:
    """Somebody else's stacks under the names of our connector stacks, as AWS's own API makes them."""
    cloudformation = world.account.client("cloudformation")
    for stage in (VAL, BRANCH):
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"theirs-{stage.slug}"}}
        cloudformation.create_stack(
            StackName=stage.names.stack("connector"),
            TemplateBody=json.dumps({"Description": "The other Connect", "Resources": {"Queue": queue}}),
            Tags=[{"Key": "team", "Value": "streaming"}],
        )
    yield
    for stage in (VAL, BRANCH):
        cloudformation.delete_stack(StackName=stage.names.stack("connector"))


def seen(world: World) -> Mapping[str, Any]:
    """Everything that a launch makes first, as AWS describes it."""
    cloudformation = world.account.client("cloudformation")
    found = [s for s in cloudformation.describe_stacks()["Stacks"] if s["StackStatus"] != "DELETE_COMPLETE"]
    names = [stack["StackName"] for stack in found]
    return {
        "stacks": found,
        "resources": {
            name: cloudformation.describe_stack_resources(StackName=name)["StackResources"] for name in names
        },
        "events": {
            name: [e["EventId"] for e in cloudformation.describe_stack_events(StackName=name)["StackEvents"]]
            for name in names
        },
        "queues": world.account.client("sqs").list_queues().get("QueueUrls", []),
        "groups": [
            g["logGroupName"] for g in world.account.client("logs").describe_log_groups()["logGroups"]
        ],
        "functions": [
            f["FunctionName"] for f in world.account.client("lambda").list_functions()["Functions"]
        ],
    }


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize(
    ("command", "path", "stage"),
    [
        ("launch", "val", VAL),
        pytest.param("launch", "val/connector.yaml", VAL, marks=pytest.mark.long),
        pytest.param("update", "val/connector.yaml", VAL, marks=pytest.mark.long),
        ("launch", "ephemeral/taken", BRANCH),
        ("delete", "ephemeral/taken", BRANCH),
        pytest.param("delete", "ephemeral/taken/connector.yaml", BRANCH, marks=pytest.mark.long),
    ],
)
def test_a_command_over_a_foreign_stack_names_its_owner_and_changes_nothing(
    world: World, checkout: Path, command: str, path: str, stage: Stage
):
    before = seen(world)
    run = sceptre(world.env(), command, path, "--yes", project=checkout)
    assert run.status != 0, run.output
    assert "Traceback" not in run.output
    name = stage.names.stack("connector")
    line = next(line for line in reversed(run.output.splitlines()) if name in line)
    assert f"stack {name} was not made by this tool (created 20" in line
    assert OWNER in line
    assert "nothing was changed" in line
    assert "docs/migration.md" in line
    assert seen(world) == before


@pytest.mark.usefixtures("foreign")
def test_destroying_a_branch_over_a_foreign_stack_changes_nothing(world: World, tmp_path: Path):
    project = copy_project(tmp_path)
    before = seen(world)
    done = wms_connector(world.env(), "ephemeral", "destroy", BRANCH.name, "--yes", "--dir", str(project))
    assert (done.status, done.stdout) == (2, "")
    assert OWNER in done.stderr
    assert seen(world) == before
    assert not (project / "config" / "ephemeral" / BRANCH.name).exists()


@pytest.mark.usefixtures("foreign")
def test_the_plan_of_a_move_names_what_is_there_and_changes_nothing(world: World):
    before = seen(world)
    done = wms_connector(world.env(), "adopt", "val", "--plan", "--json")
    assert done.status == 0, done.stderr
    (stack,) = done.json["found"]["stacks"]
    assert (stack["name"], stack["ours"], OWNER in stack["owner"]) == ("wms-connector-val", False, True)
    assert stack["resources"][0]["type"] == "AWS::SQS::Queue"
    assert "sceptre launch val" in [c for step in done.json["steps"] for c in step["commands"]]
    assert seen(world) == before


@pytest.fixture
def joined(world: World, foundation: Run) -> Iterator[str]:
    """A cluster on which the Connect group of a branch has the predecessor's connector."""
    broker = world.start_broker(GROUP.name)
    world.grant(GROUP, name=GROUP.name)
    world.account.put_secret(f"{GROUP.name}/brokerString", world.broker_string(GROUP.name))
    admin = KafkaAdminClient(bootstrap_servers=broker)
    topic = GROUP.topics.one("connect_config")
    configs = {"cleanup.policy": "compact"}
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1, "configs": configs}})
    admin.close()
    config = {
        "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
        "connection.password": "predecessors-passw0rd",
        "topic.prefix": "aws.wms.cdc.",
    }
    write(broker, topic, json.dumps({"properties": config}))
    yield broker
    world.account.delete_secret(f"{GROUP.name}/brokerString")


def write(broker: str, topic: str, value: str | None) -> None:
    """One record about the connector, as a Connect worker writes it; without a value it was deleted."""
    producer = KafkaProducer(bootstrap_servers=broker, acks="all")
    content = None if value is None else value.encode()
    producer.send(topic, key=f"connector-{CONNECTOR}".encode(), value=content).get(20)
    producer.close()


@pytest.mark.long
def test_no_worker_joins_a_group_with_the_predecessors_connector_and_its_topics_stay(
    world: World, joined: str, tmp_path: Path
):
    """Until that connector is deleted: then the branch can be torn down."""
    checkout, topic = copy_project(tmp_path, GROUP.name), GROUP.topics.one("connect_config")
    run = sceptre(world.env(), "launch", f"ephemeral/{GROUP.name}", "--yes", project=checkout)
    assert run.status != 0, run.output
    assert f"the Connect group {GROUP.topics.connect_group} has the connector 'wms-oracle-cdc'" in run.output
    assert "predecessors-passw0rd" not in run.output
    found = {s["StackName"] for s in seen(world)["stacks"]}
    assert GROUP.names.stack("functions") in found
    assert GROUP.names.stack("connector") not in found
    assert topics_of(joined) == {topic}
    plan = wms_connector(world.env(), "adopt", GROUP.name, "--plan", "--json").json["found"]
    assert (plan["topics"], plan["connector"]["topic.prefix"]) == ([topic], "aws.wms.cdc.")

    write(joined, topic, None)
    gone = sceptre(world.env(), "delete", f"ephemeral/{GROUP.name}", "--yes", project=checkout)
    assert gone.status == 0, gone.output
    assert not {*GROUP.names.stacks.values()} & {s["StackName"] for s in seen(world)["stacks"]}


@pytest.mark.usefixtures("foundation")
def test_a_name_that_is_taken_is_told_before_anything_is_created(world: World):
    logs = world.account.client("logs")
    production = Stage.parse("production").names
    logs.create_log_group(logGroupName=production.connector_log_group)
    before = seen(world)
    try:
        run = sceptre(world.env(), "launch", "production", "--yes")
        assert run.status != 0, run.output
        assert f"log group {production.connector_log_group} exists already" in run.last_line
        assert "nothing was changed" in run.last_line
        assert seen(world) == before
    finally:
        logs.delete_log_group(logGroupName=production.connector_log_group)
