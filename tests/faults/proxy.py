"""A TCP proxy as the network between two parts: it can swallow everything, or cut every connection."""

import socket
import threading
from contextlib import suppress

_PIECE = 65536


class Proxy:
    """Forwards connections to `target`; `address` is where it listens."""

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.target = target
        self._open = threading.Event()
        self._open.set()
        self._pairs: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing arrives at either side, and nobody is told: a cable that was pulled."""
        self._open.clear()

    def restore(self) -> None:
        """What was held back arrives, as TCP would send it again; everything after it too."""
        self._open.set()

    def cut(self) -> None:
        """End every connection; new ones are made."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for end in pairs:
            _shut(end)

    def close(self) -> None:
        """Listen no more."""
        _shut(self._listener)
        self._open.set()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        # Who connects while the network is cut is not answered; its own time-out ends that.
        self._open.wait()
        try:
            server = socket.create_connection(self.target, 10)
        except OSError:
            _shut(client)
            return
        server.settimeout(None)
        with self._lock:
            self._pairs |= {client, server}
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                self._open.wait()
                sink.sendall(piece)
        # An end travels over the network as well.
        self._open.wait()
        with self._lock:
            self._pairs -= {source, sink}
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        end.close()
