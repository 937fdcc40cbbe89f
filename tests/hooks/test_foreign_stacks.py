"""A launch or a deletion over a stack that is not ours: refused in one line, with nothing changed."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.stage.stage import Stage
from hooks.admit import AdmitStage
from hooks.guard import GuardDeletion
from hooks.tear_down import MarkLaunch
from tests.support.fake_aws import OWNER, FakeAws, FakeStack

BROKERS = "broker-1.example:9094"
COMPONENTS = ("alerts", "network", "functions", "connector", "alarms", "events")
#: What a command over a foreign stack may ask before it refuses.
READS = {("cloudformation", "describe_stacks"), ("sts", "get_caller_identity")}


def account(name: str, **more: Any) -> FakeAws:
    """An account that is ready but for one stack of somebody else's."""
    made = FakeAws.ready()
    made.secrets["wms/default/brokerString"] = BROKERS
    made.stacks[name] = {
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": datetime(2025, 3, 5, tzinfo=UTC),
        "Tags": [{"Key": "team", "Value": "streaming"}],
        "Description": "The other Connect",
        **more,
    }
    return made


def assert_refused(aws: FakeAws, hook: type, group: str, component: str, name: str) -> str:
    """The words of a refusal that asked only what stacks there are."""
    before = copy.deepcopy(aws.stacks)
    stack = FakeStack(
        f"{group}/{component}", Stage.parse(group.rpartition("/")[2]).names.stack(component), aws
    )
    with pytest.raises(SceptreException) as caught:
        hook(None, stack).run()
    assert {*aws.calls} <= READS
    assert aws.invoked == []
    assert aws.stacks == before
    words = str(caught.value)
    assert "\n" not in words
    assert f"stack {name} was not made by this tool (created 2025-03-05; description 'The other" in words
    assert "tags team=streaming" in words
    assert f"nothing was changed in account {OWNER}, region us-east-1. " in words
    assert "docs/migration.md" in words
    return words


@pytest.mark.parametrize("foreign", COMPONENTS)
@pytest.mark.parametrize("group", ["main", "ephemeral/feature-xyz"])
def test_a_launch_over_any_foreign_stack_of_its_stage_changes_nothing(group: str, foreign: str):
    name = Stage.parse(group.rpartition("/")[2]).names.stack(foreign)
    words = assert_refused(account(name), AdmitStage, group, "alerts", name)
    assert f"adopt {group.rpartition('/')[2]} --plan" in words


@pytest.mark.parametrize("foreign", COMPONENTS)
def test_a_deletion_over_any_foreign_stack_of_its_stage_changes_nothing(foreign: str):
    name = Stage.parse("feature-xyz").names.stack(foreign)
    assert_refused(account(name), GuardDeletion, "ephemeral/feature-xyz", "events", name)


@pytest.mark.parametrize(
    "status",
    ["ROLLBACK_COMPLETE", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"],
)
def test_a_foreign_stack_that_is_stuck_is_not_fixed_deleted_or_replaced(status: str):
    """No next step is named that would change it; a launch replaces only a failed stack of ours."""
    aws = account("wms-connector-main", StackStatus=status)
    words = assert_refused(aws, AdmitStage, "main", "alerts", "wms-connector-main")
    assert "aws cloudformation" not in words
    stack = FakeStack("main/connector", "wms-connector-main", aws)
    MarkLaunch(None, stack).run()
    with pytest.raises(SceptreException, match="was not made by this tool"):
        AdmitStage(None, stack).run()


def test_a_foreign_foundation_is_neither_launched_over_nor_deleted():
    for hook in (AdmitStage, GuardDeletion):
        aws = account("wms-foundation")
        with pytest.raises(SceptreException, match="stack wms-foundation was not made by this tool"):
            hook(None, FakeStack("foundation/foundation", "wms-foundation", aws)).run()
        assert {*aws.calls} <= READS


def test_stacks_of_ours_without_their_tags_are_known_by_their_description():
    aws = account("wms-network-main", Tags=[], Description="wms-connector main: who may speak to whom")
    AdmitStage(None, FakeStack("main/network", "wms-network-main", aws)).run()


def test_a_launch_of_one_file_is_refused_only_for_the_stacks_that_it_may_change():
    """The functions can be launched, to look at the cluster, while the predecessor's worker still runs."""
    aws = account("wms-connector-main")
    stack = FakeStack("main/functions", "wms-functions-main", aws)
    stack.stack_group_config["launch_path"] = "main/functions.yaml"
    AdmitStage(None, stack).run()


@pytest.mark.parametrize("typed", ["main/functions.yaml", "main/connector.yaml", "main/events"])
def test_a_launch_of_one_file_is_refused_for_the_stacks_that_it_stands_on(typed: str):
    aws = account("wms-alerts-main")
    stack = FakeStack("main/functions", "wms-functions-main", aws)
    stack.stack_group_config["launch_path"] = typed
    with pytest.raises(SceptreException, match="stack wms-alerts-main was not made by this tool"):
        AdmitStage(None, stack).run()


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("AWS::ECS::Cluster", "wms-connector-main", "ECS cluster wms-connector-main exists"),
        ("AWS::Logs::LogGroup", "/aws/fargate/wms-connector-main-kafka-connect", "log group /aws/fargate/"),
        ("AWS::DynamoDB::Table", "wms-connector-main-state", "table wms-connector-main-state exists"),
        ("AWS::SQS::Queue", "wms-connector-main-dead-letters", "queue wms-connector-main-dead-letters"),
        ("AWS::CloudWatch::Dashboard", "wms-connector-main", "dashboard wms-connector-main exists"),
        ("AWS::CloudWatch::Alarm", "wms-connector-main-OracleErrorCount", "alarm wms-connector-main-Oracle"),
        ("AWS::SNS::Topic", "Alerts-wms-alerts-main", "SNS topic Alerts-wms-alerts-main exists"),
        ("AWS::EC2::SecurityGroup", "wms-connector-main-client", "security group wms-connector-main-client"),
        ("AWS::Events::Rule", "wms-connector-main-HealthSchedule", "event rule wms-connector-main-Health"),
    ],
)
def test_a_name_that_is_taken_outside_our_stacks_is_told_before_anything_is_created(
    kind: str, name: str, words: str
):
    aws = FakeAws.ready()
    aws.secrets["wms/default/brokerString"] = BROKERS
    aws.names = {kind: {name}}
    with pytest.raises(SceptreException) as caught:
        AdmitStage(None, FakeStack("main/alerts", "wms-alerts-main", aws)).run()
    assert words in str(caught.value)
    assert "already, in no stack of this tool, so stage 'main' cannot create it; nothing was" in str(
        caught.value
    )
    assert all(command.startswith(("describe_", "get_", "list_")) for _, command in aws.calls)


def test_the_names_of_a_stack_that_is_there_are_its_own():
    aws = FakeAws.ready()
    aws.secrets["wms/default/brokerString"] = BROKERS
    for component in COMPONENTS:
        aws.stacks[f"wms-{component}-main"] = {"StackStatus": "UPDATE_COMPLETE"}
    aws.names = {"AWS::ECS::Cluster": {"wms-connector-main"}}
    AdmitStage(None, FakeStack("main/alerts", "wms-alerts-main", aws)).run()


def test_a_repository_that_is_there_without_the_foundation_is_told():
    aws = FakeAws(names={"AWS::ECR::Repository": {"wms-connector"}})
    with pytest.raises(SceptreException, match="image repository wms-connector exists already"):
        AdmitStage(None, FakeStack("foundation/foundation", "wms-foundation", aws)).run()


@pytest.mark.parametrize("stack_is_there", [True, False])
def test_a_name_that_a_launch_has_taken_since_is_told_as_that_launch(stack_is_there: bool):
    """Two launches of a new stage: the stacks are looked at first, the names seconds later."""
    aws = FakeAws.ready()
    aws.secrets["wms/default/brokerString"] = BROKERS
    answer = aws.call

    def other_launch(service: str, command: str, *arguments: Any, **more: Any) -> Any:
        if (service, command) == ("sns", "get_topic_attributes"):
            aws.names = {"AWS::SNS::Topic": {"Alerts-wms-alerts-main"}}
            if stack_is_there:
                aws.stacks["wms-alerts-main"] = {"StackStatus": "CREATE_IN_PROGRESS"}
        return answer(service, command, *arguments, **more)

    aws.call = other_launch  # type: ignore[method-assign]
    words = "stack wms-alerts-main is CREATE_IN_PROGRESS: another launch or update of this stage is under way"
    with pytest.raises(SceptreException, match=words if stack_is_there else "in no stack of this tool"):
        AdmitStage(None, FakeStack("main/alerts", "wms-alerts-main", aws)).run()


def test_of_two_launches_of_the_foundation_the_second_is_told_of_the_first():
    aws = FakeAws(names={"AWS::ECR::Repository": {"wms-connector"}})
    answer = aws.call

    def other_launch(service: str, command: str, *arguments: Any, **more: Any) -> Any:
        if (service, command) == ("ecr", "describe_repositories"):
            aws.stacks["wms-foundation"] = {"StackStatus": "CREATE_IN_PROGRESS"}
        return answer(service, command, *arguments, **more)

    aws.call = other_launch  # type: ignore[method-assign]
    with pytest.raises(SceptreException, match="stack wms-foundation is CREATE_IN_PROGRESS: .* under way"):
        AdmitStage(None, FakeStack("foundation/foundation", "wms-foundation", aws)).run()
