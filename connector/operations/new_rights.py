"""Repeat a request that AWS denies right after rights were changed.

IAM is eventually consistent ("Changes that I make are not always immediately visible", IAM's User Guide). A
launch that gives a Lambda a new right may invoke it before the service that is to judge that right knows it.
"""

from collections.abc import Callable
from datetime import datetime

from connector.aws import calls
from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation
from connector.operations.procedure import Ask
from connector.operations.signs import Show

#: For how long after a change of rights a denial may pass by itself, and how often the request is repeated.
GRACE_SECONDS = 30.0
_PAUSE_SECONDS = 2.0


def seconds_since_change(connection: calls.Port, stack_name: str, now: datetime) -> float | None:
    """How long ago CloudFormation last changed anything in the stack; None when that cannot be read."""
    query = {"StackName": stack_name}
    try:
        newest = connection.call("cloudformation", "describe_stack_events", query)["StackEvents"][:1]
    except calls.ClientError:
        return None
    return max(0.0, (now - newest[0]["Timestamp"]).total_seconds()) if newest else None


def repeat_denied(ask: Ask, seconds_since: Callable[[], float | None], clock: Clock, show: Show) -> Ask:
    """`ask`, which repeats a denied request until `GRACE_SECONDS` have passed since rights were changed.

    `seconds_since` says how long ago that was, at the first denial; None counts as just now. After that time
    the denial is final: it is returned or raised as it came, and names the action that was denied.
    """
    give_up: float | None = None

    def repeated(operation: Operation) -> Answer:
        nonlocal give_up
        while True:
            outcome = _outcome(ask, operation)
            if isinstance(outcome, Answer) and not outcome.denied:
                return outcome
            if give_up is None:
                give_up = clock.now() + GRACE_SECONDS - (seconds_since() or 0.0)
                if clock.now() < give_up:
                    show(f"{operation.value}: waiting until AWS applies the rights that were just changed")
            if clock.now() >= give_up:
                if isinstance(outcome, Answer):
                    return outcome
                raise outcome
            clock.sleep(_PAUSE_SECONDS)

    return repeated


def _outcome(ask: Ask, operation: Operation) -> Answer | calls.ClientError:
    """The answer, or the error with which AWS denied the invocation itself; any other error is raised."""
    try:
        return ask(operation)
    except calls.ClientError as error:
        if calls.denied(error):
            return error
        raise
