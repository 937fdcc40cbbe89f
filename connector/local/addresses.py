"""Free addresses on loopback.

Linux answers on all of 127.0.0.0/8, so each part has an address of its own and everybody may keep its
usual port: the port of a broker string means its protocol here as on MSK, and two workers both listen on
8083. Which addresses are free is found out, never assumed: another checkout may run beside this one.
"""

import random
import socket
from collections.abc import Collection, Iterable

from connector.domain.errors import OperatorError

#: Whoever holds this port of an address owns the address, before its real listeners are up.
CLAIM_PORT = 49090


class Claim:
    """An address of one's own, held until `release` or the end of the process."""

    def __init__(self, address: str, guard: socket.socket) -> None:
        self.address = address
        self._guard = guard

    def release(self) -> None:
        """Give the address back. Idempotent."""
        self._guard.close()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def listening(address: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def claim(ports: Iterable[int], *, besides: Collection[str] = ()) -> Claim:
    """An address 127.0.0.N on which none of `ports` is in use, and which nobody else has claimed.

    `besides` are addresses of parts that may be down at the moment and will want them again.
    Raises OperatorError if every address is taken.
    """
    wanted = tuple(ports)
    numbers = list(range(2, 255))
    random.shuffle(numbers)
    for number in numbers:
        address = f"127.0.0.{number}"
        if address in besides:
            continue
        guard = _bound(address, CLAIM_PORT)
        if guard is None:
            continue
        if available(address, wanted):
            return Claim(address, guard)
        guard.close()
    raise OperatorError(
        f"no address 127.0.0.2 to 127.0.0.254 has the ports {', '.join(map(str, wanted))} free;"
        " stop other local worlds (`wms-connector local down` in their checkouts)"
    )


def available(address: str, ports: Iterable[int]) -> bool:
    """Whether an address that was ours before is still to be had."""
    return all(_can_bind(address, port) for port in ports)


def _bound(address: str, port: int) -> socket.socket | None:
    guard = socket.socket()
    try:
        guard.bind((address, port))
        # Without listening, another process could bind the same port with SO_REUSEADDR.
        guard.listen(1)
    except OSError:
        guard.close()
        return None
    return guard


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # A connection of an earlier world may linger in TIME_WAIT; that does not keep a server away.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return not listening(address, port)
