"""Definitions: what a DDL statement does to the dictionary, the rows and the redo.

Every DDL statement commits the open transaction before and itself after (*SQLRF*, COMMIT). A table that
another session is changing is refused at once: ORA-00054 (DDL_LOCK_TIMEOUT is 0).
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from connector.local.oracle import redo as codes
from connector.local.oracle.dictionary import Column, TableDefinition, renumbered
from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import OracleError
from connector.local.oracle.session import OracleSession
from connector.local.oracle.sql.nodes import (
    AlterTable,
    ColumnDefinition,
    CreateIndex,
    CreateTable,
    DropTable,
    Key,
    TableName,
    Truncate,
)
from connector.local.oracle.storage import FOREVER
from connector.local.oracle.types import ColumnType


def define(
    session: OracleSession, statement: CreateTable | CreateIndex | AlterTable | DropTable | Truncate, sql: str
) -> int:
    """Run one DDL statement."""
    engine = session.engine
    with engine.lock:
        engine.check_open()
        session.commit()
        engine.scn.ensure()
        table = _target(session, statement.table, create=isinstance(statement, CreateTable))
        text = sql.rstrip().rstrip(";").rstrip()
        if isinstance(statement, CreateTable):
            changed = _created(engine, table, statement)
        elif isinstance(statement, AlterTable):
            changed = _ACTIONS[statement.action](engine, table, statement)
        elif isinstance(statement, CreateIndex):
            changed = _indexed(engine, table, statement)
        elif isinstance(statement, Truncate):
            engine.store.write(f"DELETE FROM {table.rows}")
            changed = _unreadable(engine, replace(table, data_object_id=engine.next_object_id()))
        else:
            engine.store.write(f"DROP TABLE {table.rows}")
            changed = replace(table, dropped=True)
            text += "" if statement.purge else f' AS "{_recycled(table)}"'
        _record(session, changed, f"{text};")
    return 0


def _record(session: OracleSession, table: TableDefinition, text: str) -> None:
    engine = session.engine
    transaction = engine.begin(session.user)
    engine.start(transaction)
    engine.redo_log.make_room()
    scn = engine.scn.next()
    table = replace(table, last_ddl_scn=scn, last_ddl_time=engine.scn.now())
    engine.save(table)
    engine.redo_log.add(
        codes.DDL,
        text,
        transaction=transaction.number,
        user=session.user,
        table=table,
        info=codes.DDL_INFO,
        scn=scn,
    )
    engine.commit(transaction)


def _target(session: OracleSession, name: TableName, *, create: bool) -> TableDefinition:
    engine, owner = session.engine, name.owner or session.schema
    if create:
        if engine.dictionary.find(owner, name.name):
            raise OracleError.of(955)
        number = engine.next_object_id()
        return TableDefinition(owner, name.name, number, number, ())
    table = engine.dictionary.table(owner, name.name)
    if any(table.object_id in other.tables for other in engine.transactions.values()):
        raise OracleError.of(54)
    return table


def _recycled(table: TableDefinition) -> str:
    # 30 characters, as Debezium looks for them: BIN$, 22 of base 64, ==$0.
    digest = hashlib.md5(f"{table.object_id}".encode(), usedforsecurity=False).digest()
    return f"BIN${base64.b64encode(digest).decode()[:22]}==$0"


def _unreadable(engine: OracleEngine, table: TableDefinition) -> TableDefinition:
    return replace(table, readable_scn=engine.scn.next(), version=table.version + 1)


def _created(engine: OracleEngine, table: TableDefinition, statement: CreateTable) -> TableDefinition:
    engine.store.write(
        f"CREATE TABLE {table.rows}(vid INTEGER PRIMARY KEY, rid INTEGER NOT NULL, b INTEGER NOT NULL,"
        " e INTEGER NOT NULL)"
    )
    for definition in statement.columns:
        table = _with_column(engine, table, definition)
    inline = [
        Key((definition.name,), definition.primary_key)
        for definition in statement.columns
        if definition.primary_key or definition.unique
    ]
    for key in (*inline, *statement.keys):
        table = _with_key(engine, table, key)
    for what in statement.supplemental:
        table = _with_log(table, what, on=True)
    return replace(table, readable_scn=engine.scn.next(), version=1)


def _with_column(
    engine: OracleEngine, table: TableDefinition, definition: ColumnDefinition
) -> TableDefinition:
    if definition.name in table.by_name:
        raise OracleError.of(957 if not table.last_ddl_scn else 1430)
    if definition.type is None:
        raise OracleError.of(902)
    column = Column(
        definition.name,
        definition.type,
        definition.nullable is not False and not definition.primary_key,
        definition.default,
        len(table.columns) + 1,
        table.next_column,
    )
    engine.store.write(f"ALTER TABLE {table.rows} ADD COLUMN {column.stored}")
    return replace(table, columns=(*table.columns, column), next_column=table.next_column + 1)


def _added(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    for definition in statement.columns:
        changed = _with_column(engine, table, definition)
        column = changed.columns[-1]
        value = None
        if column.default is not None:
            from connector.local.oracle.sql.run import default_value  # noqa: PLC0415 - it runs statements

            value = column.type.check(default_value(engine.system, column.default))
        if value is None and not column.nullable and _any(engine, table, "1"):
            raise OracleError.of(1758)
        if value is not None:
            # Oracle keeps the default in the dictionary and writes no redo for the rows either.
            engine.store.write(f"UPDATE {table.rows} SET {column.stored} = ?", (value,))
        table = changed
        if definition.primary_key or definition.unique:
            table = _with_key(engine, table, Key((column.name,), definition.primary_key))
    return replace(table, version=table.version + 1)


def _any(engine: OracleEngine, table: TableDefinition, condition: str) -> bool:
    sql = f"SELECT 1 FROM {table.rows} WHERE e = {FOREVER} AND {condition} LIMIT 1"
    return engine.store.writer.execute(sql).fetchone() is not None


def _modified(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    for definition in statement.columns:
        old = table.column(definition.name)
        new = old
        if definition.type is not None and definition.type != old.type:
            _convert(engine, table, old, definition.type)
            new = replace(new, type=definition.type)
        if definition.nullable is False and old.nullable:
            if _any(engine, table, f"{old.stored} IS NULL"):
                raise OracleError(2296, f"ORA-02296: cannot enable ({table.owner}.) - null values found")
            new = replace(new, nullable=False)
        elif definition.nullable is True:
            if old.nullable or old.name in table.primary_key:
                raise OracleError.of(1451)
            new = replace(new, nullable=True)
        if definition.default is not None:
            new = replace(new, default=None if definition.default.upper() == "NULL" else definition.default)
        table = _replaced(table, old, new)
    return _unreadable(engine, table)


def _replaced(table: TableDefinition, old: Column, new: Column) -> TableDefinition:
    return replace(table, columns=tuple(new if column is old else column for column in table.columns))


def _convert(engine: OracleEngine, table: TableDefinition, column: Column, kind: ColumnType) -> None:
    if kind.name != column.type.name:
        if _any(engine, table, f"{column.stored} IS NOT NULL"):
            raise OracleError.of(1439)
        return
    changes = []
    sql = f"SELECT vid, {column.stored} FROM {table.rows} WHERE {column.stored} IS NOT NULL"
    for vid, value in engine.store.writer.execute(sql):
        try:
            text = kind.check(value.rstrip(" ") if kind.name == "CHAR" else value)
        except OracleError:
            raise OracleError.of(1440 if kind.name == "NUMBER" else 1441) from None
        if kind.name == "NUMBER" and text != value:
            raise OracleError.of(1440)
        if text != value:
            changes.append((text, vid))
    engine.store.write_many(f"UPDATE {table.rows} SET {column.stored} = ? WHERE vid = ?", changes)


def _dropped(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    gone = {table.column(name).name for name in statement.names}
    if len(gone) == len(table.columns):
        raise OracleError.of(12983)
    for key in (table.primary_key, *table.unique_indexes.values()):
        if gone & set(key) and not set(key) <= gone:
            raise OracleError.of(12991)
    return _unreadable(
        engine,
        replace(
            table,
            columns=renumbered(tuple(column for column in table.columns if column.name not in gone)),
            primary_key=() if gone & set(table.primary_key) else table.primary_key,
            unique_indexes={
                name: columns for name, columns in table.unique_indexes.items() if not gone & set(columns)
            },
        ),
    )


def _renamed(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    del engine
    old, name = table.column(statement.names[0]), statement.names[1]
    if name in table.by_name:
        raise OracleError.of(957)

    def named(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name if one == old.name else one for one in names)

    table = _replaced(table, old, replace(old, name=name))
    return replace(
        table,
        primary_key=named(table.primary_key),
        unique_indexes={index: named(columns) for index, columns in table.unique_indexes.items()},
        version=table.version + 1,
    )


def _with_key(engine: OracleEngine, table: TableDefinition, key: Key) -> TableDefinition:
    columns = [table.column(name) for name in key.columns]
    if key.primary and table.primary_key:
        raise OracleError.of(2260)
    name = (
        key.name or f"SYS_C{table.object_id:07d}{'' if key.primary else f'_{len(table.unique_indexes) + 1}'}"
    )
    stored = ", ".join(column.stored for column in columns)
    filled = " OR ".join(f"{column.stored} IS NOT NULL" for column in columns)
    if key.primary and _any(engine, table, "(" + " OR ".join(f"{c.stored} IS NULL" for c in columns) + ")"):
        raise OracleError.of(1449)
    twice = engine.store.writer.execute(
        f"SELECT 1 FROM {table.rows} WHERE e = {FOREVER} AND ({filled})"
        f" GROUP BY {stored} HAVING COUNT(*) > 1 LIMIT 1"
    ).fetchone()
    if twice:
        label = f"{table.owner}.{name}"
        raise (
            OracleError.of(2437, label)
            if key.primary
            else OracleError(2299, f"ORA-02299: cannot validate ({label}) - duplicate keys found")
        )
    engine.store.write(f"CREATE INDEX k{table.object_id}_{engine.next_object_id()} ON {table.rows}({stored})")
    if not key.primary:
        return replace(table, unique_indexes={**table.unique_indexes, name: key.columns})
    for column in columns:
        table = _replaced(
            table, table.by_name[column.name], replace(table.by_name[column.name], nullable=False)
        )
    return replace(table, primary_key=key.columns)


def _keyed(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    if statement.key is None:
        raise OracleError.of(900)
    return replace(_with_key(engine, table, statement.key), version=table.version + 1)


def _indexed(engine: OracleEngine, table: TableDefinition, statement: CreateIndex) -> TableDefinition:
    if not statement.unique:
        for name in statement.columns:
            table.column(name)
        return table
    changed = _with_key(engine, table, Key(statement.columns, primary=False, name=statement.name))
    return replace(changed, version=table.version + 1)


def _with_log(table: TableDefinition, what: str, *, on: bool) -> TableDefinition:
    if what not in {"ALL", "PRIMARY KEY"}:
        raise OracleError.unknown("SUPPLEMENTAL LOG DATA of a table without columns")
    if what == "ALL":
        if table.supplemental_all == on:
            raise OracleError.of(32588 if on else 32587, "ALL COLUMN")
        return replace(table, supplemental_all=on)
    if table.supplemental_primary_key == on:
        raise OracleError.of(32588 if on else 32587, "PRIMARY KEY")
    return replace(table, supplemental_primary_key=on)


def _logged(engine: OracleEngine, table: TableDefinition, statement: AlterTable) -> TableDefinition:
    del engine
    changed = _with_log(table, statement.names[0], on=statement.action == "ADD LOG")
    return replace(changed, version=table.version + 1)


_ACTIONS: dict[str, Callable[[OracleEngine, TableDefinition, AlterTable], TableDefinition]] = {
    "ADD": _added,
    "MODIFY": _modified,
    "DROP COLUMN": _dropped,
    "RENAME COLUMN": _renamed,
    "ADD KEY": _keyed,
    "ADD LOG": _logged,
    "DROP LOG": _logged,
}
