"""What every template keeps to, in every kind of stage and with every way of authenticating."""

import json
import re
from typing import Any

import pytest

from connector.domain.stage.stage import Stage
from templates.shared.common import MAX_TEMPLATE_BYTES
from tests.templates.support import LONGEST, built, of_type, plain, statements, text, variants

#: Actions that AWS offers no resource for, by the service authorization reference.
WITHOUT_RESOURCE = {
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
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
        if "*" not in listed(statement.get("Resource", [])):
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


@ALL
def test_a_roles_policies_fit_into_iams_quota(component: str, stage: str, auth: str):
    """IAM counts the inline policies of a role without white space: 10,240 characters at most."""
    for title, role in of_type(built(component, stage, auth), "AWS::IAM::Role").items():
        documents = [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
        resolved = json.dumps([_resolved(document) for document in documents], separators=(",", ":"))
        assert len(resolved) < 10_240, title


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        flat = plain(value)
        return flat if isinstance(flat, str) else {key: _resolved(item) for key, item in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value


def test_the_longest_stage_is_as_long_as_the_rule_admits():
    assert len(Stage.parse(LONGEST).name) == 64


@pytest.mark.parametrize(("stage", "policy"), [("main", "RetainExceptOnCreate"), ("feature-x", "Delete")])
def test_what_a_named_stage_holds_outlives_its_stacks_and_what_others_hold_does_not(stage: str, policy: str):
    assert built("functions", stage)["Resources"]["State"]["DeletionPolicy"] == policy
    assert built("alerts", stage)["Resources"]["ConnectorLogs"]["DeletionPolicy"] == policy


def test_the_foundation_outlives_its_stack():
    resources = built("foundation")["Resources"]
    for title in ("Key", "Artifacts", "Images"):
        assert resources[title]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resources[title]["UpdateReplacePolicy"] == "Retain"
