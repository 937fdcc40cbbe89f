"""The AWS account of the environment's credentials, in the region that `sceptre` would use."""

import threading
from collections.abc import Mapping
from typing import Any

from connector.aws.calls import errors
from connector.aws.region import region

#: The longest wait for an answer, in seconds. A Lambda is waited for as long as it may run.
_READ_SECONDS = {"lambda": 65.0}
_OTHERS_READ_SECONDS = 30.0

#: How often a request is put in all, when its answer is lost or AWS is too busy.
_ATTEMPTS = {"lambda": 2}
_OTHERS_ATTEMPTS = 3


class Account:
    """`connector.aws.calls.Port` with the environment's credentials and region.

    `attempts` says of a service how often a request is put in all: with 1, a request whose answer was lost
    is not put a second time.
    """

    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self, attempts: Mapping[str, int] | None = None) -> None:
        self.region = region()
        self._attempts = {**_ATTEMPTS, **(attempts or {})}
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call AWS; like Sceptre's connection manager, this raises botocore's error when AWS refuses."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = client(
                    service,
                    self.region,
                    read_timeout=_READ_SECONDS.get(service, _OTHERS_READ_SECONDS),
                    attempts=self._attempts.get(service, _OTHERS_ATTEMPTS),
                )
        return getattr(self._clients[service], command)(**(kwargs or {}))


def client(service: str, where: str, *, read_timeout: float, attempts: int) -> Any:
    """A client that fails within seconds where AWS cannot be reached."""
    # Here, because the library takes half a second, which no --help should.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    with errors():
        session = boto3.session.Session()
        return session.client(
            service,  # type: ignore[call-overload]
            region_name=where,
            config=config,
        )
