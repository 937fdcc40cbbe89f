"""Whether something accepts TCP connections."""

import socket
from collections.abc import Callable

#: (host, port, seconds) -> why the connection failed; empty when it succeeded.
TcpProbe = Callable[[str, int, float], str]


def tcp_probe(host: str, port: int, seconds: float) -> str:
    """Open a connection and close it again, without a message: Oracle's listener logs no error for that."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return ""
    except TimeoutError:
        return f"no connection within {round(seconds, 1):g} s"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
