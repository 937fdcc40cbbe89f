"""Show that a stack is still being worked on: CloudFormation has no event while ECS waits for a worker."""

import threading
from datetime import UTC, datetime

from connector.aws import calls, worker_log
from connector.aws.stacks import describe_stack
from connector.domain.errors import WmsError
from connector.domain.stage import stack_states
from connector.operations.signs import LINE_SECONDS, Show
from connector.sceptre import stack as sceptre_stack

#: How often in a row a stack is seen at rest before nobody looks any more: Sceptre may not have begun yet.
_AT_REST = 2
_lock = threading.Lock()
#: The stacks that a thread of this run looks at, and how often in a row each was seen at rest.
_watched: dict[str, int] = {}


def watch(stack: sceptre_stack.SceptreStack, show: Show, seconds: float = LINE_SECONDS) -> None:
    """Show a line every so many seconds while the stack is in progress, from a thread that ends by itself.

    A second call while the thread lives lets it look for as long as a new one would: a hook that waits before
    CloudFormation begins calls this again at its end.
    """
    with _lock:
        known = stack.external_name in _watched
        _watched[stack.external_name] = 0
        if known:
            return
    threading.Thread(target=_run, args=(stack, show, seconds), daemon=True).start()


def _run(stack: sceptre_stack.SceptreStack, show: Show, seconds: float) -> None:
    pause, began, name = threading.Event(), datetime.now(UTC), stack.external_name
    while True:
        pause.wait(seconds)
        text = line(stack, began, datetime.now(UTC))
        if text:
            show(text)
        with _lock:
            _watched[name] = 0 if text else _watched[name] + 1
            if _watched[name] >= _AT_REST:
                # In the same breath, so that a call of `watch` from now on begins a thread of its own.
                del _watched[name]
                return


def line(stack: sceptre_stack.SceptreStack, began: datetime, now: datetime) -> str:
    """What is going on with the stack; empty when nothing is. Never raises: it only adds to what is shown."""
    try:
        with calls.errors():
            found = describe_stack(stack.connection_manager, stack.external_name)
    except WmsError:
        return ""
    if found is None or not stack_states.busy(found["StackStatus"]):
        return ""
    text = f"stack {stack.external_name} is {found['StackStatus']}, {(now - began).total_seconds():.0f} s"
    if sceptre_stack.is_foundation(stack):
        return text
    stage = sceptre_stack.stage_of(stack)
    if stack.external_name != stage.names.stack("connector"):
        return text
    if stack_states.under_way(found["StackStatus"]) == stack_states.DELETION:
        return f"{text}; ECS ends its workers first"
    error = worker_log.last_error(stack.connection_manager, stage.names.connector_log_group, began)
    return (
        f"{text}; the workers' last error: {error}" if error else f"{text}; a worker starts in 1 to 3 minutes"
    )
