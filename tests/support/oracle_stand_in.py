"""The stand-in for Oracle in the test's process, with the application's tables and the connector's user."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.local.database import LocalDatabase
from connector.local.oracle import answers
from connector.local.oracle.database import StandIn
from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.own_words import allowed
from connector.local.oracle.server import Server


@contextmanager
def served(directory: Path) -> Iterator[LocalDatabase]:
    """Serve a new database; the user and its rights are made by the DBA's script, word for word.

    A held row is waited for a moment only, so that a test that holds one fails instead of hanging.
    """
    engine = OracleEngine.open(directory, OracleSettings(lock_wait_seconds=0.3))
    stand_in = StandIn(directory, engine, answers.connector, answers.dba, allowed)
    stand_in.set_up("boss", "app")
    server = Server(("127.0.0.1", 0), stand_in)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made = LocalDatabase("127.0.0.1", server.server_address[1], "app", "cdc", "boss")
    try:
        made.create()
        made.seed(3)
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        engine.close()
