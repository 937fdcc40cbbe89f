"""The redo log as V$LOGMNR_CONTENTS shows it.

Columns and codes: *Database Reference* 19c, V$LOGMNR_CONTENTS. Statements: *Utilities* 19c, "Using LogMiner
to Analyze Redo Log Files" (`set transaction read write;`, `commit;`, `rollback;`, lower-case words, quoted
names). A statement longer than 4000 bytes continues in the next row while CSF is 1; no character is cut.

Supplemental logging (*Utilities* 19c, "Supplemental Logging" and "Database-Level Supplemental Logging"):

- ALL COLUMNS: the WHERE of an update carries every old column but LOBs;
- PRIMARY KEY: the key and the changed columns; without a key every column;
- only minimal: the changed columns. LogMiner adds ROWID, which NO_ROWID_IN_STMT leaves out (*PL/SQL Packages*
  19c, DBMS_LOGMNR);
- none: STATUS is 3 and INFO `no supplemental log data found` (*Utilities* 12.1, "DDL_DICT_TRACKING and
  Supplemental Logging OracleSettings").

A delete always carries every old column, and an insert every new one: redo needs them to undo and to redo the
row.

Not reproduced: LogMiner's names for objects that the online catalog no longer has (`"UNKNOWN"."OBJ# 45522"`),
and its STATUS 2 `Dictionary Version Mismatch` for redo older than the last ALTER TABLE; here old redo keeps
its columns.

Guesses: SET has every column that the statement assigns, also those whose value did not change; an undo row
of a rollback names its row by ROWID; rows between SCNs (each row here has its own SCN); the form of RS_ID
from the place in the log; a dropped table's statement ends in `AS "BIN$…"` (the DDL grammar of Debezium 3.6.1
knows this form).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from connector.local.oracle.dictionary import Dictionary, TableDefinition
from connector.local.oracle.storage import PLACE_BITS, Store

if TYPE_CHECKING:
    from connector.local.oracle.logs import RedoLogs
    from connector.local.oracle.scn import ScnClock

INSERT: Final = 1
DELETE: Final = 2
UPDATE: Final = 3
DDL: Final = 5
START: Final = 6
COMMIT: Final = 7
SELECT_LOB_LOCATOR: Final = 9
LOB_WRITE: Final = 10
ROLLBACK: Final = 36
UNSUPPORTED: Final = 255

#: OPERATION by OPERATION_CODE.
OPERATIONS: Final = {
    INSERT: "INSERT",
    DELETE: "DELETE",
    UPDATE: "UPDATE",
    DDL: "DDL",
    START: "START",
    COMMIT: "COMMIT",
    SELECT_LOB_LOCATOR: "SEL_LOB_LOCATOR",
    LOB_WRITE: "LOB_WRITE",
    ROLLBACK: "ROLLBACK",
    UNSUPPORTED: "UNSUPPORTED",
}
DDL_INFO: Final = "USER DDL (PlSql=0 RecDep=0)"
#: The longest SQL_REDO of one row, in bytes.
LONGEST: Final = 4000
#: Bytes that a record takes in the log besides its statement. A guess.
_OVERHEAD: Final = 160

_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Values = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class RedoRow:
    """One row of V$LOGMNR_CONTENTS. `timestamp` is in seconds since 1970, `xid` the 8 bytes of XID."""

    scn: int
    sql_redo: str | None
    operation_code: int
    operation: str
    timestamp: float
    xid: bytes
    csf: int = 0
    table_name: str | None = None
    seg_owner: str | None = None
    row_id: str = "AAAAAAAAAAAAAAAAAA"
    rollback: int = 0
    status: int = 0
    info: str | None = None
    ssn: int = 0
    thread: int = 1
    data_obj: int = 0
    data_objv: int = 0
    data_objd: int = 0
    start_scn: int | None = None
    commit_scn: int | None = None
    sequence: int = 0
    rs_id: str = ""
    username: str | None = None
    client_id: str | None = None


@lru_cache(maxsize=64)
def xid(transaction: int) -> bytes:
    """XID of a transaction: undo segment, slot and sequence, as the 8 bytes that V$TRANSACTION.XID shows."""
    return struct.pack("<HHI", transaction % 10 + 1, transaction // 10 % 34, transaction // 340)


def row_id(data_object: int, row: int) -> str:
    """An extended ROWID: object, file 4, block and row, in Oracle's base 64 (*SQLRF*, ROWID Data Type)."""
    return _segment(data_object) + _block(row >> 9) + _SLOTS[row & 511]


def _base64(number: int, width: int) -> str:
    return "".join(_DIGITS[number >> 6 * place & 63] for place in range(width - 1, -1, -1))


@lru_cache(maxsize=256)
def _segment(data_object: int) -> str:
    return _base64(data_object, 6) + "AAE"


@lru_cache(maxsize=256)
def _block(block: int) -> str:
    return _base64(block, 6)


_SLOTS: Final = tuple(_base64(slot, 3) for slot in range(512))


def chunks(sql: str) -> list[str]:
    """The statement in pieces of at most 4000 bytes that end at a character."""
    if len(sql) * 4 <= LONGEST or len(sql.encode()) <= LONGEST:
        return [sql]
    data, pieces, start = sql.encode(), [], 0
    while start < len(data):
        end = min(start + LONGEST, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[start:end].decode())
        start = end
    return pieces


class Statements:
    """SQL_REDO of one version of one table. Rows are texts in the order of the table's columns."""

    def __init__(self, table: TableDefinition) -> None:
        self._table = table
        self._columns = table.columns
        self._names = [f'"{column.name}"' for column in table.columns]
        self._literals = [column.type.redo_literal for column in table.columns]
        self._lob = [column.type.is_lob for column in table.columns]
        self._head = f"insert into {table.quoted}({','.join(self._names)}) values ("
        self._places = {column.name: place for place, column in enumerate(table.columns)}

    def insert(self, row: Values) -> str:
        """A CLOB that is not NULL is EMPTY_CLOB() here and has rows of its own (DBZ pull request 5493)."""
        texts = [
            literal(value) if value is None or not lob else "EMPTY_CLOB()"
            for literal, lob, value in zip(self._literals, self._lob, row, strict=True)
        ]
        return f"{self._head}{','.join(texts)});"

    def update(self, old: Values, new: Values, changed: Sequence[int], logged: Sequence[int]) -> str:
        """`changed` and `logged` are places of columns: for SET, and for WHERE besides the changed ones."""
        sets = ", ".join(f"{self._names[place]} = {self._literals[place](new[place])}" for place in changed)
        return f"update {self._table.quoted} set {sets}{self._where(old, {*changed, *logged})};"

    def delete(self, old: Values) -> str:
        return f"delete from {self._table.quoted}{self._where(old, range(len(self._names)))};"

    def undo_update(self, old: Values, changed: Sequence[int], row: str) -> str:
        sets = ", ".join(f"{self._names[place]} = {self._literals[place](old[place])}" for place in changed)
        return f"update {self._table.quoted} set {sets} where ROWID = '{row}';"

    def undo_insert(self, row: str) -> str:
        return f"delete from {self._table.quoted} where ROWID = '{row}';"

    def _where(self, old: Values, places: Sequence[int] | set[int] | range) -> str:
        tests = [
            f"{self._names[place]} IS NULL"
            if old[place] is None
            else f"{self._names[place]} = {self._literals[place](old[place])}"
            for place in sorted(places)
            if not self._lob[place]
        ]
        return " where " + " and ".join(tests) if tests else ""

    def logged(self, *, all_columns: bool, primary_key: bool) -> list[int]:
        """Places of the columns that supplemental logging adds to an update."""
        everything = list(range(len(self._columns)))
        if all_columns or self._table.supplemental_all:
            return everything
        if primary_key or self._table.supplemental_primary_key:
            return [self._places[name] for name in self._table.primary_key] or everything
        return []


class RedoLog:
    """Writes redo into the store and reads it. The caller of what writes holds the engine's lock."""

    def __init__(self, store: Store, scn: ScnClock, logs: RedoLogs, dictionary: Dictionary) -> None:
        self._store, self._scn, self._logs, self._dictionary = store, scn, logs, dictionary
        self._buffer: list[tuple[object, ...]] = []

    def add(
        self,
        op: int,
        sql: str | None,
        *,
        transaction: int,
        user: str,
        table: TableDefinition | None = None,
        row: int | None = None,
        rollback: int = 0,
        status: int = 0,
        info: str | None = None,
        scn: int | None = None,
    ) -> int:
        """Write one record; its SCN is returned. It reaches the file with the next `flush`."""
        if scn is None:
            self.make_room()
            scn = self._scn.next()
        pieces: list[str] | list[None] = [None] if sql is None else chunks(sql)
        size = _OVERHEAD + sum(len(piece) for piece in pieces if piece)
        sequence, position = self._logs.written(size)
        ids = (None, None, None) if table is None else (table.object_id, table.data_object_id, table.version)
        last = len(pieces) - 1
        for number, piece in enumerate(pieces):
            self._buffer.append(
                (
                    *(scn << PLACE_BITS | number, op, self._scn.now(), transaction, int(number < last)),
                    *(*ids, row, rollback, status, info, piece, user, sequence, position, None, None),
                )
            )
        if len(self._buffer) >= 2000:
            self.write_out()
        return scn

    def make_room(self) -> None:
        """Switch to the next log if this one is full, before the next SCN is taken."""
        if self._logs.full:
            self.write_out()
            self._logs.switch()

    def inject(self, row: RedoRow, transaction: int) -> int:
        """Write a row as a test wants it: its own names, code, status, text and, if not 0, time."""
        scn, time = self._scn.next(), row.timestamp or self._scn.now()
        sequence, position = self._logs.written(_OVERHEAD + len(row.sql_redo or ""))
        self._buffer.append(
            (
                *(scn << PLACE_BITS, row.operation_code, time, transaction, row.csf),
                *(row.data_obj, row.data_objd, row.data_objv, None, row.rollback, row.status, row.info),
                *(row.sql_redo, row.username, sequence, position, row.seg_owner, row.table_name),
            )
        )
        self.write_out()
        return scn

    def write_out(self) -> None:
        """Hand the buffered rows to SQLite's open transaction."""
        if self._buffer:
            self._store.write_many(f"INSERT INTO redo VALUES ({','.join('?' * 18)})", self._buffer)
            self._buffer.clear()

    def read(self, after: int, upto: int) -> Iterator[RedoRow]:
        """Rows with after < SCN <= upto, in order. What is buffered must have been flushed before."""
        with self._store.reader() as reader:
            cursor = reader.execute(
                "SELECT place, op, time, tx, csf, obj, objd, objv, rid, rollback, status, info, sql, user,"
                " sequence, pos, owner, name FROM redo WHERE place >= ? AND place < ? ORDER BY place",
                ((after + 1) << PLACE_BITS, (upto + 1) << PLACE_BITS),
            )
            try:
                while batch := cursor.fetchmany(1000):
                    for row in batch:
                        yield self._row(*row)
            finally:
                cursor.close()

    def _row(  # noqa: PLR0917 - a row of the store's table
        self,
        place: int,
        op: int,
        time: float,
        transaction: int,
        csf: int,
        obj: int | None,
        objd: int | None,
        objv: int | None,
        row: int | None,
        rollback: int,
        status: int,
        info: str | None,
        sql: str | None,
        user: str | None,
        sequence: int,
        position: int,
        owner: str | None,
        name: str | None,
    ) -> RedoRow:
        table = self._dictionary.numbered(obj) if obj else None
        if table and name is None:
            owner, name = table.owner, table.name
        scn = place >> PLACE_BITS
        return RedoRow(
            scn=scn,
            sql_redo=sql,
            operation_code=op,
            operation=OPERATIONS.get(op, "INTERNAL"),
            timestamp=time,
            xid=xid(transaction),
            csf=csf,
            table_name=name,
            seg_owner=owner,
            row_id=row_id(objd or 0, row) if row else "AAAAAAAAAAAAAAAAAA",
            rollback=rollback,
            status=status,
            info=info,
            data_obj=obj or 0,
            data_objv=objv or 0,
            data_objd=objd or 0,
            start_scn=transaction,
            commit_scn=scn if op == COMMIT else None,
            sequence=sequence,
            rs_id=f" 0x{sequence:06x}.{position >> 9:08x}.{position & 511:04x} ",
            username=user,
        )
