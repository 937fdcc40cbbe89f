"""IAM: what a call is authorized on, where MiniStack asks for another resource than AWS does.

With `AUTH=true` MiniStack authorizes every ECS call that names a cluster on that cluster, and names no
condition `ecs:cluster`; CloudWatch's `PutMetricData` comes without `cloudwatch:namespace`. Statements that
are right on AWS would be denied here
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html).
Of several services or tasks in one call the first one counts.

Where public evidence disagrees by which resource AWS judges a call, the call is judged by each of them here,
and all must be allowed: what is right under one reading only must not work here and fail there. The table of
calls (`connector.domain.access`) says which calls those are.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from connector.local.aws_shims._ministack import module

_TARGET = "AmazonEC2ContainerServiceV20141113."


def install() -> None:
    """Wrap the functions that the router asks."""
    actions, evaluator = module("core.iam_actions"), module("core.iam_evaluator")
    actions.extract_resource_arn = _resource(actions.extract_resource_arn)
    actions.request_tag_context = _context(actions.request_tag_context)
    evaluator.enforce = _enforce(evaluator.enforce)


def judged_by(action: str, resource: str) -> tuple[str, ...]:
    """Every resource by which AWS may judge a call of an IAM action on `resource`."""
    if action == "ecs:ListTasks":
        return (resource, "*")
    if action == "logs:FilterLogEvents":
        # `arn:<partition>:logs:<region>:<account>:log-group:<name>`; a group's name has no colon.
        group = ":".join(resource.split(":")[:7])
        return (group, f"{group}:*", f"{group}:log-stream:")
    return (resource,)


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
        # What the reference names, Fargate or not; `judged_by` has the other reading.
        return f"{base}:container-instance/{cluster}/*"
    if action == "DescribeTasks":
        return f"{base}:task/{cluster}/{_first(request.get('tasks'))}"
    if action == "RegisterTaskDefinition":
        # Which revision it will be nobody knows yet.
        return f"{base}:task-definition/{request.get('family', '')}:*"
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


def _enforce(original: Callable[..., Any]) -> Callable[..., Any]:
    def enforce(key: str, action: str, *rest: Any, resource_arn: str = "*", **more: Any) -> Any:
        for resource in judged_by(action, resource_arn):
            denied = original(key, action, *rest, resource_arn=resource, **more)
            if denied is not None:
                return denied
        return None

    return enforce


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
