"""The AWS account of the environment's credentials, in the region that `sceptre` would use."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connector.aws.region import region
from connector.domain.errors import ServerError, one_line

_NEXT = "check this shell's credentials, AWS_REGION and AWS_ENDPOINT_URL (is the local world down?)"


def client(service: str, *, read_timeout: float = 30, attempts: int = 3) -> Any:
    """A client that fails within seconds where AWS cannot be reached."""
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    with errors():
        session = boto3.session.Session()
        return session.client(
            service,  # type: ignore[call-overload]
            region_name=region(),
            config=config,
        )


class Account:
    """`connector.aws.stacks.Connection` with the environment's credentials and region."""

    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self) -> None:
        self.region = region()

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call AWS; like Sceptre's connection manager, this raises botocore's error when AWS refuses."""
        return getattr(client(service), command)(**(kwargs or {}))


@contextmanager
def errors() -> Iterator[None]:
    """AWS's refusals as `ServerError`, in AWS's own message."""
    try:
        yield
    except ClientError as error:
        raise ServerError(refusal(error)) from None
    except BotoCoreError as error:
        raise ServerError(f"AWS cannot be reached: {one_line(str(error))}; {_NEXT}") from None


def refusal(error: ClientError) -> str:
    """What AWS refused and why."""
    details = error.response.get("Error", {})
    return f"AWS refused {error.operation_name}: {details.get('Code')}: {details.get('Message')}"
