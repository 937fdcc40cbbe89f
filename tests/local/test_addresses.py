"""Addresses are free when they are chosen, and stay so until their server listens."""

import socket

import pytest

from connector.domain.errors import OperatorError
from connector.local import addresses


def test_claims_are_distinct_until_released():
    held = [addresses.claim((18083,)) for _ in range(5)]
    assert len({claim.address for claim in held}) == 5
    for claim in held:
        claim.release()
        claim.release()


def test_an_address_with_a_busy_port_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(addresses, "range", lambda *_: (77, 78), raising=False)
    with socket.socket() as busy:
        busy.bind(("127.0.0.77", 18083))
        busy.listen()
        claim = addresses.claim((18083,))
        assert claim.address == "127.0.0.78"
        with pytest.raises(OperatorError, match="no address .* has the ports 18083 free"):
            addresses.claim((18083,))
        claim.release()


def test_a_free_port_can_be_listened_on():
    port = addresses.free_port()
    assert not addresses.listening("127.0.0.1", port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert addresses.listening("127.0.0.1", port)
