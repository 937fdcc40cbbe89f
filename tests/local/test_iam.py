"""On what the local world authorizes calls: what AWS's reference says, or each of two readings."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from connector.domain.stage.stage import Stage
from connector.local.aws_shims.iam import ecs_resource, judged_by
from tests.local.conftest import Embedded
from tests.templates.role_rights import DeployedStage

BASE = "arn:aws:ecs:us-east-1:000000000000"
CLUSTER = f"{BASE}:cluster/c"


@pytest.mark.parametrize(
    ("action", "request_", "resource"),
    [
        ("DescribeServices", {"cluster": "c", "services": ["s"]}, "service/c/s"),
        ("DescribeServices", {"cluster": CLUSTER, "services": [f"{BASE}:service/c/s"]}, "service/c/s"),
        ("UpdateService", {"cluster": "c", "service": "s", "desiredCount": 1}, "service/c/s"),
        ("ListTasks", {"cluster": "c", "serviceName": "s"}, "container-instance/c/*"),
        ("DescribeTasks", {"cluster": "c", "tasks": [f"{BASE}:task/c/1"]}, "task/c/1"),
        ("DescribeTasks", {"tasks": []}, "task/default/*"),
        ("StopTask", {"cluster": "c", "task": "1"}, "task/c/1"),
    ],
)
def test_a_call_is_authorized_on_what_it_touches(action: str, request_: Mapping[str, Any], resource: str):
    assert ecs_resource(action, request_, BASE) == f"{BASE}:{resource}"


def test_other_actions_are_left_to_the_embedded_aws():
    assert ecs_resource("RunTask", {"cluster": "c", "taskDefinition": "t"}, BASE) is None


UNCERTAIN = [call for call in DeployedStage(Stage("main")).calls if call.uncertain]


@pytest.mark.parametrize("call", UNCERTAIN, ids=lambda call: call.action)
def test_a_call_is_judged_by_every_resource_that_aws_may_take(call: Any):
    for resource in call.resources:
        if resource != "*":
            assert set(judged_by(call.action, resource)) == set(call.resources)


def test_other_calls_are_judged_once():
    assert judged_by("ecs:DescribeTasks", f"{BASE}:task/c/1") == (f"{BASE}:task/c/1",)


IN_CLUSTER = {"ArnEquals": {"ecs:cluster": CLUSTER}}


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("resource", "condition", "allowed"),
    [
        (f"{BASE}:container-instance/c/*", IN_CLUSTER, False),
        ("*", IN_CLUSTER, True),
        ("*", {"ArnEquals": {"ecs:cluster": CLUSTER + "2"}}, False),
    ],
)
def test_listing_tasks_must_be_allowed_under_both_readings(
    enforcing: Embedded, resource: str, condition: Mapping[str, Any], allowed: bool
):
    enforcing.client("ecs").create_cluster(clusterName="c")
    iam = enforcing.client("iam")
    user = iam.create_user(UserName=f"lister{len(resource)}{len(str(condition))}")["User"]["UserName"]
    statement = {"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": resource, "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    ecs: Any = boto3.client(
        "ecs",
        endpoint_url=enforcing.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    try:
        ecs.list_tasks(cluster="c")
        answer = "allowed"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    assert answer == ("allowed" if allowed else "AccessDeniedException")
