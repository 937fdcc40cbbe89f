"""Send requests to a stage's admin Lambda, for hooks and commands."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.aws import calls
from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.errors import ServerError
from connector.domain.stage.aws_names import Names
from connector.domain.stage.stage import Stage

#: What Lambda answers while a function that was idle for weeks gets its network back, or is being changed.
_NOT_YET = ("ResourceConflictException", "ResourceNotReadyException", "SubnetIPAddressLimitReachedException")


class NoFunction(ServerError):
    """The Lambda does not exist."""


@dataclass(frozen=True)
class Clock:
    """Time as a loop sees it, so that a test needs none."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def invoke_once(port: calls.Port, function: str, request: Request) -> Answer:
    """The answer to one request.

    Raises `NoFunction`, `ServerError` when the function failed, and botocore's errors.
    """
    payload = json.dumps(request.to_payload()).encode()
    try:
        reply = calls.find(port, "lambda", "invoke", {"FunctionName": function, "Payload": payload})
    except calls.ClientError as error:
        code = calls.code(error)
        if code in _NOT_YET:
            return Answer(State.WAITING, f"the admin Lambda {function} is not ready yet ({code})")
        raise
    if reply is None:
        raise NoFunction(f"Lambda {function} does not exist")
    return decode(reply, function, request.operation)


def invoke(port: calls.Port, stage: Stage, request: Request) -> Answer:
    """`invoke_once` of a stage's own function; AWS's refusals are a `ServerError`."""
    with calls.errors():
        return invoke_once(port, stage.names.connect_admin, request)


def decode(reply: Mapping[str, Any], function: str, operation: Operation) -> Answer:
    """The answer that AWS's reply to an invocation holds; raises `ServerError` when the function failed."""
    return Answer.from_payload(content(reply, f"the admin Lambda {function}", function, operation.value))


def content(reply: Mapping[str, Any], who: str, function: str, what: str) -> Any:
    """The JSON of an answer; raises `ServerError` when the function failed at `what`."""
    payload = json.loads(reply["Payload"].read() or b"null")
    if reply.get("FunctionError"):
        kind = payload.get("errorType", "error") if isinstance(payload, dict) else "error"
        text = payload.get("errorMessage", "no message") if isinstance(payload, dict) else str(payload)
        raise ServerError(
            f"{who} failed at {what}: {kind}: {text}; see log group {Names.function_log_group(function)}"
        )
    return payload
