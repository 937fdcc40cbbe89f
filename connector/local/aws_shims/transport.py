"""Policies: a request over this machine's loopback counts as one over TLS.

The embedded AWS speaks plain HTTP, on loopback only. Topics, queues and buckets deny what comes without TLS,
and MiniStack judges that for the functions' calls: nothing could be mailed here. That the policies refuse
plain HTTP is asserted on the rendered templates.
"""

import ipaddress
from collections.abc import Callable

from connector.local.aws_shims._ministack import module

_Pin = Callable[[str, bool], None]


def install() -> None:
    """Wrap what MiniStack remembers of a request for the evaluation of policies."""
    app = module("app")
    app.pin_request_origin = loopback_as_tls(app.pin_request_origin)


def loopback_as_tls(original: _Pin) -> _Pin:
    """MiniStack's function, told that a loopback address came by TLS."""

    def pin(address: str, secure: bool) -> None:  # noqa: FBT001  MiniStack's own signature
        original(address, secure or ipaddress.ip_address(address).is_loopback)

    return pin
