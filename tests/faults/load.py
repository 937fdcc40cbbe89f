"""A writer that never rests, and a book of what it has committed.

Transactions of a few changes each over all captured tables: rows are inserted, updated and deleted. The
number of a row's change stands in a column of the row, so that a record tells which change it is of.
"""

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, sql

from connector.local import schema
from connector.local.database import LocalDatabase, invented
from tests.faults.compare import Change, Kind

#: The column that holds the number of a row's change.
NUMBER = {schema.BASE: "ENRLMT_CNT", schema.REVISION: "RVSN_NUM"}
#: What that column can hold in the narrower table.
_LAST_NUMBER = 9000
_ROWS_KEPT = 150
_RETRY_SECONDS = 0.2


@dataclass(frozen=True)
class Place:
    """A row of a table."""

    schema: str
    table: str
    key: int

    @property
    def row(self) -> str:
        return row_name(self.schema, self.table, self.key)

    @property
    def relation(self) -> sql.Composable:
        return sql.Identifier(self.schema, self.table)

    @property
    def is_mine(self) -> sql.Composable:
        return sql.SQL("{} = {}").format(sql.Identifier(schema.key(self.table)), sql.Literal(self.key))


def row_name(schema_name: str, table: str, key: object) -> str:
    """How a row is called in what is reported."""
    return f"{schema_name}.{table}/{key}"


class Load:
    """Writes from `start` to `stop`. `topics` tells the topic of each (schema, table)."""

    def __init__(
        self,
        database: LocalDatabase,
        topics: Mapping[tuple[str, str], str],
        *,
        first_key: int,
        per_second: float = 25.0,
    ) -> None:
        self.committed: list[Change] = []
        #: Columns that are written besides, by table; changed only inside `held`.
        self.extra: dict[str, dict[str, Any]] = {}
        self._database = database
        self._topics = topics
        self._connection: Connection | None = None
        self._pause = 1 / per_second
        self._next = first_key
        self._rows: dict[Place, int] = {}
        self._random = random.Random(first_key)  # noqa: S311 - the same fault, the same changes
        self._turn = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def has_committed(self, changes: int) -> bool:
        """Whether so many changes are committed by now. Raises what has ended the writer."""
        if self.error is not None:
            raise self.error
        return len(self.committed) >= changes

    def stop(self, seconds: float = 60) -> list[Place]:
        """Write no more; then one last row into each table, which a reader can wait for."""
        self._ends.set()
        self._thread.join(seconds)
        if self.error is not None:
            raise self.error
        assert not self._thread.is_alive(), "the writer does not come to its end"
        last = [self._new(place) for place in schema.TABLES]
        self._transact([(place, 1, Kind.INSERT) for place in last])
        self._disconnect()
        return last

    def insert(self, table: tuple[str, str], **columns: Any) -> Place:
        """A row of the caller's own, which the writer leaves alone."""
        with self._turn:
            place = self._new(table)
            self._transact([(place, 1, Kind.INSERT)], columns)
            del self._rows[place]
        return place

    def update(self, place: Place, number: int, **columns: Any) -> None:
        """Change a row of the caller's own."""
        with self._turn:
            self._transact([(place, number, Kind.UPDATE)], columns)
            del self._rows[place]

    @contextmanager
    def held(self) -> Iterator[None]:
        """No transaction is open meanwhile."""
        with self._turn:
            yield

    def _run(self) -> None:
        try:
            while not self._ends.wait(self._pause):
                with self._turn:
                    self._transact(self._some_changes())
        except BaseException as error:  # noqa: BLE001 - told by `stop`, in the thread of whoever asked
            self.error = error

    def _some_changes(self) -> list[tuple[Place, int, Kind]]:
        chosen: dict[Place, tuple[int, Kind]] = {}
        for _ in range(self._random.randint(1, 4)):
            place = self._random.choice([*self._rows] or [None])
            lot = self._random.random()
            if place is None or place in chosen or (lot < 0.4 and len(self._rows) < _ROWS_KEPT):
                chosen[self._new(self._random.choice(schema.TABLES))] = 1, Kind.INSERT
            elif lot > 0.85 or self._rows[place] >= _LAST_NUMBER:
                chosen[place] = self._rows[place] + 1, Kind.DELETE
            else:
                chosen[place] = self._rows[place] + 1, Kind.UPDATE
        return [(place, number, kind) for place, (number, kind) in chosen.items()]

    def _new(self, table: tuple[str, str]) -> Place:
        self._next += 1
        return Place(*table, self._next)

    def _transact(
        self, changes: list[tuple[Place, int, Kind]], columns: Mapping[str, Any] | None = None
    ) -> None:
        """Commit these changes, however often the database goes away meanwhile, and write them down."""
        doubtful = False
        while True:
            try:
                with self._connected() as connection, connection.transaction():
                    # Whether a commit that was cut off has been made is seen from the row.
                    if doubtful and self._done(connection, *changes[-1]):
                        break
                    for change in changes:
                        self._write(connection, *change, columns)
                break
            except (psycopg.OperationalError, psycopg.InterfaceError):
                doubtful = True
                self._disconnect()
                time.sleep(_RETRY_SECONDS)
        at = time.time()
        for place, number, kind in changes:
            topic = self._topics[place.schema, place.table]
            self.committed.append(Change(topic, place.row, number, kind, at))
            if kind is Kind.DELETE:
                self._rows.pop(place, None)
            else:
                self._rows[place] = number

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """One connection for all transactions: to log in costs more than to write."""
        if self._connection is None:
            self._connection = self._database._connect(
                schema.APP, self._database.app_password, autocommit=True
            )
        yield self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @staticmethod
    def _done(connection: Connection, place: Place, number: int, kind: Kind) -> bool:
        column = sql.Identifier(NUMBER[place.table])
        statement = sql.SQL("SELECT {} FROM {} WHERE {}").format(column, place.relation, place.is_mine)
        row = connection.execute(statement).fetchone()
        return row is None if kind is Kind.DELETE else row is not None and int(row[0]) == number

    def _write(
        self,
        connection: Connection,
        place: Place,
        number: int,
        kind: Kind,
        columns: Mapping[str, Any] | None,
    ) -> None:
        extra = self.extra.get(place.table, {}) if columns is None else columns
        if kind is Kind.DELETE:
            connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(place.relation, place.is_mine))
            return
        values = {**extra, NUMBER[place.table]: number}
        if kind is Kind.INSERT:
            values = {**invented(place.table, place.key), **values, schema.key(place.table): place.key}
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                place.relation,
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join([sql.Placeholder()] * len(values)),
            )
        else:
            given = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in values]
            statement = sql.SQL("UPDATE {} SET {} WHERE {}").format(
                place.relation, sql.SQL(", ").join(given), place.is_mine
            )
        connection.execute(statement, [*values.values()])
