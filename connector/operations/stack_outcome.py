"""The outcome of a stack's create, update or deletion: whether it failed, and why."""

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from connector.aws import calls, stacks, worker_log
from connector.domain.errors import ServerError
from connector.domain.stage import stack_states
from connector.domain.stage.ownership import COMING_BACK
from connector.domain.stage.stack_states import StackStep
from connector.operations.termination_protection import protect
from connector.sceptre import stack as sceptre_stack

#: States of a stack that was complete, then changed, and is again as it was.
_ROLLED_BACK = ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")

_NOT_DELETED = "DELETE_FAILED"

_STACK = "AWS::CloudFormation::Stack"
#: How a stack's own events begin an operation. A rollback is part of the operation that failed.
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "DELETE_IN_PROGRESS")
#: What CloudFormation says of a resource that it stopped because another one had failed.
_CANCELLED = re.compile(r"Resource (creation|update|deletion|import) cancell?ed", re.IGNORECASE)
#: How services say that a name is taken: "already exists" is what most of them write.
_EXISTS = re.compile(r"already exist|AlreadyExists", re.IGNORECASE)
_LEFT_BEHIND = (
    ". Something of that name is left of an earlier stack, or is not ours: "
    + COMING_BACK
    + ", says how to come back"
)
#: CloudFormation gives 100 events a page, and an operation on the largest of our stacks has some 150.
_MOST_PAGES = 20

#: Stack name -> when CloudFormation last changed it, before this run's update.
_before: dict[str, Any] = {}
#: Stack name -> when this run last saw that nobody changes it, by this process's clock.
_at_rest: dict[str, float] = {}
#: For how long that is good enough: the time between two hooks of one stack.
_FRESH_SECONDS = 2.0


def remember_state(stack: sceptre_stack.SceptreStack) -> None:
    """Remember when the stack was last changed, before this run updates it."""
    description = stacks.describe_stack(stack.connection_manager, stack.external_name)
    if description is not None:
        _before[stack.external_name] = description.get("LastUpdatedTime")


def forget() -> None:
    """Forget everything: a new run."""
    _before.clear()
    _at_rest.clear()


def report(stack: sceptre_stack.SceptreStack) -> None:
    """Raise CloudFormation's own reason unless the stack is complete; a complete one is protected."""
    description = stacks.describe_stack(stack.connection_manager, stack.external_name)
    name = stack.external_name
    if description is None:
        raise ServerError(
            f"stack {name} was created, but does not exist: a deletion of this stage is under way. Wait "
            "until it has ended, then run the same command again"
        )
    _refuse_busy(name, description)
    status = description["StackStatus"]
    if stack_states.step_for(status) is not StackStep.NOTHING and not untouched(stack, description):
        step = "Fix the cause and launch again"
        if stack_states.stuck(status):
            stage = None if sceptre_stack.is_foundation(stack) else sceptre_stack.stage_of(stack)
            step = f"Next: {stack_states.next_step(stage, name, status)}"
        raise ServerError(f"stack {name} is {status}: {_reason(stack, description)}. {step}")
    protect(stack, description)
    _at_rest[name] = time.monotonic()


def report_deletion(stack: sceptre_stack.SceptreStack) -> None:
    """Raise CloudFormation's own reason if the stack could not be deleted: Sceptre ends without one."""
    description = stacks.describe_stack(stack.connection_manager, stack.external_name)
    if description is None or description["StackStatus"] != _NOT_DELETED:
        return
    name = stack.external_name
    stage = None if sceptre_stack.is_foundation(stack) else sceptre_stack.stage_of(stack)
    step = stack_states.next_step(stage, name, _NOT_DELETED)
    raise ServerError(
        f"stack {name} is {_NOT_DELETED}: {_told(stack.connection_manager, name)}. Next: {step}"
    )


def refuse_busy(stack: sceptre_stack.SceptreStack) -> None:
    """Raise while somebody changes the stack: Sceptre goes on to the next one, and registers."""
    if time.monotonic() - _at_rest.get(stack.external_name, -math.inf) < _FRESH_SECONDS:
        return
    description = stacks.describe_stack(stack.connection_manager, stack.external_name)
    if description is not None:
        _refuse_busy(stack.external_name, description)


def _refuse_busy(name: str, description: Mapping[str, Any]) -> None:
    status = description["StackStatus"]
    if stack_states.busy(status):
        raise ServerError(
            f"stack {name} is {status}: {stack_states.under_way(status)} of this stage is under way. Wait "
            "until it has ended, then run the same command again"
        )


def untouched(stack: sceptre_stack.SceptreStack, description: Mapping[str, Any]) -> bool:
    """Whether an earlier run left the stack rolled back and this run had nothing to change in it."""
    if description["StackStatus"] not in _ROLLED_BACK or stack.external_name not in _before:
        return False
    return bool(_before[stack.external_name] == description.get("LastUpdatedTime"))


def failure_reason(events: Iterable[Mapping[str, Any]]) -> str:
    """The first resource that failed in the latest operation, in CloudFormation's own message.

    `events` come newest first, as CloudFormation gives them, and are read only back to where the operation
    began. What a rollback adds fails later, and what CloudFormation cancels fails because of the first
    failure. Where no resource failed, the stack's own reason is given: a time limit, a cancelled update.
    """
    reason = of_stack = ""
    for event in events:
        status, text = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
        if event.get("ResourceType") == _STACK and event.get("LogicalResourceId") == event.get("StackName"):
            if status in _BEGINNINGS:
                break
            of_stack = text or of_stack
        elif status.endswith("_FAILED") and not _CANCELLED.match(text):
            reason = f"{event['LogicalResourceId']}: {text or 'no reason given'}"
    return " ".join((reason or of_stack or "CloudFormation gives no reason").split()).rstrip(".")


def _reason(stack: sceptre_stack.SceptreStack, description: Mapping[str, Any]) -> str:
    """CloudFormation's reason; for a stage's connector stack also its worker's last error."""
    connection = stack.connection_manager
    reason = _told(connection, stack.external_name)
    if sceptre_stack.is_foundation(stack):
        return reason
    stage = sceptre_stack.stage_of(stack)
    if stack.external_name != stage.names.stack("connector"):
        return reason
    since = description.get("LastUpdatedTime") or description["CreationTime"]
    words = worker_log.last_error(connection, stage.names.connector_log_group, since)
    return reason if words is None else f"{reason}. Last error in the worker's log: {words}"


def _told(connection: calls.Port, stack_name: str) -> str:
    """The reason; a refusal to show the events does not hide that the stack failed."""
    try:
        reason = failure_reason(_events(connection, stack_name))
    except calls.ClientError as error:
        return f"its events cannot be read ({calls.refusal(error).rstrip('.')})"
    if _EXISTS.search(reason):
        reason += _LEFT_BEHIND
    return reason


def _events(connection: calls.Port, stack_name: str) -> Iterator[Mapping[str, Any]]:
    """The stack's events, newest first; each page is read when it is needed."""
    pages = calls.pages(connection, "cloudformation", "describe_stack_events", {"StackName": stack_name})
    for page in islice(pages, _MOST_PAGES):
        yield from page["StackEvents"]
