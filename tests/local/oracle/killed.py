"""Changes rows until it is killed, and says each commit when it has returned.

Not a test: `test_durability` runs it.
"""

import sys
from pathlib import Path

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.session import QueryResult


def main(directory: str) -> None:
    engine = OracleEngine.open(Path(directory), OracleSettings(log_bytes=100_000))
    session, open_one = engine.session("WMS"), engine.session("WMS")
    found = session.execute("SELECT MAX(K) FROM T")
    assert isinstance(found, QueryResult)
    number = int(float(next(found.rows)[0] or 0))
    while True:
        number += 1
        open_one.execute("INSERT INTO T VALUES (:1, 'open')", (-number,))
        open_one.execute("UPDATE T SET V = 'lost' WHERE K = 0")
        # Both rows or none.
        session.execute("INSERT INTO T VALUES (:1, 'one')", (number,))
        session.execute("INSERT INTO T VALUES (:1, 'two')", (number + 0.5,))
        scn = session.commit()
        sys.stdout.write(f"{number} {scn} {engine.current_scn()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
