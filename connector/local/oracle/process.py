"""Starts and stops the stand-in for Oracle as a process of its own."""

import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

from connector.local.oracle.client import Client
from connector.local.oracle.errors import OracleError
from connector.local.processes import Process, end, spawn, wait_until
from connector.local.state import ROOT

#: Service name of the whole database, and the pluggable database with the application's tables.
SERVICE = "CDB1"
PDB = "WMSPDB1"
PORT = 1521


def start(
    data: Path,
    address: str,
    port: int,
    *,
    sys_password: str,
    app_password: str,
    log: Path,
    extra: tuple[str, ...] = (),
) -> Process:
    """Start the database on `data`, new or as it was left; does not wait for it.

    `extra` are options of the process (`python -m connector.local.oracle --help`).
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "ORACLE_SYS_PASSWORD": sys_password,
        "ORACLE_APP_PASSWORD": app_password,
    }
    command = [sys.executable, "-m", "connector.local.oracle", str(data), address, str(port)]
    command += ["--dbname", SERVICE, "--pdb", PDB, *extra]
    return spawn(command, log=log, env=environment, cwd=data)


def wait(process: Process, address: str, port: int, sys_password: str, seconds: float = 60) -> None:
    """Wait until the database lets somebody in: it may recover first. Raises DeadlineExceeded."""

    def ready() -> bool:
        try:
            with closing(socket.create_connection((address, port), 2)):
                Client(address, port, SERVICE, "SYS", sys_password).close()
        except (OSError, OracleError):
            return False
        return True

    wait_until(ready, what=f"the stand-in for Oracle at {address}:{port}", seconds=seconds, process=process)


def stop(process: Process, *, kill: bool = False) -> None:
    """End the database: connections are cut at once (`kill`: it is not told)."""
    end(process, grace=15, first=signal.SIGKILL if kill else signal.SIGTERM)
