"""The proxy is the network that it stands for: it forwards, swallows without telling anybody, and cuts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import Proxy

_SHORT = 0.3


def _echo(listener: socket.socket) -> None:
    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while piece := connection.recv(1024):
                connection.sendall(piece)

    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Before a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        made = Proxy(listener.getsockname())
        yield made
        made.close()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(proxy.address, 5) as made:
        made.sendall(b"before")
        assert made.recv(1024) == b"before"
        yield made


def test_what_was_swallowed_arrives_once_the_network_is_back(proxy: Proxy, client: socket.socket) -> None:
    proxy.swallow()
    client.sendall(b"meanwhile")
    client.settimeout(_SHORT)
    with pytest.raises(TimeoutError):
        client.recv(1024)
    proxy.restore()
    client.settimeout(5)
    assert client.recv(1024) == b"meanwhile"


def test_a_new_connection_gets_no_answer_while_the_network_is_cut(proxy: Proxy) -> None:
    proxy.swallow()
    with socket.create_connection(proxy.address, _SHORT) as late:
        late.sendall(b"hello")
        with pytest.raises(TimeoutError):
            late.recv(1024)
        proxy.restore()
        late.settimeout(5)
        assert late.recv(1024) == b"hello"


def test_a_cut_connection_is_over_and_a_new_one_works(proxy: Proxy, client: socket.socket) -> None:
    proxy.cut()
    with suppress(ConnectionError):
        assert client.recv(1024) == b""
    with socket.create_connection(proxy.address, 5) as again:
        again.sendall(b"again")
        assert again.recv(1024) == b"again"
