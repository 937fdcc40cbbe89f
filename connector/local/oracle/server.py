"""The listener and the connections: a thread for each, one line of JSON for each request.

A client that does not begin with `{` is a real driver's TNS packet: the listener refuses it, with the code
for which our own driver was sent there (see `driver/`).
"""

import re
import socket
import socketserver
import threading
from contextlib import suppress
from typing import Any, BinaryIO

from connector.local.oracle import protocol
from connector.local.oracle.connection import Connection
from connector.local.oracle.database import StandIn
from connector.local.oracle.errors import Disconnect, OracleError
from connector.local.oracle.faults import CONNECT

#: DatabaseMetaData.getDatabaseProductVersion, which the connector logs.
BANNER = "Oracle Database 19c Enterprise Edition (a stand-in of wms-connector; no Oracle)"
_SERVICE = re.compile(rb"\(SERVICE_NAME=([^)]*)\)", re.IGNORECASE)
_SID = re.compile(rb"\(SID=([^)]*)\)", re.IGNORECASE)


class Server(socketserver.ThreadingTCPServer):
    """Listens for drivers."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], database: StandIn) -> None:
        self.database = database
        self._refusal = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def refuse_next(self, code: int) -> None:
        """The code for the real driver that comes now."""
        with self._lock:
            self._refusal = code

    def refusal(self, packet: bytes) -> int:
        """The code with which a TNS packet is refused.

        As just decided, else by the service that it asks for.
        """
        with self._lock:
            code, self._refusal = self._refusal, 0
        if code:
            return code
        service, sid = _SERVICE.search(packet), _SID.search(packet)
        found = self.database.service(
            service[1].decode(errors="replace") if service else None,
            sid[1].decode(errors="replace") if sid else None,
        )
        # A real driver that asks for what is there: nothing speaks Oracle's protocol here.
        return found or 12518


class _Handler(socketserver.BaseRequestHandler):
    server: Server
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            first = self.request.recv(1, socket.MSG_PEEK)
            if first == b"{":
                self._serve(self.request.makefile("rwb"))  # type: ignore[arg-type]
            elif first:
                self.request.sendall(protocol.refusal(self.server.refusal(self.request.recv(8192))))

    def _serve(self, stream: BinaryIO) -> None:
        connection: Connection | None = None
        try:
            connection = self._login(stream)
            while connection is not None and (request := protocol.read(stream)) is not None:
                if request["op"] == "quit":
                    # Closing a connection commits (JDBC Developer's Guide 19c, "Committing Changes"); a lost
                    # one rolls back.
                    protocol.write(stream, connection.answer({"op": "commit"}))
                    break
                protocol.write(stream, connection.answer(request))
        except (Disconnect, ValueError):
            # Closed without a word, as a connection that is lost.
            pass
        finally:
            if connection is not None:
                connection.end()

    def _login(self, stream: BinaryIO) -> Connection | None:
        request = protocol.read(stream)
        if request is None or request["op"] != "connect":
            return None
        database = self.server.database
        code = database.service(request.get("service"), request.get("sid"))
        fault = database.faults.take(CONNECT) if _struck_by_faults(request) else None
        if fault is not None and fault.listener is not None:
            code = fault.listener
        if code is not None:
            self.server.refuse_next(code)
            protocol.write(stream, {"listener": True})
            return None
        try:
            if fault is not None:
                database.faults.strike(fault)
            user = str(request.get("user") or "").upper()
            database.rights.login(user, str(request.get("password") or ""))
        except OracleError as error:
            protocol.write(stream, {"error": error.code, "text": str(error)})
            return None
        protocol.write(stream, {"ok": {"version": "19.0", "banner": BANNER}})
        return Connection(database, user, database.container(request.get("service")))


def _struck_by_faults(request: dict[str, Any]) -> bool:
    """Faults are for the connector: people and tests (SYS, the application) always get in."""
    return str(request.get("user") or "").upper() not in ("SYS", StandIn.application)
