"""Changes of rows: versions, their redo, keys, undo, and the step that makes a transaction visible.

The caller holds the engine's lock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connector.local.oracle import redo as codes
from connector.local.oracle.dictionary import Dictionary, TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.redo import RedoLog, Statements, Values, row_id
from connector.local.oracle.scn import ScnClock
from connector.local.oracle.storage import FOREVER, Store
from connector.local.oracle.transactions import RowChange, Transaction

#: Rows that one step of a statement changes before others may have the lock.
CHUNK: Final = 500
NO_SUPPLEMENTAL: Final = "no supplemental log data found"
#: A CLOB's value follows its insert as an UPDATE up to this length, as LOB_WRITE above (DBZ pull request
#: 5493).
SHORT_LOB: Final = 2000


class Busy(Exception):
    """Another transaction holds a row: wait for it, then run the statement again."""

    def __init__(self, holder: int) -> None:
        super().__init__(holder)
        self.holder = holder


class Changed(Exception):
    """A row changed between the search and the change: run the statement again."""


@dataclass
class Supplemental:
    """What the database logs besides: V$DATABASE.SUPPLEMENTAL_LOG_DATA_MIN, _PK and _ALL."""

    minimal: bool = True
    primary_key: bool = False
    all_columns: bool = False


class _Shape:
    """The SQL of one version of one table."""

    def __init__(self, table: TableDefinition) -> None:
        names = "".join(f", {column.stored}" for column in table.columns)
        marks = ", ?" * len(table.columns)
        self.statements = Statements(table)
        self.put = f"INSERT INTO {table.rows}(vid, rid, b, e{names}) VALUES (?, ?, ?, {FOREVER}{marks})"
        self.end = f"UPDATE {table.rows} SET e = ? WHERE vid = ? AND e = {FOREVER}"
        self.get = f"SELECT vid, rid{names} FROM {table.rows} WHERE vid IN "
        self.keys: list[tuple[str, tuple[int, ...], str]] = []
        places = {column.name: place for place, column in enumerate(table.columns)}
        keys = (
            {"PRIMARY KEY": table.primary_key, **table.unique_indexes}
            if table.primary_key
            else table.unique_indexes
        )
        for name, columns in keys.items():
            tests = " AND ".join(f"{table.by_name[column].stored} IS ?" for column in columns)
            find = f"SELECT vid, b, e FROM {table.rows} WHERE {tests} AND (e = {FOREVER} OR e < 0)"
            self.keys.append((name, tuple(places[column] for column in columns), find))


class Rows:
    """The rows of all tables."""

    def __init__(
        self, store: Store, scn: ScnClock, redo: RedoLog, dictionary: Dictionary, supplemental: Supplemental
    ) -> None:
        self._store, self._scn, self._redo, self._dictionary = store, scn, redo, dictionary
        self._supplemental = supplemental
        self._shapes: dict[tuple[int, int], _Shape] = {}
        #: Called between two chunks of a long undo, so that others get the lock.
        self.pause: Callable[[], None] = scn.ensure

    def _shape(self, table: TableDefinition) -> _Shape:
        found = self._shapes.get((table.object_id, table.version))
        if not found:
            found = self._shapes[table.object_id, table.version] = _Shape(table)
        return found

    def versions(
        self, table: TableDefinition, vids: Sequence[int]
    ) -> list[tuple[int, int, *tuple[str | None, ...]]]:
        """(vid, rid, values …) of these versions."""
        shape = self._shape(table)
        marks = ",".join("?" * len(vids))
        return self._store.writer.execute(f"{shape.get}({marks})", vids).fetchall()

    def insert(self, transaction: Transaction, table: TableDefinition, row: Values) -> None:
        """Insert a row of canonical texts.

        ORA-00001, or Busy while another transaction holds the same key.
        """
        shape = self._shape(table)
        duplicate = self._conflict(shape, transaction, row)
        vid = self._log_insert(transaction, table, shape, row)
        self._store.write(shape.put, (vid, vid, -transaction.number, *row))
        transaction.note(table.object_id, vid, 0, vid)
        transaction.tables.add(table.object_id)
        if duplicate:
            # Oracle, too, makes the row first and undoes it: redo has both, the second with ROLLBACK 1.
            raise OracleError.of(1, _constraint(table, duplicate))

    def _log_insert(
        self, transaction: Transaction, table: TableDefinition, shape: _Shape, row: Values
    ) -> int:
        # The row's identity is the SCN of its insert, which the record itself carries.
        self._redo.make_room()
        vid = self._scn.next()
        self._record(transaction, codes.INSERT, shape.statements.insert(row), table, vid, scn=vid)
        for place, column in enumerate(table.columns):
            if column.type.is_lob and row[place] is not None:
                self._log_lob(transaction, table, shape, row, place, vid)
        return vid

    def _log_lob(  # noqa: PLR0917
        self,
        transaction: Transaction,
        table: TableDefinition,
        shape: _Shape,
        row: Values,
        place: int,
        rid: int,
    ) -> None:
        value = row[place] or ""
        if len(value) <= SHORT_LOB:
            keys = [number for number, column in enumerate(table.columns) if column.name in table.primary_key]
            where = keys or [number for number, column in enumerate(table.columns) if not column.type.is_lob]
            text = shape.statements.update(row, row, [place], where)
            self._record(transaction, codes.UPDATE, text, table, rid)
            return
        # Operations 9 and 10 carry PL/SQL text, which nobody reads while lob.enabled is off: left out.
        self._record(transaction, codes.SELECT_LOB_LOCATOR, None, table, rid)
        self._record(transaction, codes.LOB_WRITE, None, table, rid)

    def _record(
        self,
        transaction: Transaction,
        op: int,
        text: str | None,
        table: TableDefinition,
        rid: int,
        *,
        rollback: int = 0,
        scn: int | None = None,
    ) -> int:
        logged = self._supplemental.minimal
        return self._redo.add(
            op,
            text,
            transaction=transaction.number,
            user=transaction.user,
            table=table,
            row=rid,
            rollback=rollback,
            status=0 if logged else 3,
            info=None if logged else NO_SUPPLEMENTAL,
            scn=scn,
        )

    def update(
        self,
        transaction: Transaction,
        table: TableDefinition,
        rows: Iterable[tuple[int, int, Values, Values]],
        assigned: Sequence[int],
    ) -> None:
        """Update (vid, rid, old, new) each; `assigned` are the places of the columns in SET."""
        shape = self._shape(table)
        logged = shape.statements.logged(
            all_columns=self._supplemental.all_columns, primary_key=self._supplemental.primary_key
        )
        transaction.tables.add(table.object_id)
        lobs = [place for place in assigned if table.columns[place].type.is_lob]
        plain = [place for place in assigned if place not in lobs]
        for vid, rid, old, new in rows:
            self._end(transaction, table, shape, vid)
            self._redo.make_room()
            scn = self._scn.next()
            self._store.write(shape.put, (scn, rid, -transaction.number, *new))
            transaction.note(table.object_id, rid, vid, scn)
            if plain or not lobs:
                text = shape.statements.update(old, new, plain or list(assigned), logged)
                self._record(transaction, codes.UPDATE, text, table, rid, scn=scn)
            for place in lobs:
                self._log_lob(transaction, table, shape, new, place, rid)

    def delete(
        self, transaction: Transaction, table: TableDefinition, rows: Iterable[tuple[int, int, Values]]
    ) -> None:
        """Delete (vid, rid, old) each."""
        shape = self._shape(table)
        transaction.tables.add(table.object_id)
        for vid, rid, old in rows:
            self._end(transaction, table, shape, vid)
            transaction.note(table.object_id, rid, vid, 0)
            self._record(transaction, codes.DELETE, shape.statements.delete(old), table, rid)

    def _end(self, transaction: Transaction, table: TableDefinition, shape: _Shape, vid: int) -> None:
        ended = self._store.write(shape.end, (-transaction.number, vid))
        if ended.rowcount == 1:
            return
        found = self._store.writer.execute(f"SELECT e FROM {table.rows} WHERE vid = ?", (vid,)).fetchone()
        if found and found[0] < 0:
            raise Busy(-found[0])
        raise Changed

    def check_keys(
        self, transaction: Transaction, table: TableDefinition, rows: Iterable[Values], assigned: set[int]
    ) -> None:
        """After an update: is each new key the only one? ORA-00001, or Busy."""
        shape = self._shape(table)
        if not any(assigned & set(places) for _, places, _ in shape.keys):
            return
        for row in rows:
            name = self._conflict(shape, transaction, row, own=1)
            if name:
                raise OracleError.of(1, _constraint(table, name))

    def _conflict(self, shape: _Shape, transaction: Transaction, row: Values, own: int = 0) -> str | None:
        me = -transaction.number
        for name, places, find in shape.keys:
            key = [row[place] for place in places]
            if all(value is None for value in key):
                continue
            found = [(b, e) for _, b, e in self._store.writer.execute(find, key) if e != me]
            for b, e in found:
                if b < 0 and b != me:
                    raise Busy(-b)
                if e < 0:
                    raise Busy(-e)
            if len(found) > own:
                return name
        return None

    def undo(self, transaction: Transaction, count: int) -> None:
        """Take back the changes after the first `count`; each writes redo with ROLLBACK 1."""
        for number, change in enumerate(transaction.back_to(count)):
            if number % CHUNK == CHUNK - 1:
                self.pause()
            self.undo_one(transaction, change)

    def undo_one(self, transaction: Transaction, change: RowChange) -> None:
        table = self._dictionary.numbered(change.object_id)
        if table is None:
            return
        shape, place = self._shape(table), row_id(table.data_object_id, change.row)
        old = self.versions(table, [change.before])[0][2:] if change.before else ()
        if not change.after:
            op, text = codes.INSERT, shape.statements.insert(old)
        elif not change.before:
            op, text = codes.DELETE, shape.statements.undo_insert(place)
        else:
            new = self.versions(table, [change.after])[0][2:]
            differ = [number for number, (one, two) in enumerate(zip(old, new, strict=True)) if one != two]
            op, text = codes.UPDATE, shape.statements.undo_update(old, differ or [0], place)
        if change.after:
            self._store.write(f"DELETE FROM {table.rows} WHERE vid = ?", (change.after,))
        if change.before:
            self._store.write(f"UPDATE {table.rows} SET e = {FOREVER} WHERE vid = ?", (change.before,))
        self._record(transaction, op, text, table, change.row, rollback=1)

    def publish(self, transaction: Transaction, scn: int) -> None:
        """Make the transaction's versions the committed ones as of this SCN."""
        me = -transaction.number
        if transaction.count <= CHUNK:
            for change in transaction.all():
                rows = f"t{change.object_id}"
                if change.after:
                    self._store.write(f"UPDATE {rows} SET b = ? WHERE vid = ?", (scn, change.after))
                if change.before:
                    self._store.write(
                        f"UPDATE {rows} SET e = ? WHERE vid = ? AND e = ?", (scn, change.before, me)
                    )
            return
        for object_id in transaction.tables:
            rows = f"t{object_id}"
            since = (transaction.number, me)
            self._store.write(f"DELETE FROM {rows} WHERE vid >= ? AND b = ? AND e < 0", since)
            self._store.write(f"UPDATE {rows} SET b = ? WHERE vid >= ? AND b = ?", (scn, *since))
        ended: dict[int, list[tuple[int, int, int]]] = {object_id: [] for object_id in transaction.tables}
        for change in transaction.all():
            if change.before:
                batch = ended[change.object_id]
                batch.append((scn, change.before, me))
                if len(batch) == CHUNK:
                    self._publish_ends(change.object_id, batch)
        for object_id, batch in ended.items():
            self._publish_ends(object_id, batch)

    def _publish_ends(self, object_id: int, batch: list[tuple[int, int, int]]) -> None:
        self._store.write_many(f"UPDATE t{object_id} SET e = ? WHERE vid = ? AND e = ?", batch)
        batch.clear()

    def left_open(self, table: TableDefinition) -> list[tuple[int, RowChange]]:
        """Changes that a kill left open, with their transaction's number, the last one first."""
        chains: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for vid, rid, b, e in self._store.writer.execute(
            f"SELECT vid, rid, b, e FROM {table.rows} WHERE b < 0 OR e < 0 ORDER BY vid"
        ):
            if b < 0:
                chains.setdefault((-b, rid), ([], []))[1].append(vid)
            if e < 0:
                chains.setdefault((-e, rid), ([], []))[0].append(vid)
        changes: list[tuple[int, int, RowChange]] = []
        for (number, rid), (ended, made) in chains.items():
            for vid in made:
                before = max((version for version in ended if version < vid), default=0)
                changes.append((vid, number, RowChange(table.object_id, rid, before, vid)))
            if ended and ended[-1] >= max(made, default=0):
                changes.append((FOREVER, number, RowChange(table.object_id, rid, ended[-1], 0)))
        changes.sort(key=lambda entry: entry[0], reverse=True)
        return [(number, change) for _, number, change in changes]


def _constraint(table: TableDefinition, name: str) -> str:
    return f"{table.owner}.{f'SYS_C{table.object_id:07d}' if name == 'PRIMARY KEY' else name}"
