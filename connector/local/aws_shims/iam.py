"""IAM: what a call is authorized on, where MiniStack asks for another resource than AWS does.

With `AUTH=true` MiniStack authorizes every ECS call that names a cluster on that cluster, and names no
condition `ecs:cluster`; CloudWatch's `PutMetricData` comes without `cloudwatch:namespace`. Statements that
are right on AWS would be denied here
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html).
Of several services or tasks in one call the first one counts.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from connector.local.aws_shims._ministack import module

_TARGET = "AmazonEC2ContainerServiceV20141113."


def install() -> None:
    """Wrap the two functions that the router asks."""
    actions = module("core.iam_actions")
    actions.extract_resource_arn = _resource(actions.extract_resource_arn)
    actions.request_tag_context = _context(actions.request_tag_context)


def ecs_resource(action: str, request: Mapping[str, Any], base: str) -> str | None:
    """The resource on which AWS authorizes an ECS action; None for those that are left to MiniStack.

    `base` is `arn:aws:ecs:<region>:<account>`.
    """
    cluster = _last(request.get("cluster")) or "default"
    if action == "DescribeServices":
        return f"{base}:service/{cluster}/{_first(request.get('services'))}"
    if action in ("UpdateService", "DeleteService"):
        return f"{base}:service/{cluster}/{_last(request.get('service'))}"
    if action == "ListTasks":
        # Authorized on container instances, Fargate or not.
        return f"{base}:container-instance/{cluster}/*"
    if action == "DescribeTasks":
        return f"{base}:task/{cluster}/{_first(request.get('tasks'))}"
    if action == "StopTask":
        return f"{base}:task/{cluster}/{_last(request.get('task'))}"
    return None


def _resource(original: Callable[..., str]) -> Callable[..., str]:
    def extract(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *rest: Any,
    ) -> str:
        if service == "ecs":
            _, region, account = rest
            action = headers.get("x-amz-target", "").removeprefix(_TARGET)
            found = ecs_resource(action, _parsed(body), f"arn:aws:ecs:{region}:{account}")
            if found is not None:
                return found
        return original(service, method, path, headers, body, *rest)

    return extract


def _context(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(service: str, action: str, body: bytes, params: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(original(service, action, body, params))
        if service == "ecs":
            responses = module("core.responses")
            cluster = _last(_parsed(body).get("cluster")) or "default"
            base = f"arn:aws:ecs:{responses.get_region()}:{responses.get_account_id()}"
            found["ecs:cluster"] = f"{base}:cluster/{cluster}"
        if action == "cloudwatch:PutMetricData":
            found["cloudwatch:namespace"] = _namespace(body, params)
        return found

    return context


def _namespace(body: bytes, params: Mapping[str, Any]) -> str | None:
    value = params.get("Namespace")
    if value is None:
        value = _parsed(body).get("Namespace")
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except (ValueError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _last(value: object) -> str:
    """A name, or the last part of an ARN."""
    return str(value or "").rsplit("/", 1)[-1]


def _first(values: object) -> str:
    return _last(values[0]) if isinstance(values, list) and values else "*"
