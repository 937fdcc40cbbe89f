"""The stand-in for Oracle as a process of its own: `python -m connector.local.oracle DIRECTORY ADDRESS PORT`.

Passwords of SYS and of the application come in the environment: a command line is everybody's to read.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from connector.local.oracle import answers
from connector.local.oracle.database import StandIn
from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.own_words import allowed
from connector.local.oracle.server import Server


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="connector.local.oracle")
    parser.add_argument("directory", type=Path)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--dbname", default="CDB1", help="service name of the whole database")
    parser.add_argument("--pdb", default="WMSPDB1", help="the pluggable database; empty for none")
    parser.add_argument("--log-bytes", type=int, default=OracleSettings.log_bytes, help="size of a redo log")
    parser.add_argument("--archive-retention", type=float, default=None, help="seconds")
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = OracleSettings(
        dbname=given.dbname,
        pdb=given.pdb or None,
        log_bytes=given.log_bytes,
        archive_retention_seconds=given.archive_retention,
    )
    engine = OracleEngine.open(given.directory, settings)
    database = StandIn(given.directory, engine, answers.connector, answers.dba, allowed)
    database.set_up(os.environ["ORACLE_SYS_PASSWORD"], os.environ["ORACLE_APP_PASSWORD"])
    server = Server((given.address, given.port), database)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening at {given.address}:{given.port}", flush=True)  # noqa: T201 - the process's log
    server.serve_forever(poll_interval=0.05)
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
