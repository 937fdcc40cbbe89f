"""What every template keeps to, in every kind of stage and with every way of authenticating."""

import json
import re
from typing import Any

import pytest

from connector.domain.stage.stage import Stage
from templates.shared.common import MAX_TEMPLATE_BYTES
from templates.shared.roles import MAX_POLICY_CHARACTERS
from tests.templates.support import LONGEST, MSK, built, of_type, plain, statements, text, variants

#: Actions that AWS offers no resource for, by the service authorization reference.
WITHOUT_RESOURCE = {
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "ecs:DescribeTaskDefinition",
    # The reference names a resource, refusals do not: allowed under both, and bound to the cluster.
    "ecs:ListTasks",
}

ALL = pytest.mark.parametrize(("component", "stage", "auth"), list(variants()))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@ALL
def test_every_role_has_the_path_and_the_boundary(component: str, stage: str, auth: str):
    for title, role in of_type(built(component, stage, auth), "AWS::IAM::Role").items():
        assert role["Properties"]["Path"] == "/example/", title
        assert role["Properties"]["PermissionsBoundary"].endswith(":policy/boundary"), title


@ALL
def test_the_resource_star_is_used_only_where_the_action_takes_no_resource(
    component: str, stage: str, auth: str
):
    for title, statement in statements(built(component, stage, auth)):
        if "*" not in listed(statement.get("Resource", [])) or statement["Effect"] == "Deny":
            continue
        if title == "Key":
            continue  # in a key's policy the star is that key
        assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE, (title, statement)


@ALL
def test_no_statement_allows_a_whole_service(component: str, stage: str, auth: str):
    for title, statement in statements(built(component, stage, auth)):
        wide = [action for action in listed(statement["Action"]) if action.endswith(":*") or action == "*"]
        if title == "Key" and statement["Sid"] == "AccountAdministers":
            continue  # else nobody could ever change the key
        assert not wide or statement["Effect"] == "Deny", (title, wide)


@ALL
def test_topics_queues_and_buckets_refuse_plain_http(component: str, stage: str, auth: str):
    """Each has a policy, and in it a Deny for everybody that binds to `aws:SecureTransport` alone."""
    template = built(component, stage, auth)
    holders = {
        kind: len(of_type(template, f"AWS::{kind}")) for kind in ("SNS::Topic", "SQS::Queue", "S3::Bucket")
    }
    for kind, number in holders.items():
        policies = of_type(template, f"AWS::{kind}Policy")
        assert len(policies) == number, kind
        for title, policy in policies.items():
            statements = policy["Properties"]["PolicyDocument"]["Statement"]
            (denied,) = (s for s in statements if s["Effect"] == "Deny")
            assert denied["Principal"] == "*", title
            assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, title


@ALL
def test_nothing_creates_log_groups_late(component: str, stage: str, auth: str):
    for title, statement in statements(built(component, stage, auth)):
        assert "logs:CreateLogGroup" not in listed(statement["Action"]), title


@ALL
def test_secrets_of_other_stages_are_out_of_reach(component: str, stage: str, auth: str):
    allowed = re.compile(rf":secret:wms/({re.escape(stage)}|default)/")
    for title, statement in statements(built(component, stage, auth)):
        if any(action.startswith("secretsmanager:") for action in listed(statement["Action"])):
            assert all(allowed.search(arn) for arn in plain(listed(statement["Resource"]))), title


@ALL
def test_logs_are_encrypted_and_end(component: str, stage: str, auth: str):
    for title, group in of_type(built(component, stage, auth), "AWS::Logs::LogGroup").items():
        assert group["Properties"]["KmsKeyId"] == {"Ref": "KmsKeyArn"}, title
        assert group["Properties"]["RetentionInDays"] == 30, title


@ALL
def test_it_fits_into_a_request_and_is_the_same_every_time(component: str, stage: str, auth: str):
    body = text(component, stage, auth)
    assert body == text(component, stage, auth)
    assert len(body.encode()) < MAX_TEMPLATE_BYTES


#: What makes policies long: a long partition and region, and as much of everything as settings allow.
LONGEST_FACTS = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-99",
    "AWS::AccountId": "1" * 12,
    # S3's limit.
    "ArtifactBucketName": "b" * 63,
}
LONGEST_ARN = "arn:aws-us-gov:kms:ap-southeast-99:123456789012:key/mrk-" + "0" * 32
MUCH = {
    "functions": {
        "subnets": [f"subnet-{number:017x}" for number in range(16)],
        "secrets_key_arns": [f"{LONGEST_ARN[:-2]}{number:02}" for number in range(10)],
    },
    "connector": {"secrets_key_arns": [f"{LONGEST_ARN[:-2]}{number:02}" for number in range(10)]},
}


@ALL
def test_a_roles_policies_fit_into_iams_quotas(component: str, stage: str, auth: str):
    """IAM takes 6,144 characters a managed policy, white space not counted, and 10 policies a role."""
    longest_msk = f"{MSK.partition(':cluster/')[0]}:cluster/{'c' * 64}/{MSK.rpartition('/')[2]}"
    more = {**MUCH.get(component, {}), **({"msk_cluster_arn": longest_msk} if auth == "iam" else {})}
    template = built(component, stage, auth, **(more if component in MUCH else {}))
    for title, policy in of_type(template, "AWS::IAM::ManagedPolicy").items():
        text = json.dumps(_resolved(policy["Properties"]["PolicyDocument"]))
        assert len(re.sub(r"\s", "", text)) <= MAX_POLICY_CHARACTERS, title
    for title, role in of_type(template, "AWS::IAM::Role").items():
        assert len(role["Properties"].get("ManagedPolicyArns", [])) <= 10, title


@ALL
def test_a_role_has_its_policies_from_its_first_moment_and_no_inline_ones(
    component: str, stage: str, auth: str
):
    """The role refers to its policies: CloudFormation attaches them before anything can refer to the role."""
    template = built(component, stage, auth)
    policies = of_type(template, "AWS::IAM::ManagedPolicy")
    attached: list[str] = []
    for title, role in of_type(template, "AWS::IAM::Role").items():
        assert "Policies" not in role["Properties"], title
        attached += [arn["Ref"] for arn in role["Properties"].get("ManagedPolicyArns", [])]
    assert sorted(attached) == sorted(policies)
    for title, policy in policies.items():
        assert policy["Properties"]["Path"] == "/example/", title
        assert policy["Properties"]["Description"], title
        assert not {"Roles", "Users", "Groups"} & set(policy["Properties"]), title


def _resolved(value: Any) -> Any:
    """With the longest values that references can have."""
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: LONGEST_FACTS[found[1]], value["Fn::Sub"])
    if set(value) == {"Ref"} or set(value) == {"Fn::GetAtt"}:
        return LONGEST_ARN
    return {key: _resolved(item) for key, item in value.items()}


def test_the_longest_stage_is_as_long_as_the_rule_admits():
    assert len(Stage.parse(LONGEST).name) == 64


@pytest.mark.parametrize(("stage", "policy"), [("main", "RetainExceptOnCreate"), ("feature-x", "Delete")])
def test_what_a_named_stage_holds_outlives_its_stacks_and_what_others_hold_does_not(stage: str, policy: str):
    assert built("functions", stage)["Resources"]["State"]["DeletionPolicy"] == policy
    assert built("alerts", stage)["Resources"]["ConnectorLogs"]["DeletionPolicy"] == policy


def test_the_foundation_outlives_its_stack():
    resources = built("foundation")["Resources"]
    for title in ("Key", "Artifacts", "AccessLogs", "Images"):
        assert resources[title]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resources[title]["UpdateReplacePolicy"] == "Retain"
