"""HTTP as one method, so that requests and replies can be tested by code that opens no socket.

What sends them over the network is `http_transport`.
"""

from dataclasses import dataclass
from typing import Protocol

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
