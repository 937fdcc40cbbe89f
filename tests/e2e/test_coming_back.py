"""A stack that was deleted by hand leaves what holds data; docs/stages.md says how its stage comes back.

The emulator keeps what has `RetainExceptOnCreate`, refuses a name that is taken and imports what exists, as
CloudFormation does; only a repository it cannot import. No worker is needed for that, so only the stacks
below it are launched.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support.sceptre_cli import Run, sceptre
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.long]

NAMES = Stage.parse("main").names
SECTION = "docs/stages.md, 'When a stack was deleted by hand'"
CHANGE_SET = "come-back"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own, since its stacks are deleted."""
    with World.up(tmp_path_factory.mktemp("coming-back")) as made:
        yield made


def launch(world: World, path: str) -> Run:
    return sceptre(world.env(), "launch", path, "--yes")


def launched(world: World, path: str) -> None:
    run = launch(world, path)
    assert run.status == 0, run.output


def delete_by_hand(world: World, *stacks: str) -> None:
    """As somebody does in CloudFormation's console: protection off, delete."""
    cloudformation = world.account.client("cloudformation")
    for name in stacks:
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def bring_back(world: World, path: str, stack: str, resources: tuple[str, ...], ids: Any = None) -> None:
    """The commands of the page: create the stack with nothing but what is left.

    `ids` are the identifiers for an import: of the foundation, whose key has no name of its own.
    """
    cloudformation = world.account.client("cloudformation")
    generated = sceptre(world.env(), "--ignore-dependencies", "--output", "json", "generate", path)
    template = json.loads(generated.output)
    parameters = {key: value for key, value in template.get("Parameters", {}).items() if key == "KmsKeyArn"}
    kept = {name: template["Resources"][name] for name in resources}
    left = {"Description": template["Description"], "Parameters": parameters, "Resources": kept}
    key = (
        ""
        if ids
        else world.account.client("kms").describe_key(KeyId="alias/wms-connector")["KeyMetadata"]["Arn"]
    )
    more: dict[str, Any] = {"ChangeSetType": "CREATE", "ImportExistingResources": True}
    if ids:
        more = {"ChangeSetType": "IMPORT", "ResourcesToImport": ids}
    which = {"StackName": stack, "ChangeSetName": CHANGE_SET}
    cloudformation.create_change_set(
        **which,
        TemplateBody=json.dumps(left),
        Parameters=[{"ParameterKey": name, "ParameterValue": key} for name in parameters],
        **more,
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**which, WaiterConfig={"Delay": 1})
    changes = cloudformation.describe_change_set(**which)["Changes"]
    assert {change["ResourceChange"]["Action"] for change in changes} == {"Import"}, changes
    cloudformation.execute_change_set(**which)
    wait_for(lambda: state(world, stack).endswith("_COMPLETE") and state(world, stack), f"{stack} complete")
    assert state(world, stack) in ("CREATE_COMPLETE", "IMPORT_COMPLETE")


def state(world: World, stack: str) -> str:
    (found,) = world.account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatus"])


def key_of(world: World) -> Any:
    """The foundation's key."""
    return world.account.client("kms").describe_key(KeyId="alias/wms-connector")["KeyMetadata"]


def assert_refused(run: Run, name: str) -> None:
    """One line names the resource whose name is taken, and the section."""
    assert run.status != 0, run.output
    assert "Traceback" not in run.output
    for words in (name, "exist", "nothing was changed", SECTION):
        assert words in run.last_line, run.output


@pytest.fixture(scope="module")
def lived(world: World) -> str:
    """The time of a log line and an item that an earlier life of main has left; its stacks are deleted."""
    launched(world, "foundation")
    launched(world, "main/functions.yaml")
    mark = f"written {time.time()}"
    logs, table = world.account.client("logs"), world.account.client("dynamodb")
    logs.create_log_stream(logGroupName=NAMES.connector_log_group, logStreamName="earlier")
    line = {"timestamp": int(time.time() * 1000), "message": mark}
    logs.put_log_events(logGroupName=NAMES.connector_log_group, logStreamName="earlier", logEvents=[line])
    table.put_item(TableName=NAMES.table, Item={"id": {"S": "earlier"}, "mark": {"S": mark}})
    delete_by_hand(world, NAMES.stack("functions"), NAMES.stack("alerts"))
    return mark


def test_what_is_left_is_imported_with_all_that_it_holds(world: World, lived: str):
    assert_refused(launch(world, "main/functions.yaml"), NAMES.connector_log_group)
    bring_back(world, "main/alerts.yaml", NAMES.stack("alerts"), ("ConnectorLogs",))
    assert_refused(launch(world, "main/functions.yaml"), NAMES.table)
    bring_back(world, "main/functions.yaml", NAMES.stack("functions"), ("State",))
    launched(world, "main/functions.yaml")
    item = world.account.client("dynamodb").get_item(TableName=NAMES.table, Key={"id": {"S": "earlier"}})
    assert item["Item"]["mark"]["S"] == lived
    events = world.account.client("logs").filter_log_events(logGroupName=NAMES.connector_log_group)["events"]
    assert [event["message"] for event in events] == [lived]
    found = world.account.client("cloudformation").describe_stacks(StackName=NAMES.stack("functions"))
    assert found["Stacks"][0]["EnableTerminationProtection"] is True


def test_or_it_is_deleted_and_the_stage_begins_anew(world: World, lived: str):
    delete_by_hand(world, NAMES.stack("functions"), NAMES.stack("alerts"))
    world.account.client("logs").delete_log_group(logGroupName=NAMES.connector_log_group)
    world.account.client("dynamodb").delete_table(TableName=NAMES.table)
    launched(world, "main/functions.yaml")
    assert "Item" not in world.account.client("dynamodb").get_item(
        TableName=NAMES.table, Key={"id": {"S": "earlier"}}
    )


def test_the_foundation_comes_back_with_its_own_key_and_bucket(world: World, lived: str):
    """What the stages keep is encrypted with that key, so another one would not do."""
    described = world.account.client("cloudformation").describe_stack_resources(StackName="wms-foundation")
    ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in described["StackResources"]}
    delete_by_hand(world, "wms-foundation")
    assert_refused(launch(world, "foundation"), "image repository wms-connector")
    world.account.client("ecr").delete_repository(repositoryName="wms-connector", force=True)
    kept = {
        "Key": ("AWS::KMS::Key", "KeyId"),
        "Artifacts": ("AWS::S3::Bucket", "BucketName"),
        "AccessLogs": ("AWS::S3::Bucket", "BucketName"),
    }
    imports = [
        {"ResourceType": kind, "LogicalResourceId": name, "ResourceIdentifier": {identifier: ids[name]}}
        for name, (kind, identifier) in kept.items()
    ]
    bring_back(world, "foundation/foundation.yaml", "wms-foundation", tuple(kept), imports)
    launched(world, "foundation")
    assert key_of(world)["KeyId"] == ids["Key"]
