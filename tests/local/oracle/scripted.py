"""The other end of the driver's wire, of which each test says what it answers; and the listener's refusal."""

import json
import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Request = dict[str, Any]
#: What to answer; None closes the connection.
Answer = Request | None


@dataclass(frozen=True)
class Late:
    """Answers when the client has sent its next request or has gone."""

    answer: Answer


CONNECTED: Request = {"ok": {"version": "19.0", "banner": "Oracle Database 19c Enterprise Edition"}}


class ScriptedDatabase:
    """Listens on a free port of 127.0.0.1, keeps every request, and answers as `answer(request)` says."""

    def __init__(self, answer: Callable[[Request], Answer | Late], refusal: int | None = None) -> None:
        self.requests: list[Request] = []
        self.tns_connects = 0
        self._answer = answer
        self._refusal = refusal
        #: Whether answers spell other characters than ASCII as escapes, as json.dumps does by itself.
        self.escapes = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, rest: str = "/WMS") -> str:
        """The driver's address of it."""
        return f"jdbc:oracle:thin:@127.0.0.1:{self.port}{rest}"

    def operations(self) -> list[str]:
        """Names of the requests in their order."""
        return [request["op"] for request in self.requests]

    def close(self) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if connection.recv(1, socket.MSG_PEEK) == b"{":
                self._talk(connection)
            else:
                self.tns_connects += 1
                connection.recv(4096)
                connection.sendall(refuse(self._refusal or 12514))
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        for line in connection.makefile("rb"):
            request = json.loads(line)
            self.requests.append(request)
            if request["op"] == "connect" and self._refusal:
                answer: Answer | Late = {"listener": True}
            elif request["op"] in ("quit", "ping", "commit", "rollback", "savepoint", "close"):
                answer = {"ok": True}
            else:
                answer = self._answer(request)
                if answer is None and request["op"] == "connect":
                    answer = CONNECTED
            if isinstance(answer, Late):
                select.select([connection], [], [])
                answer = answer.answer
            if answer is None:
                return
            connection.sendall(json.dumps(answer, ensure_ascii=self.escapes).encode() + b"\n")


def refuse(code: int) -> bytes:
    """A TNS REFUSE packet (type 4), as a listener sends it: header of 8 bytes, two reasons, length, text."""
    text = f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
    body = struct.pack(">BBH", 4, 34, len(text)) + text
    return struct.pack(">HHBBH", len(body) + 8, 0, 4, 0, 0) + body
