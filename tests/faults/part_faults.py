"""Faults of what the worker stands on: brokers, database, network, disk, and the tables themselves."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from connector.local import schema
from connector.local.oracle.client import Client
from tests.faults.fault_testbed import FaultTestbed, Stream, under_load
from tests.faults.report import Fault, Row
from tests.support.waiting import wait_for

#: How long the network is cut, in seconds.
_CUT_SECONDS = 90.0
_DOWN_SECONDS = 5.0
_PHASE_SECONDS = 4.0
#: The file system that is filled, in bytes: enough for what a worker writes at its start.
_DISK_BYTES = 65536


def faults(testbed: FaultTestbed) -> Sequence[Fault]:
    """All of them."""
    titled = {
        "broker-restarted": ("broker restarted", broker_restarted),
        "broker-killed": ("broker killed -9 and started", broker_killed),
        "database-restarted": ("database restarted", database_restarted),
        "database-killed": ("database killed -9 and started", database_killed),
        "network-cut": ("network to the database cut for 90 s", network_cut),
        "brokers-silent": ("brokers frozen for 90 s", brokers_silent),
        "disk-full": ("disk full where the worker writes", disk_full),
        "schema-change": ("column added, renamed, dropped", schema_change),
        "schema-change-by-sys": ("column added, renamed, dropped by SYS", schema_change_by_sys),
    }
    return [Fault(name, title, partial(make, testbed, title)) for name, (title, make) in titled.items()]


def broker_restarted(testbed: FaultTestbed, title: str) -> Row:
    """The only broker leaves tidily and comes back."""
    return under_load(testbed, title, lambda _: _restart_broker(testbed, kill=False))


def broker_killed(testbed: FaultTestbed, title: str) -> Row:
    """The only broker is gone at once and comes back."""
    return under_load(testbed, title, lambda _: _restart_broker(testbed, kill=True))


def _restart_broker(testbed: FaultTestbed, *, kill: bool) -> None:
    testbed.world.stop_broker(kill=kill)
    time.sleep(_DOWN_SECONDS)
    testbed.world.start_broker()


def database_restarted(testbed: FaultTestbed, title: str) -> Row:
    """The database cuts its connections, writes its data and comes back."""
    return under_load(testbed, title, lambda _: _restart_database(testbed, kill=False))


def database_killed(testbed: FaultTestbed, title: str) -> Row:
    """The database is gone at once, and recovers from its log."""
    return under_load(testbed, title, lambda _: _restart_database(testbed, kill=True))


def _restart_database(testbed: FaultTestbed, *, kill: bool) -> None:
    testbed.world.stop_database(kill=kill)
    time.sleep(_DOWN_SECONDS)
    testbed.world.start_database()


def network_cut(testbed: FaultTestbed, title: str) -> Row:
    """Nothing arrives between worker and database, and no connection is closed by anybody in between."""

    def inject(_: Stream) -> Mapping[str, Any]:
        testbed.proxy.swallow()
        try:
            time.sleep(_CUT_SECONDS)
        finally:
            testbed.proxy.restore()
        return {"cut_seconds": _CUT_SECONDS}

    return under_load(testbed, title, inject)


def brokers_silent(testbed: FaultTestbed, title: str) -> Row:
    """The brokers' sockets stay open and answer nothing: a network cut as their clients see it.

    The brokers stand still too, so this does not show what they do meanwhile with clients that are cut off.
    """

    def inject(_: Stream) -> Mapping[str, Any]:
        (broker,) = testbed.world.state.brokers.values()
        assert broker.process is not None
        assert broker.process.alive
        os.kill(broker.process.pid, signal.SIGSTOP)
        try:
            time.sleep(_CUT_SECONDS)
        finally:
            os.kill(broker.process.pid, signal.SIGCONT)
        return {"cut_seconds": _CUT_SECONDS}

    return under_load(testbed, title, inject)


def disk_full(testbed: FaultTestbed, title: str) -> Row:
    """The worker's only writable directory becomes a file system without a byte left."""
    worker = testbed.under_test.until_active()
    directory = testbed.world.state.directory / "tasks" / worker.task / "tmp"
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "wms-faults", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        return Row(title, {}, not_run=f"a file system cannot be mounted here: {done.stderr.strip()[:120]}")

    def inject(stream: Stream) -> Mapping[str, Any]:
        _fill(directory / "full")
        stream.until_flowing()
        time.sleep(_PHASE_SECONDS)
        return {"free_bytes": os.statvfs(directory).f_bavail}

    try:
        return under_load(testbed, title, inject)
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as output:
        while True:
            try:
                output.write(b"\0" * 4096)
            except OSError:
                return


def schema_change(testbed: FaultTestbed, title: str) -> Row:
    """A column comes, gets another name and goes, while rows are written; its values arrive."""
    return _changed(testbed, title, testbed.world.database.app)


def schema_change_by_sys(testbed: FaultTestbed, title: str) -> Row:
    """As `schema_change`, by a DBA: by its defaults Debezium passes over that, and the next row stops it."""
    return _changed(testbed, title, testbed.world.database.sys)


def _changed(testbed: FaultTestbed, title: str, login: Callable[[], AbstractContextManager[Client]]) -> Row:
    seen: dict[str, int] = {}

    def inject(stream: Stream) -> Mapping[str, Any]:
        name = "PRTY_CD"
        for statement, column in (
            ('ADD ("PRTY_CD" VARCHAR2(10))', name),
            ('RENAME COLUMN "PRTY_CD" TO "URGNCY_CD"', "URGNCY_CD"),
            ('DROP COLUMN "URGNCY_CD"', ""),
        ):
            with stream.load.held():
                _alter(login, statement)
                stream.load.extra = {schema.BASE: {column: "HIGH"}} if column else {}
            stream.until_flowing()
            time.sleep(_PHASE_SECONDS)
            if column:
                wait_for(partial(_with, stream, column), f"{column} arrives", 60)
                seen[column] = _with(stream, column)
        return {"rows_with_column": dict(seen)}

    return under_load(testbed, title, inject)


def _with(stream: Stream, column: str) -> int:
    return sum(image.get(column) == "HIGH" for image in [*stream.reader.images.values()])


def _alter(login: Callable[[], AbstractContextManager[Client]], change: str) -> None:
    with login() as session:
        for schema_name in schema.SCHEMAS:
            session.execute(f'ALTER TABLE "{schema_name}"."{schema.BASE}" {change}')
