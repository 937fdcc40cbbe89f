"""Who may use a stage's topics and queue, the foundation's key and its bucket, by their own policies."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.domain.access.call import Caller
from connector.domain.health.metrics import RULES
from connector.domain.stage.stage import Stage
from tests.support.iam.evaluator import Decision, IamRequest, ResourcePolicy, decide
from tests.support.iam.rendered import Rendered
from tests.templates.role_rights import COMMERCIAL, OTHER_ACCOUNT, DeployedStage
from tests.templates.support import built, of_type

MAIN = Stage("main")
TLS = {"aws:SecureTransport": "true"}
BUCKET = "arn:aws:s3:::artifacts"
KEY = COMMERCIAL.arn("kms", "key/0a1b2c3d-foundation")
OWN, OTHER = {"aws:SourceAccount": COMMERCIAL.account}, {"aws:SourceAccount": OTHER_ACCOUNT}
NOBODY = COMMERCIAL.global_arn("iam", "role/nobody")


def decided(request: IamRequest, policy: dict[str, Any], *, key: bool = False) -> Decision:
    return decide(request, resource_policy=ResourcePolicy(policy, required=key))


def asked(action: str, resource: str, principal: str, context: dict[str, Any]) -> IamRequest:
    return IamRequest(action, resource, {**TLS, **context}, principal)


def topic_policies(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """(ARN, policy) of every topic of a stage."""
    template = built("alerts", stage.name)
    topics = {
        title: COMMERCIAL.arn("sns", topic["Properties"]["TopicName"])
        for title, topic in of_type(template, "AWS::SNS::Topic").items()
    }
    rendered = Rendered(template, COMMERCIAL, topics)
    return [
        (arn, rendered.document(title))
        for title, policy in of_type(template, "AWS::SNS::TopicPolicy").items()
        for arn in rendered.resolved(policy["Properties"]["Topics"])
    ]


def test_a_topic_takes_from_this_accounts_alarms_and_from_nobody_elses():
    found = topic_policies(MAIN)
    assert found
    for arn, policy in found:
        assert decided(asked("sns:Publish", arn, "cloudwatch.amazonaws.com", OWN), policy) is Decision.ALLOWED
        for principal, context in (
            ("cloudwatch.amazonaws.com", OTHER),
            ("cloudwatch.amazonaws.com", {}),
            ("s3.amazonaws.com", OWN),
            (NOBODY, {}),
        ):
            refused = decided(asked("sns:Publish", arn, principal, context), policy)
            assert refused is not Decision.ALLOWED, (arn, principal, context)
        for action in ("sns:Subscribe", "sns:SetTopicAttributes", "sns:AddPermission"):
            taken = decided(asked(action, arn, "cloudwatch.amazonaws.com", OWN), policy)
            assert taken is not Decision.ALLOWED


def test_the_queue_takes_from_this_stages_rules_only():
    template = built("functions", "main")
    queue = COMMERCIAL.arn("sqs", MAIN.names.dead_letter_queue)
    rendered = Rendered(template, COMMERCIAL, {"DeadLetters.Arn": queue, "DeadLetters": queue})
    policy = rendered.document("DeadLettersPolicy")
    for stage, expected in ((MAIN, True), (Stage("main-x"), False)):
        for rule in RULES:
            context = {"aws:SourceArn": COMMERCIAL.arn("events", f"rule/{stage.names.rule(rule)}")}
            request = asked("sqs:SendMessage", queue, "events.amazonaws.com", context)
            assert (decided(request, policy) is Decision.ALLOWED) == expected
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert decided(asked(action, queue, NOBODY, {}), policy) is not Decision.ALLOWED


FOUNDATION = Rendered(
    built("foundation"), COMMERCIAL, {"Key": "key", "Key.Arn": KEY, "Artifacts": "a", "Artifacts.Arn": BUCKET}
)
KEY_POLICY = FOUNDATION.document("Key", "KeyPolicy")


def test_the_key_is_left_to_iam_in_this_account_and_closed_to_others():
    deployed = DeployedStage(MAIN)
    role = COMMERCIAL.global_arn("iam", "role/example/admin")
    (call, *_) = [c for c in deployed.calls if c.action == "kms:Decrypt" and KEY in c.resources]
    request = IamRequest(call.action, KEY, {**TLS, **call.context}, role)
    policy = ResourcePolicy(KEY_POLICY, required=True)
    allowed = decide(request, deployed.policies(Caller.ADMIN_FUNCTION), resource_policy=policy)
    assert allowed is Decision.ALLOWED
    assert decide(request, [], resource_policy=policy) is not Decision.ALLOWED
    foreign = IamRequest(call.action, KEY, call.context, f"arn:aws:iam::{OTHER_ACCOUNT}:role/example/admin")
    assert decide(foreign, [], resource_policy=policy) is not Decision.ALLOWED


@pytest.mark.parametrize("stage", [MAIN, Stage("main-x")])
def test_cloudwatch_logs_uses_the_key_for_our_log_groups_only(stage: Stage):
    names = stage.names
    ours = [
        names.connector_log_group,
        *(names.function_log_group(function) for function in (names.connect_admin, names.connect_health)),
    ]
    for group, expected in {**dict.fromkeys(ours, True), "/aws/lambda/else": False}.items():
        context = {"kms:EncryptionContext:aws:logs:arn": COMMERCIAL.arn("logs", f"log-group:{group}")}
        request = asked("kms:Encrypt", KEY, "logs.us-east-1.amazonaws.com", context)
        assert (decided(request, KEY_POLICY, key=True) is Decision.ALLOWED) == expected


@pytest.mark.parametrize(
    ("principal", "context", "expected"),
    [
        ("cloudwatch.amazonaws.com", OWN, True),
        ("cloudwatch.amazonaws.com", OTHER, False),
        ("s3.amazonaws.com", OWN, False),
    ],
)
def test_the_key_opens_topics_for_this_accounts_alarms(
    principal: str, context: dict[str, str], expected: bool
):
    request = asked("kms:GenerateDataKey", KEY, principal, context)
    assert (decided(request, KEY_POLICY, key=True) is Decision.ALLOWED) == expected


def test_nobody_reaches_the_bucket_without_tls():
    policy = FOUNDATION.document("ArtifactsPolicy")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for tls, expected in (("true", Decision.ALLOWED), ("false", Decision.EXPLICITLY_DENIED)):
        request = IamRequest("s3:GetObject", f"{BUCKET}/lambda/x.zip", {"aws:SecureTransport": tls}, NOBODY)
        assert decide(request, [everything], resource_policy=ResourcePolicy(policy)) is expected


def test_the_statement_in_the_paper_opens_an_own_key_to_the_roles_through_secrets_manager_only():
    paper = Path(__file__).parents[2] / "docs/secrets.md"
    (block,) = re.findall(r"```json\n(.*?)```", paper.read_text(encoding="utf-8"), re.DOTALL)
    policy = ResourcePolicy({"Version": "2012-10-17", "Statement": [json.loads(block)]}, required=True)
    deployed, role = DeployedStage(MAIN), COMMERCIAL.global_arn("iam", "role/example/x")
    own = deployed.resources.secrets_keys[0]
    uses = [call for call in deployed.calls if own in call.resources]
    assert {call.caller for call in uses} == {
        Caller.ADMIN_FUNCTION,
        Caller.HEALTH_FUNCTION,
        Caller.EXECUTION_ROLE,
    }
    for call in uses:
        policies = deployed.policies(call.caller)
        request = IamRequest(call.action, own, call.context, role)
        assert decide(request, policies, resource_policy=policy) is Decision.ALLOWED
        assert decide(request, [], resource_policy=policy) is not Decision.ALLOWED
        directly = IamRequest(call.action, own, {}, role)
        assert decide(directly, policies, resource_policy=policy) is not Decision.ALLOWED
