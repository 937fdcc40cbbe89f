"""How many sessions of the database one connector keeps open while it streams, on the stand-in for Oracle.

Run as `python -m tests.bench.database_sessions`. A dedicated server has one process for each session, and
the stand-in one connection, so the connections of the worker to its port are counted (proc_net_tcp(5)).
Debezium decides how many it opens: the number carries over to Oracle.
"""

import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from connector.local.world import World
from tests.bench.worker_memory import launch, say
from tests.support.project import copy_project
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for

_TABLES = tuple(Path("/proc/net", name) for name in ("tcp", "tcp6"))
_ESTABLISHED = "01"
#: How often and for how many seconds connections are counted.
_EVERY, _SECONDS = 0.5, 30.0


def connections(table: Iterable[str], address: str, port: int) -> int:
    """The established connections to an IPv4 address and port, seen from the client.

    `table` has the lines of the kernel's table. An address is in the order of the machine's bytes; one of
    IPv6 that stands for one of IPv4 ends in it.
    """
    remote = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    fields = (line.split() for line in table)
    return sum(len(each) > 3 and each[3] == _ESTABLISHED and each[2].endswith(remote) for each in fields)


def _count(address: str, port: int) -> int:
    lines = (line for table in _TABLES for line in table.read_text(encoding="utf-8").splitlines())
    return connections(lines, address, port)


def main() -> None:
    """Print the number of sessions while the connector streams."""
    with tempfile.TemporaryDirectory() as directory, World.up(Path(directory) / "world") as world:
        project = copy_project(Path(directory) / "project")
        world.database.seed(5)
        launch(world, project, "foundation")
        launch(world, project, "main")
        stage = StageUnderTest(world)
        wait_for(stage.streams, "the connector streams", 180)
        database = world.state.database
        assert database is not None
        seen = []
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            seen.append(_count(database.address, database.port))
            time.sleep(_EVERY)
    say(f"sessions of one connector: {statistics.median(seen):.0f}, at most {max(seen)}")


if __name__ == "__main__":
    main()
