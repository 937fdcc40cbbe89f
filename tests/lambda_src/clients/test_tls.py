"""The end of the certificate that a load balancer shows."""

import socket
import time
from pathlib import Path

import pytest

from connector.domain.errors import ServerError
from lambda_src.clients.tls import certificate_expiry
from tests.support.tls_front import tls_front


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_end_of_a_certificate_is_read(tmp_path: Path, unused_tcp_port: int):
    with tls_front(unused_tcp_port, tmp_path) as (port, certificate):
        left = certificate_expiry("127.0.0.1", port, certificate.read_text(), 5) - time.time()
    assert 23 * 3600 < left <= 24 * 3600


def test_a_certificate_that_no_client_accepts_is_told_with_the_reason(tmp_path: Path, unused_tcp_port: int):
    other = tmp_path / "other"
    other.mkdir()
    with (
        tls_front(unused_tcp_port, other) as (_, stranger),
        tls_front(unused_tcp_port, tmp_path) as (port, _),
        pytest.raises(ServerError, match="certificate that is not valid: .*self.signed") as caught,
    ):
        certificate_expiry("127.0.0.1", port, stranger.read_text(), 5)
    assert not caught.value.retriable


def test_a_port_where_nobody_listens_says_nothing_of_a_certificate(unused_tcp_port: int, tmp_path: Path):
    with tls_front(unused_tcp_port, tmp_path) as (_, certificate):
        pem = certificate.read_text()
    with pytest.raises(ServerError, match="cannot be read: Connection refused") as caught:
        certificate_expiry("127.0.0.1", unused_tcp_port, pem, 5)
    assert caught.value.retriable
