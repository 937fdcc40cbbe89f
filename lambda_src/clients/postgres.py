"""Just enough of PostgreSQL's wire protocol to run a statement: the stand-in then needs no driver.

Protocol 3.0 (https://www.postgresql.org/docs/current/protocol.html), simple queries, SCRAM-SHA-256 or a
password in clear text, without TLS: the stand-in has none.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from connector.domain.errors import ServerError
from connector.domain.secrets.redacted import Redacted

_PROTOCOL = 196608
_MECHANISM = "SCRAM-SHA-256"
#: Values of the message R, Authentication.
_AUTH_OK, _AUTH_CLEAR, _AUTH_SASL, _AUTH_CONTINUE, _AUTH_FINAL = 0, 3, 10, 11, 12

Row = tuple[str | None, ...]


class PostgresSession:
    """A connection; a context manager. Every method raises `ServerError`, retriable when nobody answers."""

    def __init__(
        self, host: str, port: int, *, database: str, user: Redacted, password: Redacted, seconds: float
    ) -> None:
        with _message(f"{host}:{port}"):
            self._socket = socket.create_connection((host, port), seconds)
        try:
            with _message(f"{host}:{port}"):
                self._log_in(database, user, password)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, statement: str) -> list[Row]:
        """Run one statement; answers its rows as text."""
        rows: list[Row] = []
        refusal = ""
        with _message("a statement"):
            self._send(b"Q", statement.encode() + b"\0")
            while True:
                kind, body = self._receive()
                if kind == b"D":
                    rows.append(_row(body))
                elif kind == b"E":
                    refusal = _error(body)
                elif kind == b"Z":
                    break
        if refusal:
            raise ServerError(f"the database refused a statement: {refusal}")
        return rows

    def _log_in(self, database: str, user: Redacted, password: Redacted) -> None:
        values = {"user": user.reveal(), "database": database, "client_encoding": "UTF8"}
        text = b"".join(f"{key}\0{value}\0".encode() for key, value in values.items()) + b"\0"
        self._socket.sendall(struct.pack("!ii", len(text) + 8, _PROTOCOL) + text)
        scram = Scram(password)
        while True:
            kind, body = self._receive()
            if kind == b"Z":
                return
            if kind == b"E":
                raise ServerError(f"the database refused the login: {_error(body)}")
            if kind == b"R":
                self._authenticate(struct.unpack("!i", body[:4])[0], body[4:], scram, password)

    def _authenticate(self, asked: int, body: bytes, scram: "Scram", password: Redacted) -> None:
        if asked == _AUTH_CLEAR:
            self._send(b"p", password.reveal().encode() + b"\0")
        elif asked == _AUTH_SASL and _MECHANISM.encode() in body.split(b"\0"):
            first = scram.first().encode()
            self._send(b"p", _MECHANISM.encode() + b"\0" + struct.pack("!i", len(first)) + first)
        elif asked == _AUTH_CONTINUE:
            self._send(b"p", scram.final(body.decode()).encode())
        elif asked == _AUTH_FINAL:
            scram.verify(body.decode())
        elif asked != _AUTH_OK:
            raise ServerError(
                f"the database requires a login method ({asked}) that this client does not support"
            )

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._exactly(5)
        return head[:1], self._exactly(struct.unpack("!i", head[1:])[0] - 4)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self._socket.recv(size - len(found))
            if not part:
                raise ConnectionResetError("the connection was closed")
            found += part
        return found


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 7677), without channel binding."""

    def __init__(self, password: Redacted, nonce: str | None = None, user: str = "") -> None:
        self._password = password
        self._nonce = nonce or secrets.token_urlsafe(18)
        # PostgreSQL takes the user from the first message of the connection and ignores this one.
        self._bare = f"n={user},r={self._nonce}"
        self._expected = b""

    def first(self) -> str:
        """The first message."""
        return f"n,,{self._bare}"

    def final(self, challenge: str) -> str:
        """The answer to the server's first message."""
        given = _fields(challenge)
        if not given.get("r", "").startswith(self._nonce):
            raise ServerError("the database answered the login with another nonce")
        salt, rounds = base64.b64decode(given["s"]), int(given["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self._password.reveal().encode(), salt, rounds)
        client = _hmac(salted, b"Client Key")
        message = f"c=biws,r={given['r']}"
        signed = f"{self._bare},{challenge},{message}".encode()
        signature = _hmac(hashlib.sha256(client).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        self._expected = _hmac(_hmac(salted, b"Server Key"), signed)
        return f"{message},p={base64.b64encode(proof).decode()}"

    def verify(self, final: str) -> None:
        """Raise unless the server knows the password too."""
        given = base64.b64decode(_fields(final).get("v", ""))
        if not hmac.compare_digest(given, self._expected):
            raise ServerError("the server does not know the password: it may not be the database")


def literal(text: str) -> str:
    """`text` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """`text` as a quoted name of SQL."""
    return '"' + text.replace('"', '""') + '"'


def _fields(message: str) -> Mapping[str, str]:
    return {key: value for key, _, value in (part.partition("=") for part in message.split(","))}


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _row(body: bytes) -> Row:
    (count,) = struct.unpack("!h", body[:2])
    at, found = 2, []
    for _ in range(count):
        (size,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        found.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(found)


def _error(body: bytes) -> str:
    """The server's message, without where in its source it was raised."""
    parts = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    return f"{parts.get(b'M', 'no message')} ({parts.get(b'C', 'no code')})"


@contextmanager
def _message(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = (error.strerror or str(error) or type(error).__name__).lower()
        raise ServerError(f"the database does not answer {what}: {message}", retriable=True) from None
