"""AWS calls: short timeouts, and refusals in one line.

boto3 is imported with the first client, so that a function that cannot start says so soon.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from connector.domain.errors import ServerError, lacks_right

#: Well below the function's own limit: a missing VPC endpoint must be reported, not waited for.
_LIMITS: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 8,
    "retries": {"mode": "standard", "total_max_attempts": 2},
    # Else S3's name in us-east-1 has no region, and none that is FIPS.
    "s3": {"us_east_1_regional_endpoint": "regional"},
}

_PASSING = (
    "InternalFailure",
    "InternalServer",
    "InternalServiceError",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttl",
    "TooManyRequests",
)


#: boto3 makes a client in a tenth of a second of a small function's time, and not in two threads at once.
_making = threading.RLock()


def prepare() -> None:
    """Import boto3 now: the limits of time that follow are for answers."""
    import boto3  # noqa: F401, PLC0415


def client(service: str) -> Any:
    """The client of an AWS service in the function's own account and region, made once per process."""
    with _making:
        return _client(service)


def resource(service: str) -> Any:
    """The same as a resource, of which DynamoDB's has tables."""
    with _making:
        return _resource(service)


@lru_cache
def _client(service: str) -> Any:
    import boto3  # noqa: PLC0415 - a cold start is shorter
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(service, config=Config(**_LIMITS))  # type: ignore[call-overload]


@lru_cache
def _resource(service: str) -> Any:
    import boto3  # noqa: PLC0415 - a cold start is shorter
    from botocore.config import Config  # noqa: PLC0415

    return boto3.resource(service, config=Config(**_LIMITS))  # type: ignore[call-overload]


def passes(code: str) -> bool:
    """Whether an error code of AWS's means that the same call may succeed a moment later."""
    return any(word in code for word in _PASSING)


@contextmanager
def aws_errors(what: str) -> Iterator[None]:
    """Turn botocore's errors into `ServerError`; `what` names the call as a text."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        message = error.response.get("Error", {}).get("Message", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        raise ServerError(
            f"AWS refused {what}: {code}: {message}",
            status=status,
            retriable=passes(code),
            denied=lacks_right(code),
        ) from None
    except BotoCoreError as error:
        raise ServerError(
            f"AWS could not be reached for {what} ({type(error).__name__}): check that the subnets have a "
            "NAT gateway or a VPC endpoint for the service",
            retriable=True,
        ) from None
