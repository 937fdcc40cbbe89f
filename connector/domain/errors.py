"""Errors by who must act: the operator, another system, or us.

Every message is one line and names the place, the wrong value, what is allowed and the next step. No
message carries a confidential value.
"""


class WmsError(Exception):
    """The base of all errors this project raises on purpose; `str()` is one printable line."""

    exit_status = 1
    #: Whether AWS refused for want of a right. Right after a change of rights that may pass by itself.
    denied = False

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class OperatorError(WmsError):
    """Something the operator gave is wrong: a stage, a setting, a secret. Retrying does not help."""

    exit_status = 2


class RefusedStage(OperatorError):
    """A stage name that the rule or the topic catalogue refuses."""


class SecretError(OperatorError):
    """A secret that is missing, unreadable, empty, malformed or of the wrong shape."""


class MissingSecret(SecretError):
    """A secret that exists in none of the places where it is looked for."""


class DeniedSecret(SecretError):
    """A secret that exists and may not be read."""

    denied = True


class ServerError(WmsError):
    """Kafka Connect, Kafka, the database or AWS refused a request; the message is the server's own.

    `status` is the HTTP status or error code where there was one; `retriable` says whether the same
    request may succeed later without anybody changing anything; `denied` says whether AWS refused it for want
    of a right.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retriable: bool = False, denied: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retriable = retriable
        self.denied = denied


class DeadlineExceeded(WmsError):
    """A condition was waited for and did not come true in time."""


#: How AWS's services call a refusal for want of a right: AccessDenied(Exception), KMSAccessDeniedException
#: and EC2AccessDeniedException (of Lambda), UnauthorizedOperation (EC2), AuthorizationError (SNS).
_LACKS_RIGHT = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError")


def lacks_right(code: str) -> bool:
    """Whether an error code of AWS's means that the caller lacks a right."""
    return any(word in code for word in _LACKS_RIGHT)


def one_line(message: str) -> str:
    """`message` on one line, with every character that a terminal might obey written as an escape."""
    joined = " ".join(message.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)


def bad_endpoint(error: BaseException) -> str | None:
    """What to do about an AWS endpoint that is not a URL; None unless `error` is botocore's about it."""
    prefix, _, address = str(error).partition("Invalid endpoint: ")
    if type(error) is not ValueError or prefix or not address:
        return None
    return one_line(
        f"the AWS endpoint {address!r} is not a URL; set AWS_ENDPOINT_URL to one like http://127.0.0.1:4566, "
        "or unset it to use AWS itself"
    )
