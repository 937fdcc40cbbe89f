"""The printed boundary: a branch's role keeps its own rights and gets none on a named stage's things."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.domain.access import deployer_policy
from connector.domain.access.deployer_boundary import ROLE_ACTIONS
from connector.domain.errors import OperatorError
from connector.domain.stage.aws_names import RolePart
from connector.domain.stage.stage import NAMED_STAGES, Stage, bare_names
from connector.domain.stage.topics import BROKER_TOPICS
from tests.domain.strategies import ephemeral_stages
from tests.support.iam.evaluator import Decision, IamRequest, decide
from tests.support.iam.launch_requests import SCOPE, deployer, stacks
from tests.templates.support import MSK, built, variants

NAMED = tuple(map(Stage.parse, NAMED_STAGES))
#: What a deployer may write into the policies of the roles that it creates.
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
BOUNDARY = deployer_policy.boundary(deployer()).document


def allowed(action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"} if action == "iam:PassRole" else {}
    request = IamRequest(action, resource, context or passed)
    return decide(request, [ANYTHING], boundary=BOUNDARY) is Decision.ALLOWED


def _granted(stage: Stage, auth: str) -> set[tuple[str, str]]:
    """The actions and resources in the policies of the stage's roles."""
    found = set()
    for stack in stacks(stage, auth).values():
        for resource in stack.template["Resources"].values():
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                for statement in stack.resolved(resource["Properties"]["PolicyDocument"])["Statement"]:
                    if statement["Effect"] == "Allow":
                        found |= {(a, r) for a in statement["Action"] for r in statement["Resource"]}
    return found


def test_it_allows_exactly_the_actions_of_the_rendered_roles():
    granted = set()
    for component, stage, auth in variants():
        # Only named stages have backups, and this boundary is not for their roles.
        if stage in NAMED_STAGES:
            continue
        for resource in built(component, stage, auth)["Resources"].values():
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                    if statement["Effect"] == "Allow":
                        granted |= set(statement["Action"])
    plain = {action for action in granted if not action.startswith("kafka-cluster:")}
    assert plain == {*ROLE_ACTIONS, "iam:PassRole"} - {"kafka-cluster:*"}
    assert granted - plain


@example(Stage.parse("wms-connector-main"), "tls")
@given(ephemeral_stages, st.sampled_from(["tls", "iam"]))
def test_an_ephemeral_stages_roles_keep_all_of_their_rights(stage: Stage, auth: str):
    for action, resource in _granted(stage, auth):
        assert allowed(action, resource.replace("*", "x") if resource != "*" else "*"), (action, resource)


@pytest.mark.parametrize("named", NAMED, ids=lambda stage: stage.name)
@pytest.mark.parametrize("auth", ["tls", "iam"])
def test_no_role_of_a_branch_has_the_rights_of_a_named_stages_roles(named: Stage, auth: str):
    """All that a named stage's roles are granted, but what is granted to every stage."""
    every = _granted(Stage.parse("x"), auth)
    own = {(action, arn) for action, arn in _granted(named, auth) - every if "secret:wms/default/" not in arn}
    assert len({action for action, _ in own}) > 8
    opened = {
        (action, arn) for action, arn in own if allowed(action, arn.replace("*", "x") if arn != "*" else "*")
    }
    # Names of topics may be seen: a launch refuses a cluster with conflicting ones.
    assert {action for action, _ in opened} <= {
        *("kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"),
        *("kafka-cluster:DescribeGroup", "kafka-cluster:DescribeTransactionalId"),
    }


@pytest.mark.parametrize("name", sorted(bare_names() - set(BROKER_TOPICS)))
def test_no_role_of_a_branch_changes_a_topic_or_group_without_a_namespace(name: str):
    base = MSK.replace(":cluster/", ":{kind}/")
    for kind, actions in (
        ("topic", ("ReadData", "WriteData", "DeleteTopic", "CreateTopic", "AlterTopicDynamicConfiguration")),
        ("group", ("AlterGroup", "DeleteGroup")),
        ("transactional-id", ("AlterTransactionalId",)),
    ):
        for action in actions:
            for whole, fine in ((name, False), (f"feature.{name}", True)):
                arn = f"{base.format(kind=kind)}/{whole}"
                assert allowed(f"kafka-cluster:{action}", arn) is fine, f"{action} on {arn}"


@pytest.mark.parametrize("named", NAMED, ids=lambda stage: stage.name)
def test_metrics_clusters_and_groups_of_a_named_stage_are_closed(named: Stage):
    names, other = named.names, Stage.parse(f"{named.name}-x").names
    for which, fine in ((names, False), (other, True)):
        namespace = {"cloudwatch:namespace": which.health_namespace}
        assert allowed("cloudwatch:PutMetricData", "*", namespace) is fine
        cluster = {"ecs:cluster": SCOPE.arn("ecs", f"cluster/{which.service}")}
        assert allowed("ecs:ListTasks", "*", cluster) is fine
    group = SCOPE.arn("ec2", "security-group/sg-1")
    tags = {"aws:ResourceTag/project": "wms-connector", "aws:ResourceTag/stage": named.name}
    assert not allowed("ec2:CreateNetworkInterface", group, tags)
    assert allowed("ec2:CreateNetworkInterface", group)


@pytest.mark.parametrize(
    "action", ["lambda:InvokeFunction", "iam:PassRole", "sts:AssumeRole", "ecs:RunTask", "s3:ListBucket"]
)
def test_what_no_role_of_ours_does_is_closed_altogether(action: str):
    assert not allowed(action, SCOPE.arn("lambda", "function:anything"))


def test_no_role_is_passed_to_another_service_than_ecs_and_none_that_is_not_ours():
    def passes(role: str, service: str) -> bool:
        return allowed(
            "iam:PassRole", SCOPE.global_arn("iam", f"role/{role}"), {"iam:PassedToService": service}
        )

    ours = Stage.parse("feature.x").names.role(RolePart.TASK, "/a/")
    assert passes(f"a/{ours}", "ecs-tasks.amazonaws.com")
    assert passes(ours, "ecs-tasks.amazonaws.com")
    assert not passes(f"a/{ours}", "lambda.amazonaws.com")
    assert not passes("a/somebody", "ecs-tasks.amazonaws.com")
    for named in NAMED:
        for part in (RolePart.EXECUTION, RolePart.TASK):
            assert not passes(f"a/{named.names.role(part, '/a/')}", "ecs-tasks.amazonaws.com")


def test_it_is_one_managed_policy_and_there_is_none_for_a_named_stage():
    assert deployer_policy.size(BOUNDARY) <= deployer_policy.MAX_CHARACTERS
    for whose in (deployer(NAMED[0]), deployer(foundation=True)):
        with pytest.raises(OperatorError, match="ephemeral stages only"):
            deployer_policy.boundary(whose)
