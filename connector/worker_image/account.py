"""The AWS account in hand, for commands that run outside Sceptre."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connector.aws_region import region
from connector.domain.errors import ServerError


class Account:
    """`connector.sceptre_glue.Connection` with the environment's credentials and region."""

    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self) -> None:
        with one_line_errors():
            self._session = boto3.session.Session()
        self.region = region()

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        """Ask AWS; as Sceptre's connection manager, errors are botocore's."""
        # Nobody waits for minutes where there is no AWS to ask.
        config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3})
        client = self._session.client(service, region_name=self.region, config=config)  # type: ignore[call-overload]
        return getattr(client, command)(**(kwargs or {}))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn AWS's errors into `ServerError`."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        raise ServerError(
            f"AWS refused {error.operation_name}: {details.get('Code')}: {details.get('Message')}"
        ) from None
    except BotoCoreError as error:
        raise ServerError(f"AWS cannot be asked: {error}") from None
