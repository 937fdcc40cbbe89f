"""CloudFormation: `NotificationARNs` in DescribeStacks, the description of a stack made by a change set.

AWS always answers with the list, empty or not, and Sceptre's `diff` reads it without asking whether it is
there. It is remembered from CreateStack and UpdateStack and put into the answer. A stack that a change set
makes has the description of its template on AWS.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import json
import re
from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims._ministack import module

_STACK_ID = re.compile(rb"(<StackId>([^<]*)</StackId>)")


def install() -> None:
    """Wrap the four actions."""
    handlers = module("services.cloudformation.handlers")
    actions = next(
        value for value in vars(handlers).values() if isinstance(value, dict) and "DescribeStacks" in value
    )
    for action in ("CreateStack", "UpdateStack"):
        actions[action] = _remembering(actions[action])
    actions["CreateChangeSet"] = _describing(actions["CreateChangeSet"])
    actions["DescribeStacks"] = _telling(actions["DescribeStacks"])


def _remembering(original: Any) -> Any:
    def handler(params: Any) -> Any:
        answer = original(params)
        if answer[0] == 200:
            handlers = module("services.cloudformation.handlers")
            stack = handlers._resolve_stack(handlers._p(params, "StackName"))
            if stack is not None:
                stack["NotificationARNs"] = handlers._extract_string_members(params, "NotificationARNs")
        return answer

    return handler


def _describing(original: Any) -> Any:
    def handler(params: Any) -> Any:
        answer = original(params)
        if answer[0] == 200:
            handlers = module("services.cloudformation.handlers")
            stack = handlers._resolve_stack(handlers._p(params, "StackName"))
            if stack is not None and not stack.get("Description"):
                template = json.loads(handlers._p(params, "TemplateBody") or "{}")
                stack["Description"] = template.get("Description", "")
        return answer

    return handler


def _telling(original: Any) -> Any:
    def handler(params: Any) -> Any:
        status, headers, body = original(params)
        if status != 200:
            return status, headers, body
        stacks: Mapping[str, Any] = module("services.cloudformation")._stacks
        known = {stack["StackId"]: stack.get("NotificationARNs", []) for stack in stacks.values()}

        def added(match: re.Match[bytes]) -> bytes:
            members = "".join(f"<member>{arn}</member>" for arn in known.get(match.group(2).decode(), []))
            return match.group(1) + f"<NotificationARNs>{members}</NotificationARNs>".encode()

        content = body if isinstance(body, bytes) else str(body).encode()
        return status, headers, _STACK_ID.sub(added, content)

    return handler
