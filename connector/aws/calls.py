"""The port through which hooks, resolvers and commands call AWS, and what all calls have in common.

Sceptre's ConnectionManager is one implementation, with the stack's profile, role and region. The other one
is `connector.aws.account.Account`, with the environment's.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from connector.domain.errors import ServerError, lacks_right, one_line

# What `Port.call` raises when AWS refuses, for callers that do not import botocore.
__all__ = [
    "ClientError",
    "Port",
    "code",
    "denied",
    "errors",
    "find",
    "message",
    "missing",
    "pages",
    "refusal",
]

_NEXT = "check this shell's credentials, AWS_REGION and AWS_ENDPOINT_URL (is the local world down?)"

#: How services call the token of the next page; a request takes it under the name that the answer gave it.
_TOKENS = ("NextToken", "nextToken")

#: Error codes for a thing that does not exist. HeadObject has no body, so S3 answers with the bare status.
_MISSING = (
    *("404", "ImageNotFoundException", "NoSuchKey", "NotFound"),
    *("ResourceNotFound", "ResourceNotFoundException"),
)


class Port(Protocol):
    """One AWS account and region. `call` raises botocore's errors."""

    region: str
    profile: str | None
    sceptre_role: str | None

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any: ...


def pages(
    port: Port, service: str, command: str, arguments: Mapping[str, Any] | None = None
) -> Iterator[Mapping[str, Any]]:
    """Every page of an answer, in order; each is requested when it is needed."""
    more: dict[str, str] = {}
    while True:
        answer = port.call(service, command, {**(arguments or {}), **more})
        yield answer
        more = {name: answer[name] for name in _TOKENS if answer.get(name)}
        if not more:
            return


def find(port: Port, service: str, command: str, arguments: Mapping[str, Any]) -> Any:
    """AWS's answer, or None when what was asked for does not exist."""
    try:
        return port.call(service, command, arguments)
    except ClientError as error:
        if missing(error):
            return None
        raise


def missing(error: ClientError) -> bool:
    """Whether AWS refused because what was asked for does not exist.

    CloudFormation has no code of its own for that.
    """
    return code(error) in _MISSING or (
        code(error) == "ValidationError" and "does not exist" in message(error)
    )


def denied(error: ClientError) -> bool:
    """Whether AWS refused because somebody lacks a right; HeadObject answers with the bare status."""
    return code(error) == "403" or lacks_right(code(error))


def code(error: ClientError) -> str:
    """AWS's code of a refusal; empty when it gave none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """AWS's text of a refusal; empty when it gave none."""
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def errors() -> Iterator[None]:
    """Raise botocore's errors as `ServerError`, in AWS's own message."""
    try:
        yield
    except ClientError as error:
        raise ServerError(refusal(error)) from None
    except BotoCoreError as error:
        raise ServerError(f"AWS cannot be reached: {one_line(str(error))}; {_NEXT}") from None


def refusal(error: ClientError) -> str:
    """What AWS refused and why."""
    reason = message(error) or "no reason given"
    return f"AWS refused {error.operation_name}: {code(error) or 'unknown'}: {reason}"
