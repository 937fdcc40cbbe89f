"""On what the local world authorizes ECS calls: what AWS's service authorization reference says."""

from collections.abc import Mapping
from typing import Any

import pytest

from connector.local.aws_shims.iam import ecs_resource

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
