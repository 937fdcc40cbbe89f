"""HTTP as one method, so that requests and replies can be tested by code that opens no socket."""

from dataclasses import dataclass
from typing import Protocol

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from connector.domain.errors import ServerError


@dataclass(frozen=True)
class Reply:
    """What came back: the status and the body as it was sent."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx: nothing else means that a request succeeded."""
        return 200 <= self.status < 300


class NotConnected(ServerError):
    """The connection failed, so the request cannot have arrived: it may be sent again."""


class Transport(Protocol):
    """Sends one request and returns the reply, whatever its status."""

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        """Raises `ServerError` (retriable) when no reply came within `timeout` seconds.

        `NotConnected` only when the request cannot have arrived.
        """
        ...


class HttpTransport:
    """The real transport: no retries (the caller repeats), no redirects, no proxies."""

    def __init__(self, authority_pem: str | None = None) -> None:
        self._pool = urllib3.PoolManager(ca_cert_data=authority_pem, retries=False)

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        headers = {"Accept": "application/json, text/plain;q=0.9, */*;q=0.1"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(total=timeout, connect=min(timeout, 5.0)),
                redirect=False,
            )
        except (ConnectTimeoutError, NewConnectionError) as error:
            raise NotConnected(_error_message(error, timeout), retriable=True) from None
        except HTTPError as error:
            raise ServerError(_error_message(error, timeout), retriable=True) from None
        return Reply(reply.status, reply.data)


def _error_message(error: HTTPError, timeout: float) -> str:
    """What went wrong, without the address: the caller names the server."""
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return f"no connection within {min(timeout, 5.0):.0f} s"
    if isinstance(error, ReadTimeoutError):
        return f"no answer within {timeout:.0f} s"
    if isinstance(error, SSLError):
        return f"TLS failed: {error}"
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    if isinstance(error, ProtocolError):
        return "the connection was closed too early"
    return type(error).__name__
