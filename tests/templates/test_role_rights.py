"""Every call of the table is allowed by its role, nothing else is, and nothing of another stage is."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from connector.domain.access.call import AwsCall, AwsScope, Caller
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage, refusal
from tests.domain import strategies
from tests.support.iam.evaluator import Decision, IamRequest, ResourcePolicy, decide
from tests.support.iam.patterns import as_list
from tests.support.iam.rendered import allows, refusals
from tests.templates.role_rights import COMMERCIAL, GOVERNMENT, OTHER_ACCOUNT, ROLES, DeployedStage
from tests.templates.support import LONGEST

MAIN = Stage("main")
AUTHS = st.sampled_from([auth.value for auth in KafkaAuth])
DEPLOYED = st.builds(
    DeployedStage, strategies.stages, AUTHS, st.sampled_from([COMMERCIAL, GOVERNMENT]), st.booleans()
)

#: What no foreign row is refused for: AWS names no resource of a stage, or all stages share it.
SHARED = (
    "ecr:",  # the repository of the image
    "ec2:",  # subnets and groups; the roles reach interfaces only through the Lambda service
    "kms:",  # the foundation's key: each service asks for the right on its own resource first
)


@given(DEPLOYED)
@example(DeployedStage(MAIN))
@example(DeployedStage(Stage("val"), "scram"))
@example(DeployedStage(Stage("production"), "plaintext", GOVERNMENT))
@example(DeployedStage(Stage(LONGEST), "iam", balancer=True))
@example(DeployedStage(Stage("main-x"), "tls", prefix="agency/team/wms"))
def test_every_call_of_the_table_is_allowed_whichever_resource_aws_judges_it_by(deployed: DeployedStage):
    for call in deployed.calls:
        assert refusals(call, deployed.policies(call.caller)) == [], call


@given(DEPLOYED)
@example(DeployedStage(Stage("main-x")))
def test_no_action_is_allowed_that_is_never_called(deployed: DeployedStage):
    for caller in ROLES:
        called = {call.action for call in deployed.calls if call.caller is caller}
        allowed = {
            action
            for policy in deployed.policies(caller)
            for statement in policy["Statement"]
            if statement["Effect"] == "Allow"
            for action in as_list(statement["Action"])
        }
        assert allowed == called, caller


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[DeployedStage, DeployedStage]:
    """Two stages of one account, often with names that are easily confused."""
    own = draw(strategies.stages)
    text = draw(st.one_of(strategies.texts, strategies.relatives(own.name)))
    assume(refusal(text) is None)
    auth, foreign = draw(AUTHS), Stage(text)
    assume(foreign != own)
    return DeployedStage(own, auth), DeployedStage(foreign, auth)


@given(neighbours())
@example((DeployedStage(Stage("main-x")), DeployedStage(MAIN)))
@example((DeployedStage(MAIN), DeployedStage(Stage("main-x"))))
@example((DeployedStage(Stage("production.2")), DeployedStage(Stage("production"))))
@example((DeployedStage(Stage("a")), DeployedStage(Stage("a.b"))))
@example((DeployedStage(Stage("A")), DeployedStage(Stage("a"))))
def test_nothing_of_another_stage_is_allowed(pair: tuple[DeployedStage, DeployedStage]):
    own, foreign = pair
    compared = set()
    for call, resource in foreign_resources(own, foreign):
        compared.add(call.action)
        assert not allows(call, resource, own.policies(call.caller)), (call, resource)
    assert {
        "secretsmanager:GetSecretValue",
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:DescribeServices",
        "ecs:UpdateService",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "cloudwatch:PutMetricData",
        "logs:FilterLogEvents",
        "logs:PutLogEvents",
        "sns:GetTopicAttributes",
        "sns:Publish",
        "sqs:SendMessage",
    } <= compared


def foreign_resources(own: DeployedStage, foreign: DeployedStage) -> Iterator[tuple[AwsCall, str]]:
    """The rows of another stage's roles that are not this stage's rows, too."""
    mine = {
        (call.caller, call.action, resource, tuple(sorted(call.context.items())))
        for call in own.calls
        for resource in call.resources
    }
    for call in foreign.calls:
        if call.action.startswith(SHARED):
            continue
        for resource in call.resources:
            if (call.caller, call.action, resource, tuple(sorted(call.context.items()))) in mine:
                continue
            if call.action == "kafka-cluster:DescribeTopic" and call.caller is Caller.ADMIN_FUNCTION:
                continue  # a launch sees the names of all topics
            yield call, resource


@pytest.mark.parametrize("caller", ROLES)
@pytest.mark.parametrize("auth", [auth.value for auth in KafkaAuth])
def test_a_role_cannot_reach_functions_roles_stacks_or_secrets_values_of_any_stage(caller: Caller, auth: str):
    deployed = DeployedStage(MAIN, auth)
    for stage in (MAIN, Stage("main-x"), Stage("production")):
        for request in dangerous(stage):
            assert decide(request, deployed.policies(caller)) is not Decision.ALLOWED, request


def dangerous(stage: Stage) -> Iterator[IamRequest]:
    """What whoever wants another stage would try."""
    names, arn = stage.names, COMMERCIAL.arn
    for function in (names.connect_admin, names.connect_health):
        for action in (
            "InvokeFunction",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "AddPermission",
        ):
            yield IamRequest(f"lambda:{action}", arn("lambda", f"function:{function}"))
    role = COMMERCIAL.global_arn("iam", f"role/example/{names.service}-x")
    for action in ("PassRole", "PutRolePolicy", "AttachRolePolicy", "DeleteRolePermissionsBoundary"):
        yield IamRequest(f"iam:{action}", role)
    yield IamRequest("sts:AssumeRole", role)
    task = arn("ecs", f"task-definition/{names.service}:1")
    for action in ("RunTask", "ExecuteCommand"):
        yield IamRequest(f"ecs:{action}", task, {"ecs:cluster": arn("ecs", f"cluster/{names.service}")})
    if stage != MAIN:
        # A rotation of its own gives the stage's service another one.
        yield IamRequest("ecs:RegisterTaskDefinition", task)
    for stack in names.stacks.values():
        yield IamRequest("cloudformation:UpdateStack", arn("cloudformation", f"stack/{stack}/0a"))
    secret = arn("secretsmanager", f"secret:wms/{stage.name}/dbInfo-AbCdEf")
    for action in ("PutSecretValue", "UpdateSecret", "PutResourcePolicy", "DeleteSecret"):
        yield IamRequest(f"secretsmanager:{action}", secret)
    yield IamRequest("sns:Subscribe", arn("sns", names.sns_topic))
    yield IamRequest("logs:PutSubscriptionFilter", arn("logs", f"log-group:{names.connector_log_group}"))
    yield IamRequest("logs:CreateLogGroup", arn("logs", f"log-group:{names.connector_log_group}"))


KEY_USERS = (Caller.ADMIN_FUNCTION, Caller.HEALTH_FUNCTION, Caller.EXECUTION_ROLE)


@pytest.mark.parametrize("caller", KEY_USERS)
def test_keys_are_used_through_their_services_only(caller: Caller):
    deployed = DeployedStage(MAIN)
    policies, own = deployed.policies(caller), deployed.resources.secrets_keys

    def used(key: str, **context: str) -> bool:
        request = IamRequest("kms:Decrypt", key, {f"kms:{name}": value for name, value in context.items()})
        return decide(request, policies) is Decision.ALLOWED

    for key in (deployed.key, *own):
        assert used(key, ViaService="secretsmanager.us-east-1.amazonaws.com")
        assert not used(key)
        assert not used(key, ViaService="s3.us-east-1.amazonaws.com")
    for key in own:
        assert not used(key, ViaService="dynamodb.us-east-1.amazonaws.com")
    stranger = COMMERCIAL.arn("kms", "key/strange")
    assert not used(stranger, ViaService="secretsmanager.us-east-1.amazonaws.com")


def test_an_accounts_own_keys_are_used_by_whoever_reads_secrets_and_by_nobody_else():
    deployed = DeployedStage(MAIN)
    readers = {call.caller for call in deployed.calls if call.action == "secretsmanager:GetSecretValue"}
    assert readers == set(KEY_USERS)
    assert deployed.resources.secrets_keys[0] not in str(deployed.policies(Caller.TASK_ROLE))


@pytest.mark.parametrize("caller", [Caller.ADMIN_FUNCTION, Caller.HEALTH_FUNCTION])
def test_interfaces_are_made_by_lambda_for_the_function_and_never_by_its_code(caller: Caller):
    deployed = DeployedStage(MAIN)
    names = deployed.stage.names
    function = names.connect_admin if caller is Caller.ADMIN_FUNCTION else names.connect_health
    from_code = {"lambda:SourceFunctionArn": COMMERCIAL.arn("lambda", f"function:{function}")}
    made = [call for call in deployed.calls if call.caller is caller and "NetworkInterface" in call.action]
    changing = [call for call in made if not call.action.startswith("ec2:Describe")]
    assert changing
    for call in changing:
        for resource in call.resources:
            request = IamRequest(call.action, resource, from_code)
            assert decide(request, deployed.policies(caller)) is Decision.EXPLICITLY_DENIED


@pytest.mark.parametrize("caller", [Caller.ADMIN_FUNCTION, Caller.HEALTH_FUNCTION])
def test_interfaces_are_made_in_the_given_subnets_of_another_account_and_in_no_others(caller: Caller):
    owner = AwsScope("aws", "us-east-1", OTHER_ACCOUNT)
    policies = DeployedStage(MAIN).policies(caller)
    for action, resource in (
        ("ec2:CreateNetworkInterface", "subnet/subnet-0b000000000000009"),
        ("ec2:CreateNetworkInterface", "security-group/sg-0a"),
        ("ec2:DeleteNetworkInterface", "network-interface/*"),
    ):
        assert decide(IamRequest(action, owner.arn("ec2", resource)), policies) is not Decision.ALLOWED


@pytest.mark.parametrize("caller", ROLES)
def test_a_role_is_taken_by_its_service_and_nobody_else(caller: Caller):
    deployed = DeployedStage(MAIN)
    component, role = ROLES[caller]
    trust = deployed.stack(component).trust(role)
    # In a trust policy the role itself is the resource: the element is left out.
    whole = {**trust, "Statement": [{**s, "Resource": "*"} for s in trust["Statement"]]}
    arn = COMMERCIAL.global_arn("iam", "role/example/x")

    def taken(principal: str, **context: str) -> bool:
        keys = {f"aws:{name}": value for name, value in context.items()}
        request = IamRequest("sts:AssumeRole", arn, keys, principal)
        policy = ResourcePolicy(whole, required=True)
        everything = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
        return decide(request, [everything], resource_policy=policy) is Decision.ALLOWED

    service = "lambda.amazonaws.com" if component == "functions" else "ecs-tasks.amazonaws.com"
    assert taken(service, SourceAccount=COMMERCIAL.account)
    assert not taken("ec2.amazonaws.com", SourceAccount=COMMERCIAL.account)
    assert not taken(COMMERCIAL.global_arn("iam", "role/admin"))
    if component == "connector":
        assert not taken(service, SourceAccount=OTHER_ACCOUNT)
