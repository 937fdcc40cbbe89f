"""A session: one user's connection with at most one open transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.local.oracle.dictionary import Column, TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.rows import Busy, Changed
from connector.local.oracle.storage import FOREVER
from connector.local.oracle.transactions import Transaction
from connector.local.oracle.types import Given

if TYPE_CHECKING:
    from connector.local.oracle.engine import OracleEngine

#: Rows that are fetched from the store at once.
_BATCH = 1000
Row = Sequence[str | None]


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query: (name, wire type) of each column, and an iterator of rows of wire texts."""

    columns: list[tuple[str, str]]
    rows: Iterator[Row]


class OracleSession:
    """Made by `OracleEngine.session`. One thread at a time uses it.

    `schema` is where a name without an owner is looked for (ALTER SESSION SET CURRENT_SCHEMA). `timeout` is
    the running statement's, in seconds: when it ends a wait, the driver has cancelled (ORA-01013).
    """

    def __init__(self, engine: OracleEngine, user: str, container: str) -> None:
        self.engine = engine
        self.user = user
        self.schema = user
        self.container = container
        self.transaction: Transaction | None = None
        self.closed = False
        self.timeout: float | None = None

    # -- the side door -------------------------------------------------------------------------------------

    def execute(self, sql: str, binds: Sequence[Given] | Mapping[str, Given] = ()) -> QueryResult | int:
        """Run one statement of the side door's grammar: rows, or the number of changed rows (0 for the rest).

        Raises OracleError: in Oracle's numbers for what Oracle refuses, ORA-00900 by name for what the side
        door does not know.
        """
        from connector.local.oracle.sql.run import run  # noqa: PLC0415 - the grammar needs sessions

        return run(self, sql, binds)

    # -- transactions --------------------------------------------------------------------------------------

    def change(self, step: Callable[[Transaction], int]) -> int:
        """Run one statement that changes rows: whole or not at all, again after waiting for another."""
        engine = self.engine
        deadline, code = self._deadline()
        with engine.lock:
            engine.check_open()
            engine.scn.ensure()
            if self.transaction is None:
                self.transaction = engine.begin(self.user)
            transaction = self.transaction
            mark = transaction.count
            while True:
                try:
                    return step(transaction)
                except Busy as busy:
                    engine.rows.undo(transaction, mark)
                    engine.wait(transaction, busy.holder, deadline, code)
                except Changed:
                    engine.rows.undo(transaction, mark)
                except BaseException:
                    engine.rows.undo(transaction, mark)
                    raise
                engine.scn.ensure()

    def _deadline(self) -> tuple[float | None, int]:
        """Until when a statement that begins now waits for a row, and the error that ends the wait."""
        limits = [(float(str(given)), 54)] if (given := self.engine.state["lock_wait_seconds"]) else []
        if self.timeout:
            limits.append((self.timeout, 1013))
        if not limits:
            return None, 54
        seconds, code = min(limits)
        return time.monotonic() + seconds, code

    def commit(self) -> int | None:
        """Commit: in the file when this returns. The SCN of the commit, or None if nothing was changed."""
        with self.engine.lock:
            self.engine.check_open()
            transaction, self.transaction = self.transaction, None
            self.engine.scn.ensure()
            return self.engine.commit(transaction) if transaction else None

    def rollback(self, savepoint: str | None = None) -> None:
        """Take back all changes, or those after a savepoint (ORA-01086 if there is none of that name)."""
        with self.engine.lock:
            self.engine.check_open()
            transaction = self.transaction
            if savepoint is None:
                self.transaction = None
                if transaction:
                    self.engine.rollback(transaction)
                return
            if transaction is None or savepoint not in transaction.savepoints:
                raise OracleError.of(1086, savepoint)
            mark = transaction.savepoints[savepoint]
            transaction.savepoints = {
                name: count for name, count in transaction.savepoints.items() if count <= mark
            }
            self.engine.scn.ensure()
            self.engine.rows.undo(transaction, mark)
            self.engine.redo_log.write_out()

    def savepoint(self, name: str) -> None:
        """Mark this point; the same name again moves it."""
        with self.engine.lock:
            self.engine.check_open()
            if self.transaction is None:
                self.engine.scn.ensure()
                self.transaction = self.engine.begin(self.user)
            self.transaction.savepoints.pop(name, None)
            self.transaction.savepoints[name] = self.transaction.count

    def close(self) -> None:
        """End the session; what is open is rolled back."""
        with self.engine.lock:
            if not self.closed:
                self.closed = True
                if not self.engine.closed:
                    self.rollback()
                self.engine.sessions.discard(self)

    # -- rows ----------------------------------------------------------------------------------------------

    def insert(self, owner: str, table: str, values: Mapping[str, Given]) -> None:
        """Insert one row; columns that are not named get their default."""
        found = self.engine.dictionary.table(owner, table)
        self.insert_rows(found, [self.full_row(found, values)])

    def full_row(self, table: TableDefinition, values: Mapping[str, Given]) -> list[str | None]:
        """The row's canonical texts.

        ORA-00904 unknown column, ORA-01400 NULL, and the errors of its types.
        """
        for name in values:
            table.column(name)
        row: list[str | None] = []
        for column in table.columns:
            given = values[column.name] if column.name in values else self.full_default(column)
            row.append(self.checked(table, column, given))
        return row

    def checked(
        self, table: TableDefinition, column: Column, given: Given, *, code: int = 1400
    ) -> str | None:
        """The value as the column keeps it."""
        try:
            text = column.type.check(given)
        except OracleError as error:
            if error.code != 12899:
                raise
            text = column.type.check(given, table.label(column))
        if text is None and (not column.nullable or column.name in table.primary_key):
            raise OracleError.of(code, table.label(column))
        return text

    def full_default(self, column: Column) -> Given:
        """The value of the column's DEFAULT, or None."""
        if column.default is None:
            return None
        from connector.local.oracle.sql.run import default_value  # noqa: PLC0415

        return default_value(self, column.default)

    def insert_rows(self, table: TableDefinition, rows: Sequence[Row]) -> int:
        """Insert rows of canonical texts as one statement."""

        def step(transaction: Transaction) -> int:
            for number, row in enumerate(rows):
                if number % 500 == 499:
                    self.engine.breathe()
                self.engine.start(transaction)
                self.engine.rows.insert(transaction, table, row)
            return len(rows)

        return self.change(step)

    def lock_table(self, owner: str, table: str, mode: str = "ROW SHARE") -> None:
        """LOCK TABLE … IN … MODE.

        ROW SHARE and ROW EXCLUSIVE meet nobody here; EXCLUSIVE waits for changes of others.
        """
        found = self.engine.dictionary.table(owner, table)
        if "ROW" in mode:
            return

        def step(transaction: Transaction) -> int:
            for number, other in self.engine.transactions.items():
                if other is not transaction and found.object_id in other.tables:
                    raise Busy(number)
            return 0

        self.change(step)

    def snapshot(
        self,
        owner: str,
        table: str,
        columns: Sequence[str] | None,
        scn: int | None,
        where: str | None = None,
    ) -> Iterator[Row]:
        """Rows of a table as committed at this SCN, as wire texts in the columns' order; no SCN: as of now.

        `where` is a condition in the side door's grammar. ORA-00942, ORA-00904, ORA-08181, ORA-01555,
        ORA-01466.
        """
        found = self.engine.dictionary.table(owner, table)
        chosen = found.columns if columns is None else tuple(found.column(name) for name in columns)
        condition: tuple[str, Sequence[object]] = ("", ())
        if where:
            from connector.local.oracle.sql.run import condition_of  # noqa: PLC0415

            condition = condition_of(self, found, where)
        return self.read(found, chosen, scn, *condition)

    def read(  # noqa: PLR0917
        self,
        table: TableDefinition,
        columns: Sequence[Column],
        scn: int | None,
        where: str = "",
        parameters: Sequence[object] = (),
        tail: str = "",
    ) -> Iterator[Row]:
        """Rows as of an SCN, or as of now with this session's own changes.

        `where` and `tail` are the store's SQL.
        """
        engine = self.engine
        with engine.lock:
            engine.check_open()
            engine.write_out()
            if scn is not None:
                engine.check_snapshot(table, scn)
            names = ", ".join(column.stored for column in columns) or "1"
            visible, values = self.visible(engine.scn.last if scn is None else scn, own=scn is None)
            sql = (
                f"SELECT {names} FROM {table.rows} WHERE {visible}{f' AND ({where})' if where else ''} {tail}"
            )
            rows = _stream(engine, sql, (*values, *parameters))
            next(rows)
        return rows

    def count(self, table: TableDefinition, scn: int | None, where: str, parameters: Sequence[object]) -> str:
        """The number of rows that match, as wire text."""
        engine = self.engine
        with engine.lock:
            engine.check_open()
            engine.write_out()
            if scn is not None:
                engine.check_snapshot(table, scn)
            visible, values = self.visible(engine.scn.last if scn is None else scn, own=scn is None)
            sql = f"SELECT COUNT(*) FROM {table.rows} WHERE {visible}{f' AND ({where})' if where else ''}"
            rows = _stream(engine, sql, (*values, *parameters))
            next(rows)
        return str(next(rows)[0])

    def visible(self, scn: int, *, own: bool) -> tuple[str, tuple[int, ...]]:
        """The store's condition for the versions that a statement as of this SCN sees."""
        if not own or self.transaction is None:
            return "b BETWEEN 1 AND ? AND (e > ? OR e < 0)", (scn, scn)
        me = -self.transaction.number
        return "((b BETWEEN 1 AND ? AND (e > ? OR e < 0)) OR b = ?) AND e != ?", (scn, scn, me, me)

    def changeable(self, transaction: Transaction) -> tuple[str, tuple[int, ...]]:
        """The store's condition for the versions that a statement would change, held by others or not."""
        me = -transaction.number
        return f"(e = {FOREVER} OR e < 0) AND e != ? AND (b > 0 OR b = ?)", (me, me)


def _stream(engine: OracleEngine, sql: str, parameters: Sequence[object]) -> Iterator[Row]:
    """Rows from a reading connection.

    The first item is an empty one: by then the view of the file is fixed.
    """
    with engine.store.reader() as reader:
        cursor = reader.execute(sql, parameters)
        try:
            batch = cursor.fetchmany(_BATCH)
            yield ()
            while batch:
                yield from batch
                batch = cursor.fetchmany(_BATCH)
        finally:
            cursor.close()
