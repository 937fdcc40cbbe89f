"""What the local world's policies take for TLS."""

import pytest
from ministack.core import iam_evaluator

from connector.local.aws_shims.transport import loopback_as_tls


@pytest.mark.parametrize(
    ("address", "given", "taken"),
    [
        ("127.0.0.1", False, True),
        ("127.0.0.7", False, True),
        ("::1", False, True),
        ("192.0.2.1", False, False),
        ("192.0.2.1", True, True),
    ],
)
def test_loopback_counts_as_tls_and_nothing_else_does(address: str, *, given: bool, taken: bool):
    seen: list[tuple[str, bool]] = []
    loopback_as_tls(lambda *origin: seen.append(origin))(address, given)
    assert seen == [(address, taken)]


def test_the_function_that_is_wrapped_is_there():
    """It is private to the pinned version."""
    assert iam_evaluator.pin_request_origin.__code__.co_varnames[:2] == ("source_ip", "secure_transport")
