"""The printed deployer policies: they allow what a deployer does, and nothing of anybody else's."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from connector.domain.access import deployer_policy
from connector.domain.access.deployer import Deployer, Target
from connector.domain.access.deployer_calls import CALLS, Use, uses_of
from connector.domain.errors import OperatorError
from connector.domain.health import metrics
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.stage.artifacts import zip_folder
from connector.domain.stage.aws_names import COMPONENTS, FOUNDATION_STACK, RolePart
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.local.aws import REGION
from tests.domain.strategies import ephemeral_stages
from tests.support.iam import call_requests
from tests.support.iam.call_requests import Place
from tests.support.iam.evaluator import Decision, IamRequest, decide
from tests.support.iam.judge import without_action
from tests.support.iam.launch_requests import BOUNDARY, PATH, SCOPE, deployer, of_foundation, of_stage, stacks
from tests.support.iam.stack_requests import KEY_ID, own_arns
from tests.templates.support import LONGEST

Document = Mapping[str, Any]
NAMED = tuple(map(Stage.parse, NAMED_STAGES))
MAIN = NAMED[0]
#: Stages whose names look like those of named ones, or are unlike everybody's.
LOOK_ALIKES = (
    *(
        "main-x",
        "main-connect",
        "main-admin",
        "main-kafka-connect",
        "x-main",
        "main-state",
        "main-0123456789",
    ),
    *(
        "production.2",
        "production-with-a-very-long-name-of-its-own",
        "val-dead-letters",
        "x-wms-connector-main",
    ),
    *("feature.X", "wmsx", "alerts-main", LONGEST),
)

#: What a deployer of ephemeral stages may do without naming a resource, because AWS takes none. None of it
#: changes anything but DeregisterTaskDefinition: that takes a revision off the list, and services that run it
#: go on.
WITHOUT_RESOURCE = {
    *(
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplateSummary",
        "cloudformation:ValidateTemplate",
    ),
    *("cloudwatch:GetMetricStatistics", "cloudwatch:ListDashboards"),
    *(
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroupRules",
    ),
    *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
    *("ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"),
    *("logs:DescribeLogGroups", "logs:DescribeResourcePolicies"),
    "ecr:GetAuthorizationToken",
}


def printed(whose: Deployer, **options: Any) -> list[Document]:
    """The documents of a deployer."""
    return [policy.document for policy in deployer_policy.policies(whose, **options)]


@lru_cache(maxsize=4)
def ephemeral(*, balancer: bool = False) -> Sequence[Document]:
    return printed(deployer(), balancer=balancer)


def allowed(request: IamRequest, policies: Sequence[Document]) -> bool:
    """Whether the policies allow it. Statements that allow only other actions say nothing, and take time."""
    about: list[Mapping[str, Any]] = []
    denying: list[Mapping[str, Any]] = []
    for policy in policies:
        for statement in policy["Statement"]:
            if statement["Effect"] == "Deny":
                denying.append(statement)
            elif request.action in statement["Action"]:
                about.append(statement)
    if not about or decide(request, [_document(about)]) is not Decision.ALLOWED:
        return False
    return decide(request, [_document(about + denying)]) is Decision.ALLOWED


def _document(statements: list[Mapping[str, Any]]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def refused(asked: Iterator[IamRequest], policies: Sequence[Document]) -> list[IamRequest]:
    return [request for request in dict.fromkeys(asked) if not allowed(request, policies)]


def calls_of(stage: Stage, uses: Use | None = None) -> Iterator[IamRequest]:
    """What the commands and hooks ask for, with the parameters that they send for this stage."""
    wanted = uses_of(deployer(stage)) if uses is None else uses
    names = stage.names
    place = Place(SCOPE.region, SCOPE.account)
    one: Mapping[str, Mapping[str, Any]] = {
        "cloudformation": {"StackName": names.stack("alerts")},
        "secretsmanager": {"SecretId": f"wms/{stage.name}/dbInfo"},
        "s3": {"Bucket": f"{FOUNDATION_STACK}-artifacts-abc123", "Key": f"{zip_folder(stage)}/connect-0.zip"},
        "lambda": {"FunctionName": names.connect_admin},
        "logs": {"logGroupName": names.connector_log_group},
        "cloudwatch": {"AlarmName": names.alarm("ConnectorFailed")},
        "sns": {"TopicArn": SCOPE.arn("sns", names.sns_topic)},
        "sqs": {"QueueName": names.drill_queue("1a2b")},
        "ecr": {"repositoryName": "wms-connector"},
        "dynamodb": {"TableName": names.table},
        "ecs": {"clusters": [names.service]},
        "events": {"Name": names.rule("TaskStopped")},
    }
    for call in CALLS:
        if call.operation and call.uses & wanted:
            parameters = {} if call.targets == (Target.ANYTHING,) else one.get(call.service, {})
            if call.operation == "delete_log_group":
                parameters = {"logGroupName": names.insights_log_group}
            yield from call_requests.requests(place, call.service, call.operation, parameters)
    yield from call_requests.requests(
        place, "cloudformation", "describe_stacks", {"StackName": FOUNDATION_STACK}
    )
    if wanted & Use.LAUNCH:
        default = {"SecretId": "wms/default/vpc"}
        yield from call_requests.requests(place, "secretsmanager", "get_secret_value", default)


@lru_cache(maxsize=16)
def things_of(stage: Stage) -> tuple[str, ...]:
    """The ARNs of everything that a stage has in AWS, made of its rendered templates and its names."""
    found: set[str] = set()
    for balancer in (False, True):
        for stack in stacks(stage, "iam", balancer=balancer).values():
            for logical, resource in stack.template["Resources"].items():
                properties = stack.resolved(resource.get("Properties", {}))
                found |= {
                    arn
                    for arn in own_arns(stack, resource["Type"], logical, properties)
                    # Those have ids, and tags: see below.
                    if arn.split(":")[2] not in ("ec2", "elasticloadbalancing", "acm")
                }
    names, arn = stage.names, SCOPE.arn
    found |= {arn("cloudformation", f"stack/{names.stack(c)}/{KEY_ID}") for c in COMPONENTS}
    found |= {arn("ecs", f"{kind}/{names.service}/{KEY_ID}") for kind in ("task", "container-instance")}
    found |= {arn("ecs", f"service-deployment/{names.service}/{names.service}/{KEY_ID}")}
    found |= {arn("sqs", names.drill_queue("1a2b")), arn("sns", f"{names.sns_topic}:{KEY_ID}")}
    found |= {
        arn("secretsmanager", f"secret:wms/{stage.name}/{name}-AbCdEf") for name in ("dbInfo", "iam/path")
    }
    found |= {f"arn:aws:s3:::{FOUNDATION_STACK}-artifacts-abc123/{stage.name}/connect-0.zip"}
    found |= {
        arn("dynamodb", f"table/{names.table}/index/x"),
        arn("logs", f"log-group:{names.insights_log_group}:*"),
    }
    found |= {arn("lambda", f"function:{name}:1") for name in (names.connect_admin, names.connect_health)}
    found |= {
        arn("cloudwatch", f"alarm:{names.alarm(n)}")
        for kind in ("debezium", "jdbc")
        for n in alarms_of(names, kind)
    }
    found |= {arn("events", f"rule/{names.rule(rule)}") for rule in metrics.RULES}
    found |= {
        SCOPE.global_arn("iam", f"role{path}{names.role(part, path)}")
        for part in RolePart
        for path in ("/", "/x/y/")
    }
    return tuple(sorted(found))


def actions_of(policies: Sequence[Document]) -> Mapping[str, set[str]]:
    """Service -> every action that these policies allow on anything. None has a wildcard, so this is all."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for statement in policy["Statement"]:
            if statement["Effect"] == "Allow":
                for action in statement["Action"]:
                    assert "*" not in action
                    found.setdefault(action.partition(":")[0], set()).add(action)
    return found


def without_resource(policies: Sequence[Document]) -> set[str]:
    """The actions that are allowed on `*` without a condition."""
    return {
        action
        for policy in policies
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow" and statement["Resource"] == ["*"] and "Condition" not in statement
        for action in statement["Action"]
    }


#: Keys with which everything would be allowed that is not bound to names.
_GENEROUS = {
    "iam:PermissionsBoundary": BOUNDARY,
    "iam:PolicyARN": SCOPE.global_arn(
        "iam", f"policy{PATH}{Stage.parse('x').names.role(RolePart.ADMIN, PATH)}"
    ),
    "iam:PassedToService": "lambda.amazonaws.com",
    "kms:ResourceAliases": ("alias/wms-connector",),
    "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
    "kms:GrantIsForAWSResource": "true",
    "aws:RequestTag/project": "wms-connector",
    "aws:RequestTag/ephemeral": "true",
}


def of_others(policies: Sequence[Document], things: Sequence[str], context: Mapping[str, Any]) -> list[str]:
    """What the policies allow on these things, but for what AWS judges on no resource at all."""
    found = []
    for service, actions in actions_of(policies).items():
        found += [
            f"{action} on {thing}"
            for thing in things
            if thing.split(":")[2] == service
            # A bucket's own actions are not judged on objects.
            for action in sorted(actions - without_resource(policies) - {"s3:ListBucket"})
            if allowed(IamRequest(action, thing, context), policies)
        ]
    return found


@pytest.mark.parametrize(
    ("stage", "auth", "balancer"),
    [
        *(
            ("main", "tls", False),
            ("main", "iam", True),
            ("val", "scram", False),
            ("production", "tls", True),
        ),
        *(("feature.x", "iam", True), (LONGEST, "scram", True)),
    ],
)
def test_a_stages_policy_allows_its_launch_change_and_deletion(stage: str, auth: str, *, balancer: bool):
    who = Stage.parse(stage)
    policies = printed(deployer(who), balancer=balancer)
    assert refused(of_stage(who, auth, balancer=balancer), policies) == []
    assert refused(calls_of(who), policies) == []


def test_the_foundations_policy_allows_its_launch_change_and_deletion():
    assert refused(of_foundation(), printed(deployer(foundation=True))) == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(ephemeral_stages)
@example(Stage.parse("main-x"))
@example(Stage.parse("production.2"))
def test_the_ephemeral_policy_allows_the_launch_and_teardown_of_every_ephemeral_stage(stage: Stage):
    asked = [*of_stage(stage, balancer=True), *calls_of(stage)]
    assert refused(iter(asked), ephemeral(balancer=True)) == []


@pytest.mark.parametrize("stage", LOOK_ALIKES)
def test_a_stage_that_looks_like_a_named_one_is_launched_all_the_same(stage: str):
    who = Stage.parse(stage)
    assert refused(of_stage(who), ephemeral()) == []
    assert refused(calls_of(who), ephemeral()) == []


@pytest.mark.parametrize("named", NAMED, ids=lambda stage: stage.name)
def test_the_ephemeral_policy_allows_nothing_on_what_a_named_stage_has(named: Stage):
    """Every action that it allows anywhere, on everything: without tags, as if none had come through."""
    assert len(things_of(named)) > 70
    assert of_others(ephemeral(balancer=True), things_of(named), _GENEROUS) == []


def test_a_named_stages_security_groups_are_told_by_their_tags():
    tags = {"aws:ResourceTag/project": "wms-connector", "aws:ResourceTag/stage": "main"}
    group = SCOPE.arn("ec2", "security-group/sg-1")
    assert of_others(ephemeral(), [group], {**_GENEROUS, **tags, "aws:ResourceTag/ephemeral": "false"}) == []
    assert of_others(ephemeral(), [group], {**_GENEROUS, **tags, "aws:ResourceTag/ephemeral": "true"}) == []
    foreign = of_others(ephemeral(), [group], _GENEROUS)
    assert {entry.split()[0] for entry in foreign} <= {"ec2:CreateSecurityGroup", "ec2:CreateTags"}


@pytest.mark.parametrize("named", NAMED, ids=lambda stage: stage.name)
def test_the_ephemeral_policy_allows_nothing_on_a_named_stages_balancer(named: Stage):
    tags = {
        "aws:ResourceTag/project": "wms-connector",
        "aws:ResourceTag/stage": named.name,
        "aws:ResourceTag/ephemeral": "false",
    }
    elb = "elasticloadbalancing"
    things = [SCOPE.arn(elb, f"{kind}/app/x/1") for kind in ("loadbalancer", "listener")]
    things += [SCOPE.arn(elb, "targetgroup/x/1"), SCOPE.arn("acm", f"certificate/{KEY_ID}")]
    assert of_others(ephemeral(balancer=True), things, {**_GENEROUS, **tags}) == []


def test_what_is_allowed_without_a_resource_is_known_by_name():
    assert without_resource(ephemeral()) == WITHOUT_RESOURCE
    assert without_resource(printed(deployer(MAIN))) <= WITHOUT_RESOURCE
    for_balancer = without_resource(ephemeral(balancer=True)) - WITHOUT_RESOURCE
    changing = {a for a in for_balancer if not a.partition(":")[2].startswith(("Describe", "List"))}
    assert changing == {"route53:CreateHostedZone"}


@pytest.mark.parametrize("mine", NAMED, ids=lambda stage: stage.name)
def test_a_named_stages_policy_allows_nothing_on_what_another_one_has(mine: Stage):
    policies = printed(deployer(mine), balancer=True)
    for other in NAMED:
        if other != mine:
            assert of_others(policies, things_of(other), _GENEROUS) == []
            tags = {"aws:ResourceTag/project": "wms-connector", "aws:ResourceTag/stage": other.name}
            ids = [
                SCOPE.arn("ec2", "security-group/sg-1"),
                SCOPE.arn("elasticloadbalancing", "loadbalancer/app/x/1"),
            ]
            found = of_others(policies, ids, {**_GENEROUS, **tags})
            # A new group has no tags yet, and these ids are of groups that are there.
            assert {entry.split()[0] for entry in found} <= {"ec2:CreateSecurityGroup"}


@settings(max_examples=10)
@given(ephemeral_stages)
def test_a_stages_own_policy_allows_nothing_on_what_a_named_stage_has(stage: Stage):
    policies = printed(deployer(stage))
    assert of_others(policies, things_of(MAIN), _GENEROUS) == []


@pytest.mark.parametrize("named", NAMED, ids=lambda stage: stage.name)
@pytest.mark.parametrize(
    "action",
    [
        *(
            "iam:PassRole",
            "sts:AssumeRole",
            "iam:PutRolePolicy",
            "iam:AttachRolePolicy",
            "iam:UpdateAssumeRolePolicy",
        ),
        *("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"),
        *("lambda:InvokeFunction", "lambda:UpdateFunctionCode", "ecs:RunTask", "ecs:ExecuteCommand"),
        *("secretsmanager:GetSecretValue", "cloudformation:SetStackPolicy", "logs:PutSubscriptionFilter"),
        *(
            "cloudformation:UpdateTerminationProtection",
            "cloudformation:UpdateStack",
            "cloudformation:DeleteStack",
        ),
        *(
            "events:PutTargets",
            "events:DisableRule",
            "cloudwatch:SetAlarmState",
            "cloudwatch:DisableAlarmActions",
        ),
        *("sns:Publish", "sns:Subscribe", "sns:Unsubscribe", "sns:SetTopicAttributes", "dynamodb:PutItem"),
        *("kms:Decrypt", "s3:PutObject", "sqs:PurgeQueue", "logs:FilterLogEvents", "cloudwatch:PutDashboard"),
    ],
)
def test_the_dangerous_actions_one_by_one(action: str, named: Stage):
    for thing in things_of(named):
        assert not allowed(IamRequest(action, thing, _GENEROUS), ephemeral(balancer=True)), thing


def test_the_key_is_used_through_services_only():
    key = SCOPE.arn("kms", f"key/{KEY_ID}")
    ours = {"kms:ResourceAliases": ("alias/wms-connector",)}
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert allowed(IamRequest("kms:Decrypt", key, {**ours, **via}), ephemeral())
    assert not allowed(IamRequest("kms:Decrypt", key, ours), ephemeral())
    assert not allowed(IamRequest("kms:Decrypt", key, via), ephemeral())
    for action in ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateAlias", "kms:UpdateAlias"):
        assert not allowed(IamRequest(action, key, {**ours, **via}), ephemeral())
    assert not allowed(IamRequest("kms:CreateGrant", key, {**ours, **via}), ephemeral())


ROLE = SCOPE.global_arn("iam", f"role{PATH}{Stage.parse('x').names.role(RolePart.ADMIN, PATH)}")
EXECUTION = SCOPE.global_arn("iam", f"role{PATH}{Stage.parse('x').names.role(RolePart.EXECUTION, PATH)}")


@pytest.mark.parametrize(
    ("role", "service", "passes"),
    [
        (ROLE, "lambda.amazonaws.com", True),
        (ROLE, "ecs-tasks.amazonaws.com", False),
        (ROLE, "ec2.amazonaws.com", False),
        (ROLE, None, False),
        (EXECUTION, "ecs-tasks.amazonaws.com", True),
        (EXECUTION, "lambda.amazonaws.com", False),
        (SCOPE.global_arn("iam", "role/admin"), "lambda.amazonaws.com", False),
    ],
)
def test_a_role_is_passed_to_its_own_service_only(role: str, service: str | None, *, passes: bool):
    context = {} if service is None else {"iam:PassedToService": service}
    assert allowed(IamRequest("iam:PassRole", role, context), ephemeral()) is passes


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy"])
def test_a_role_has_our_boundary_or_none_of_this_is_done(action: str):
    for whose in (deployer(), deployer(MAIN)):
        role = (
            ROLE
            if whose.stage is None
            else SCOPE.global_arn("iam", f"role{PATH}{MAIN.names.role(RolePart.TASK, PATH)}")
        )
        policies = printed(whose)
        assert allowed(IamRequest(action, role, {"iam:PermissionsBoundary": BOUNDARY}), policies)
        assert not allowed(IamRequest(action, role), policies)
        assert not allowed(
            IamRequest(action, role, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/X"}), policies
        )


@pytest.mark.parametrize(
    "whose", [deployer(), deployer(MAIN), deployer(foundation=True)], ids=["all", "main", "f"]
)
def test_nobody_takes_a_boundary_away_or_assumes_a_role(whose: Deployer):
    actions = {action for found in actions_of(printed(whose)).values() for action in found}
    assert not actions & {"iam:DeleteRolePermissionsBoundary", "cloudformation:SetStackPolicy"}
    assert not any(action.startswith("sts:") for action in actions)


@pytest.mark.parametrize(
    ("action", "thing"),
    [
        ("ec2:CreateTags", SCOPE.arn("ec2", "security-group/sg-1")),
        ("elasticloadbalancing:AddTags", SCOPE.arn("elasticloadbalancing", "loadbalancer/app/x/1")),
        ("acm:AddTagsToCertificate", SCOPE.arn("acm", f"certificate/{KEY_ID}")),
    ],
)
@pytest.mark.parametrize("mine", [Stage.parse("val"), Stage.parse("main-x"), None], ids=str)
def test_nothing_of_another_stage_becomes_ours_by_a_tag(action: str, thing: str, mine: Stage | None):
    """Tags decide whose it is: who could change them could change all the rest."""
    whose = deployer(mine)
    ours = {f"aws:RequestTag/{key}": value for key, value in whose.tags.items()}
    theirs = {"aws:ResourceTag/project": "wms-connector", "aws:ResourceTag/stage": "production"}
    policies = printed(whose, balancer=True)
    assert not allowed(IamRequest(action, thing, {**ours, **theirs}), policies)


def test_a_key_with_an_alias_does_not_become_the_foundations_by_a_tag():
    tag = {"aws:RequestTag/project": "wms-connector"}
    key = SCOPE.arn("kms", f"key/{KEY_ID}")
    policies = printed(deployer(foundation=True))
    assert allowed(IamRequest("kms:TagResource", key, tag), policies)
    used = {**tag, "kms:ResourceAliases": ("alias/agency",)}
    assert not allowed(IamRequest("kms:TagResource", key, used), policies)


def test_a_roles_trust_is_changed_without_a_key_that_iam_does_not_send():
    """The reference lists no condition key of the boundary for UpdateAssumeRolePolicy."""
    mains = SCOPE.global_arn("iam", f"role{PATH}{MAIN.names.role(RolePart.TASK, PATH)}")
    assert allowed(IamRequest("iam:UpdateAssumeRolePolicy", mains), printed(deployer(MAIN)))
    assert not allowed(IamRequest("iam:UpdateAssumeRolePolicy", mains), ephemeral())


def test_only_our_own_policies_are_attached():
    attach = {"iam:PermissionsBoundary": BOUNDARY}
    own = SCOPE.global_arn(
        "iam", f"policy{PATH}{Stage.parse('x').names.role(RolePart.ADMIN, PATH, 'Runtime')}"
    )
    mains = SCOPE.global_arn("iam", f"policy{PATH}{MAIN.names.role(RolePart.ADMIN, PATH, 'Runtime')}")
    for policy, fine in ((own, True), (mains, False), ("arn:aws:iam::aws:policy/AdministratorAccess", False)):
        request = IamRequest("iam:AttachRolePolicy", ROLE, {**attach, "iam:PolicyARN": policy})
        assert allowed(request, ephemeral()) is fine


def test_a_branchs_rule_alarm_or_service_reaches_nothing_of_a_named_stage():
    x = Stage.parse("main-x").names
    rule, alarm = (
        SCOPE.arn("events", f"rule/{x.rule('TaskStopped')}"),
        SCOPE.arn("cloudwatch", f"alarm:{x.alarm('A')}"),
    )
    service = SCOPE.arn("ecs", f"service/{x.service}/{x.service}")
    for names, fine in ((x, True), (MAIN.names, False)):
        topic, function = (
            SCOPE.arn("sns", names.sns_topic),
            SCOPE.arn("lambda", f"function:{names.connect_health}"),
        )
        revision = SCOPE.arn("ecs", f"task-definition/{names.service}:1")
        asked = [
            IamRequest("events:PutTargets", rule, {"events:TargetArn": (topic,)}),
            IamRequest("events:PutTargets", rule, {"events:TargetArn": function}),
            IamRequest("cloudwatch:PutMetricAlarm", alarm, {"cloudwatch:AlarmActions": (topic,)}),
            IamRequest("ecs:CreateService", service, {"ecs:task-definition": revision}),
            IamRequest("ecs:UpdateService", service, {"ecs:task-definition": revision}),
        ]
        assert [allowed(request, ephemeral()) for request in asked] == [fine] * len(asked)


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
@pytest.mark.parametrize("stage", [*NAMED_STAGES, LONGEST, None])
def test_every_document_is_within_iams_limits(stage: str | None, partition: str):
    region = {"aws": "ap-southeast-1", "aws-us-gov": "us-gov-west-1"}[partition]
    scope = type(SCOPE)(partition, region, "123456789012")
    boundary = f"arn:{partition}:iam::123456789012:policy/cms-cloud-admin/developer-boundary-policy"
    who = Deployer(
        scope,
        Stage.parse(stage) if stage else None,
        boundary=boundary,
        iam_path="/delegatedadmin/developer/",
        secret_prefix="agency/mmdl",
        secrets_keys=(scope.arn("kms", f"key/{KEY_ID}"),),
    )
    for found in (
        deployer_policy.policies(who, balancer=True),
        deployer_policy.policies(who, uses=Use.VERIFY),
    ):
        assert len(found) <= 10
        assert len({policy.name for policy in found}) == len(found)
        for policy in found:
            assert deployer_policy.size(policy.document) <= deployer_policy.MAX_CHARACTERS
            assert len(policy.name) <= 128
            sids = [statement["Sid"] for statement in policy.document["Statement"]]
            assert len(set(sids)) == len(sids)
            assert all(sid.isalnum() for sid in sids)


def test_statements_are_packed_and_none_is_lost():
    found = deployer_policy.policies(deployer(MAIN))
    sids = [statement["Sid"] for policy in found for statement in policy.document["Statement"]]
    assert len(sids) == len(set(sids))


@pytest.mark.parametrize("whose", ["foundation", "main", "ephemeral"])
def test_no_line_of_an_allowing_statement_can_be_left_out(whose: str):
    """Without any one action, or any one resource, something of a deployer's work is refused."""
    if whose == "foundation":
        asked = set(of_foundation())
        who = deployer(foundation=True)
        asked |= set(_foundation_calls())
    else:
        stage = MAIN if whose == "main" else Stage.parse("feature.x")
        who = deployer(MAIN if whose == "main" else None)
        asked = {*of_stage(stage, balancer=True), *calls_of(stage), *_of_function_too(stage)}
    # The right to push has a document of its own, whose calls the container tool makes.
    policies = [
        p.document for p in deployer_policy.policies(who, balancer=True) if not p.name.endswith("image")
    ]
    assert refused(iter(asked), policies) == []
    idle = []
    for policy in policies:
        for statement in policy["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            for action in statement["Action"]:
                less = without_action(policies, statement["Sid"], action)
                if not any(r.action == action and not allowed(r, less) for r in asked):
                    idle.append(f"{statement['Sid']}: {action}")
    assert idle == []


def _foundation_calls() -> Iterator[IamRequest]:
    place = Place(SCOPE.region, SCOPE.account)
    one = {
        "cloudformation": {"StackName": FOUNDATION_STACK},
        "secretsmanager": {"SecretId": "wms/default/alertEmails"},
        "sns": {"TopicArn": SCOPE.arn("sns", f"{FOUNDATION_STACK}-Alerts-ABC123")},
        "cloudwatch": {"AlarmName": f"{FOUNDATION_STACK}-CriticalFindingsUndelivered-ABC123"},
        "events": {"Name": f"{FOUNDATION_STACK}-CriticalFindings-ABC123"},
        "ecr": {"repositoryName": "wms-connector"},
    }
    for call in CALLS:
        if call.operation and call.uses & Use.FOUNDATION:
            parameters = {} if call.targets == (Target.ANYTHING,) else one.get(call.service, {})
            yield from call_requests.requests(place, call.service, call.operation, parameters)


def _of_function_too(stage: Stage) -> Iterator[IamRequest]:
    """Calls that name no stack: all stacks, a template that is sent."""
    place = Place(SCOPE.region, SCOPE.account)
    for operation in ("describe_stacks", "get_template_summary", "validate_template"):
        if stage.ephemeral or operation != "describe_stacks":
            yield from call_requests.requests(place, "cloudformation", operation, {})


@pytest.mark.parametrize(
    "sid",
    [
        *("ProtectMain", "ProtectVal", "ProtectProduction", "ProtectByTag", "ProtectFromRules"),
        *("ProtectFromAlarms", "ProtectTaskDefinitions", "ProtectPolicies"),
    ],
)
def test_no_denial_can_be_left_out(sid: str):
    """Without any one of them something of a named stage is open."""
    policies = without_action(ephemeral(balancer=True), sid)
    x = Stage.parse("x").names
    tags = {
        "aws:ResourceTag/project": "wms-connector",
        "aws:ResourceTag/stage": "main",
        "aws:ResourceTag/ephemeral": "true",
    }
    opened: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
        "ProtectByTag": ("ec2:DeleteSecurityGroup", SCOPE.arn("ec2", "security-group/sg-1"), tags),
        "ProtectFromRules": (
            "events:PutTargets",
            SCOPE.arn("events", f"rule/{x.rule('TaskStopped')}"),
            {"events:TargetArn": SCOPE.arn("sns", MAIN.names.sns_topic)},
        ),
        "ProtectFromAlarms": (
            "cloudwatch:PutMetricAlarm",
            SCOPE.arn("cloudwatch", f"alarm:{x.alarm('A')}"),
            {"cloudwatch:AlarmActions": (SCOPE.arn("sns", MAIN.names.sns_topic),)},
        ),
        "ProtectTaskDefinitions": (
            "ecs:CreateService",
            SCOPE.arn("ecs", f"service/{x.service}/{x.service}"),
            {"ecs:task-definition": SCOPE.arn("ecs", f"task-definition/{MAIN.names.service}:1")},
        ),
        "ProtectPolicies": (
            "iam:AttachRolePolicy",
            ROLE,
            {
                "iam:PermissionsBoundary": BOUNDARY,
                "iam:PolicyARN": SCOPE.global_arn(
                    "iam", f"policy{PATH}{MAIN.names.role(RolePart.ADMIN, PATH)}"
                ),
            },
        ),
    }
    if sid in opened:
        assert allowed(IamRequest(*opened[sid]), policies)
    else:
        named = Stage.parse(sid.removeprefix("Protect").lower())
        assert len(of_others(policies, things_of(named), _GENEROUS)) > 100


def test_an_unknown_boundary_lets_no_role_be_created():
    policies = printed(Deployer(SCOPE, None))
    for boundary in (BOUNDARY, "arn:aws:iam::aws:policy/AdministratorAccess"):
        assert not allowed(
            IamRequest("iam:CreateRole", ROLE, {"iam:PermissionsBoundary": boundary}), policies
        )


def test_verify_reads_one_stage_and_changes_nothing():
    policies = printed(deployer(MAIN), uses=Use.VERIFY)
    assert refused(calls_of(MAIN, Use.VERIFY), policies) == []
    actions = {action for found in actions_of(policies).values() for action in found}
    assert {a for a in actions if not a.split(":")[1].startswith(("Describe", "Get", "List", "Filter"))} == {
        "lambda:InvokeFunction"
    }


def test_secrets_under_a_key_of_the_agencys_are_read_through_secrets_manager_only():
    key = SCOPE.arn("kms", "key/00000000-aaaa-bbbb-cccc-000000000000")
    policies = printed(deployer(MAIN, secrets_keys=(key,)))
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert allowed(IamRequest("kms:Decrypt", key, via), policies)
    assert not allowed(IamRequest("kms:Decrypt", key), policies)
    assert not allowed(IamRequest("kms:Decrypt", key, via), printed(deployer(MAIN)))


def test_an_iam_path_that_is_none_is_refused():
    with pytest.raises(OperatorError, match="begins and ends with '/'"):
        deployer(MAIN, iam_path="example")


@given(st.sampled_from(NAMED), ephemeral_stages, st.sampled_from(list(RolePart)))
def test_no_role_of_an_ephemeral_stage_begins_like_one_of_a_named_stage(
    named: Stage, other: Stage, part: RolePart
):
    assume(other.ephemeral)
    assert not other.names.role(part, PATH).startswith(named.names.role_start(part))
    assert len(other.names.role(part, PATH, "Brokers")) <= 128
    assert len(other.names.role(part, PATH)) <= 64
