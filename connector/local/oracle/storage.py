"""The store: one SQLite file, one writing connection, readers as they are needed.

What an Oracle transaction changes goes into the file before its commit, marked as its own, and becomes
visible by one atomic step. A killed process (kill -9) loses nothing that was committed: SQLite in WAL mode
hands its pages to the operating system at each commit. It does not wait for the disk, so a power cut may lose
the last changes; no test cuts the power.

A row is a chain of versions in its table's `t<object id>`:

- `vid`: the SCN of the change that made this version; `rid`: the row's identity, the `vid` of its insert;
- `b`: the SCN of the commit that made it visible, or minus the transaction's number until then;
- `e`: the SCN of the commit that replaced or deleted it, minus the transaction's number until then, else
  `FOREVER`.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from connector.local.oracle import values

#: `e` of a version that nobody replaced.
FOREVER: Final = 1 << 62
#: Redo's place is its SCN and the number of its continuation row.
PLACE_BITS: Final = 13

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value);
CREATE TABLE IF NOT EXISTS objects(object_id INTEGER PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS transactions(id INTEGER PRIMARY KEY, started REAL NOT NULL, user TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS times(scn INTEGER PRIMARY KEY, time REAL NOT NULL);
CREATE INDEX IF NOT EXISTS times_by_time ON times(time);
CREATE TABLE IF NOT EXISTS logs(
  sequence INTEGER PRIMARY KEY, grp INTEGER NOT NULL, first_change INTEGER NOT NULL, first_time REAL NOT NULL,
  next_change INTEGER, next_time REAL, archived INTEGER NOT NULL, deleted INTEGER NOT NULL, used INTEGER NOT
  NULL); CREATE TABLE IF NOT EXISTS redo( place INTEGER PRIMARY KEY, op INTEGER NOT NULL, time REAL NOT NULL,
  tx INTEGER, csf INTEGER NOT NULL, obj INTEGER, objd INTEGER, objv INTEGER, rid INTEGER, rollback INTEGER NOT
  NULL, status INTEGER NOT NULL, info TEXT, sql TEXT, user TEXT, sequence INTEGER NOT NULL, pos INTEGER NOT
  NULL, owner TEXT, name TEXT);
"""


def _by_number(one: str, two: str) -> int:
    left, right = Decimal(one), Decimal(two)
    return (left > right) - (left < right)


def _by_instant(one: str, two: str) -> int:
    left, right = values.instant(one), values.instant(two)
    return (left > right) - (left < right)


class Store:
    """The SQLite file of one database. The caller holds the engine's lock around the writing connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self.writer = self._connect()
        self.writer.execute("PRAGMA journal_mode=WAL")
        self.writer.execute("PRAGMA synchronous=OFF")
        self.writer.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=60
        )
        connection.execute("PRAGMA case_sensitive_like=ON")
        connection.execute("PRAGMA cache_size=-32768")
        connection.create_collation("NUMERICAL", _by_number)
        connection.create_collation("INSTANT", _by_instant)
        return connection

    def begin(self) -> None:
        """Open a SQLite transaction if none is open."""
        if not self.writer.in_transaction:
            self.writer.execute("BEGIN IMMEDIATE")

    def flush(self) -> None:
        """Put everything written so far into the file, where it survives the process and readers see it."""
        if self.writer.in_transaction:
            self.writer.execute("COMMIT")

    def write(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """One statement on the writing connection, inside the open SQLite transaction."""
        self.begin()
        return self.writer.execute(sql, parameters)

    def write_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self.begin()
        self.writer.executemany(sql, rows)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A reading connection of its own; it sees what was flushed when its first statement ran."""
        with self._pool:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            with self._pool:
                self._idle.append(connection)

    def get(self, key: str, default: Any = None) -> Any:
        """A value of the database's own state."""
        found = self.writer.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if found is None else found[0]

    def put(self, key: str, value: object) -> None:
        self.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def close(self) -> None:
        self.flush()
        with self._pool:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        self.writer.close()
