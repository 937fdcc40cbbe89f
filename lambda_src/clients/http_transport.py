"""The transport over the network, with `requests`.

Imported when the first request is sent: it takes longer to import than most requests take, and not every
invocation sends one.
"""

import warnings
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from urllib3 import Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from connector.domain.errors import ServerError
from lambda_src.clients.transport import NotConnected, Reply

# The zip has no package that guesses the encoding of a text, and nothing here asks for it.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")

import requests  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

#: How long a connection may take at most, in seconds.
_CONNECT_SECONDS = 5.0


class HttpTransport:
    """The real transport: no retries (the caller repeats), no redirects, no proxies, no cookies."""

    def __init__(self, authority_pem: str | None = None) -> None:
        self._session = requests.Session()
        # Proxies, certificates and passwords of the environment (HTTP_PROXY, REQUESTS_CA_BUNDLE, .netrc).
        self._session.trust_env = False
        # Several threads use the session: nothing in it may change from one request to the next.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["Accept"] = "application/json, text/plain;q=0.9, */*;q=0.1"
        if authority_pem is not None:
            self._session.mount("https://", _GivenAuthority(authority_pem))

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        headers = {} if body is None else {"Content-Type": "application/json"}
        # A pair of numbers would limit connecting and reading one by one; this limits the whole request.
        # `requests` hands it on to urllib3 as it is, whatever its annotation says.
        limit: Any = Timeout(total=timeout, connect=min(timeout, _CONNECT_SECONDS))
        try:
            reply = self._session.request(
                method, url, data=body, headers=headers, timeout=limit, allow_redirects=False
            )
        except requests.RequestException as error:
            cause = _cause(error)
            message = _error_message(cause, timeout)
            if isinstance(cause, (ConnectTimeoutError, NewConnectionError)):
                raise NotConnected(message, retriable=True) from None
            raise ServerError(message, retriable=True) from None
        return Reply(reply.status_code, reply.content)


class _GivenAuthority(HTTPAdapter):
    """Trusts the given certificates and no others.

    `requests` takes a file of them only, and would trust those of `certifi` beside it. The two methods are
    those that it leaves to subclasses.
    """

    def __init__(self, authority_pem: str) -> None:
        self._authority_pem = authority_pem
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, ca_cert_data=self._authority_pem, **options)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - its signature
        """The pool has its certificates already."""
        conn.cert_reqs = "CERT_REQUIRED"


def _cause(error: requests.RequestException) -> BaseException:
    """The error of urllib3 in one of `requests`, which says more precisely what failed; else itself."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, HTTPError) else error


def _error_message(error: BaseException, timeout: float) -> str:
    """What went wrong, without the address: the caller names the server."""
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return f"no connection within {min(timeout, _CONNECT_SECONDS):.0f} s"
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
