"""What the engine of the Oracle stand-in costs: `python -m tests.bench.oracle_engine [rows]`.

One open transaction of so many inserts, its redo before the commit, a snapshot, single-row commits, one
update of all rows, a rollback. Seconds are of CPU; `waited`: the longest that a thread waited for an SCN.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.session import OracleSession

TABLE = """CREATE TABLE T (ID NUMBER(12) PRIMARY KEY, A VARCHAR2(2) NOT NULL, B VARCHAR2(20), C VARCHAR2(255),
 D VARCHAR2(10), E DATE, F DATE, G NUMBER(9), H NUMBER(7,4), I CHAR(1), J VARCHAR2(30), K TIMESTAMP,
 L TIMESTAMP,
 SUPPLEMENTAL LOG DATA (ALL) COLUMNS)"""


class Meter:
    """Runs a step and prints what it cost, while another thread asks for SCNs."""

    def __init__(self, engine: OracleEngine) -> None:
        self._engine = engine
        self._waited = 0.0
        threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        while not self._engine.closed:
            start = time.monotonic()
            self._engine.current_scn()
            self._waited = max(self._waited, time.monotonic() - start)
            time.sleep(0.05)

    def run(self, title: str, step: Callable[[], object]) -> None:
        self._waited = 0.0
        before, start = getrusage(RUSAGE_SELF), time.monotonic()
        found = step()
        after = getrusage(RUSAGE_SELF)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        print(
            f"{title:34} {used:7.2f} s of CPU {time.monotonic() - start:7.2f} s, waited"
            f" {self._waited:5.2f} s,"
            f" {after.ru_maxrss // 1024} MB, {found}",
            flush=True,
        )


def fill(session: OracleSession, count: int) -> int:
    table = session.engine.dictionary.table("WMS", "T")
    values = {"K": "2024-05-06 07:08:09.1"}
    values |= {
        "A": "NY",
        "C": "a title of some length",
        "E": "2020-01-02",
        "H": "56.25",
        "I": "Y",
        "J": "WMS",
    }
    for base in range(0, count, 1000):
        rows = [
            session.full_row(table, {**values, "ID": n, "B": f"WVR{n}", "G": n % 99})
            for n in range(base, base + 1000)
        ]
        session.insert_rows(table, rows)
    return count


def singles(session: OracleSession, count: int) -> int:
    for number in range(count):
        session.execute("UPDATE T SET A = :1 WHERE ID = :2", ("NJ", number))
        session.commit()
    return count


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        engine = OracleEngine.open(Path(directory), OracleSettings())
        session = engine.session("WMS")
        session.execute(TABLE)
        meter = Meter(engine)
        meter.run("inserts in one transaction", lambda: fill(session, count))
        meter.run("its redo before the commit", lambda: sum(1 for _ in engine.redo(0, engine.current_scn())))
        meter.run("commit", session.commit)
        scn = engine.current_scn()
        meter.run("snapshot", lambda: sum(1 for _ in session.snapshot("WMS", "T", None, scn)))
        meter.run("redo of 2000 SCNs", lambda: len(list(engine.redo(scn - 2000, scn))))
        meter.run("single-row commits", lambda: singles(session, 2000))
        meter.run("one update of all rows", lambda: session.execute("UPDATE T SET G = G + 1"))
        meter.run("its rollback", session.rollback)
        engine.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
