"""SELECT of the side door."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from connector.local.oracle.dictionary import Column, TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.rows import Busy
from connector.local.oracle.session import OracleSession, QueryResult, Row
from connector.local.oracle.sql.conditions import Compiler, ordering
from connector.local.oracle.sql.evaluate import (
    Surroundings,
    Value,
    evaluate,
    names_in,
    numeric,
    of_column,
    text,
)
from connector.local.oracle.sql.nodes import Condition, Item, Name, Select, TableName
from connector.local.oracle.transactions import Transaction
from connector.local.oracle.values import Stamp


def table_of(session: OracleSession, name: TableName) -> TableDefinition:
    """ORA-00942 if there is none."""
    return session.engine.dictionary.table(name.owner or session.schema, name.name)


def condition(
    session: OracleSession, table: TableDefinition, where: Condition | None, context: Surroundings
) -> tuple[str, list[object]]:
    """A condition as the store's SQL, empty for none, with its parameters."""
    if where is None:
        return "", []

    def exists(query: Select) -> bool:
        if query.items and query.items[0].aggregate:
            return True
        return next(select(session, query, context).rows, None) is not None

    compiler = Compiler(table, context, exists)
    return compiler.sql(where), compiler.parameters


def select(session: OracleSession, query: Select, context: Surroundings) -> QueryResult:
    """Run a query."""
    if query.table.name == "DUAL" and query.table.owner in {None, "SYS"}:
        return _dual(session, query, context)
    table = table_of(session, query.table)
    scn = None
    if query.scn is not None:
        number = numeric(evaluate(query.scn, context))
        if number is None or number != int(number):
            raise OracleError.of(8181)
        scn = int(number)
    where, parameters = condition(session, table, query.where, context)
    if query.for_update:
        _hold(session, table, where, parameters)
    if any(item.aggregate for item in query.items):
        return _aggregate(session, query, table, scn, where, parameters)
    tail = _tail(query, table, context)
    items = query.items or tuple(Item(column.name, Name(column.name)) for column in table.columns)
    needed = [table.column(item.what.name) for item in items if isinstance(item.what, Name)]
    if len(needed) == len(items):
        rows = session.read(table, needed, scn, where, parameters, tail)
        titles = [(item.title, column.type.wire) for item, column in zip(items, needed, strict=True)]
        return QueryResult(titles, rows)
    return _calculated(
        session, items, table, context, session.read(table, table.columns, scn, where, parameters, tail)
    )


def _tail(query: Select, table: TableDefinition, context: Surroundings) -> str:
    tail = ""
    if query.order:
        keys = []
        for expression, descending in query.order:
            if not isinstance(expression, Name):
                raise OracleError.unknown("ORDER BY anything but a column")
            # NULL is the greatest value in Oracle.
            key = ordering(table.column(expression.name))
            keys.append(f"{key} DESC NULLS FIRST" if descending else f"{key} ASC NULLS LAST")
        tail = f"ORDER BY {', '.join(keys)}"
    if query.first is not None:
        tail += f" LIMIT {int(numeric(evaluate(query.first, context)) or 0)}"
    return tail


def _dual(session: OracleSession, query: Select, context: Surroundings) -> QueryResult:
    if query.where is not None:
        dummy = TableDefinition("SYS", "DUAL", 0, 0, ())
        sql, parameters = condition(session, dummy, query.where, context)
        with session.engine.store.reader() as reader:
            if not reader.execute(f"SELECT 1 WHERE {sql}", parameters).fetchone():
                return QueryResult([(item.title, "VARCHAR2") for item in query.items], iter(()))
    if not query.items:
        return QueryResult([("DUMMY", "VARCHAR2")], iter([("X",)]))
    found = [None if item.what is None else evaluate(item.what, context) for item in query.items]
    if any(item.aggregate for item in query.items):
        found = [
            Decimal(1) if item.aggregate == "COUNT" else value
            for item, value in zip(query.items, found, strict=True)
        ]
    titles = [(item.title, wire_of(value)) for item, value in zip(query.items, found, strict=True)]
    return QueryResult(titles, iter([tuple(wire_text(value) for value in found)]))


def wire_of(value: Value) -> str:
    """The wire type of a calculated value."""
    if isinstance(value, Decimal):
        return "NUMBER"
    if isinstance(value, bytes):
        return "RAW"
    if isinstance(value, Stamp):
        return "TIMESTAMP WITH TIME ZONE" if value.offset else "TIMESTAMP" if int(value.fraction) else "DATE"
    return "VARCHAR2"


def wire_text(value: Value) -> str | None:
    """A calculated value as wire text."""
    if isinstance(value, Decimal):
        return text_of_number(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Stamp):
        if value.offset:
            return f"{value.text(6)} {value.offset}"
        return value.text(6) if int(value.fraction) else value.seconds
    return text(value)


def text_of_number(value: Decimal) -> str:
    """Digits, with a zero before the point."""
    shown = text(value) or "0"
    return shown.replace(".", "0.", 1) if shown.startswith((".", "-.")) else shown


def _calculated(
    session: OracleSession,
    items: Sequence[Item],
    table: TableDefinition,
    context: Surroundings,
    rows: Iterator[Row],
) -> QueryResult:
    # The wire type of a calculation is known from its first row.
    del session

    def values(row: Row) -> list[Value]:
        known = {
            column.name: of_column(column, value) for column, value in zip(table.columns, row, strict=True)
        }
        inner = Surroundings(context.binds, context.now, context.user, known)
        return [evaluate(item.what, inner) for item in items if item.what is not None]

    first = next(rows, None)
    calculated = values(first) if first is not None else [None] * len(items)
    titles = []
    for item, value in zip(items, calculated, strict=True):
        kind = table.column(item.what.name).type.wire if isinstance(item.what, Name) else wire_of(value)
        titles.append((item.title, kind))

    def all_rows() -> Iterator[Row]:
        if first is None:
            return
        yield _shown(items, table, first, calculated)
        for row in rows:
            yield _shown(items, table, row, values(row))

    return QueryResult(titles, all_rows())


def _shown(items: Sequence[Item], table: TableDefinition, row: Row, calculated: Sequence[Value]) -> Row:
    stored = {column.name: value for column, value in zip(table.columns, row, strict=True)}
    return tuple(
        stored[item.what.name] if isinstance(item.what, Name) else wire_text(value)
        for item, value in zip(items, calculated, strict=True)
    )


def _aggregate(  # noqa: PLR0917
    session: OracleSession,
    query: Select,
    table: TableDefinition,
    scn: int | None,
    where: str,
    parameters: Sequence[object],
) -> QueryResult:
    titles: list[tuple[str, str]] = []
    row: list[str | None] = []
    for item in query.items:
        if item.aggregate is None:
            raise OracleError(937, "ORA-00937: not a single-group group function")
        if item.aggregate == "COUNT":
            titles.append((item.title, "NUMBER"))
            row.append(_count(session, item, table, scn, where, parameters))
            continue
        if not isinstance(item.what, Name):
            raise OracleError.unknown(f"{item.aggregate} of anything but a column")
        column = table.column(item.what.name)
        titles.append((item.title, column.type.wire))
        direction = "DESC" if item.aggregate == "MAX" else "ASC"
        filled = f"{column.stored} IS NOT NULL" + (f" AND ({where})" if where else "")
        tail = f"ORDER BY {ordering(column)} {direction} LIMIT 1"
        found = next(session.read(table, [column], scn, filled, parameters, tail), None)
        row.append(found[0] if found else None)
    return QueryResult(titles, iter([tuple(row)]))


def _count(  # noqa: PLR0917
    session: OracleSession,
    item: Item,
    table: TableDefinition,
    scn: int | None,
    where: str,
    parameters: Sequence[object],
) -> str:
    filled = where
    if item.what is not None:
        for name in sorted(names_in(item.what)):
            test = f"{table.column(name).stored} IS NOT NULL"
            filled = f"{test} AND ({filled})" if filled else test
    return session.count(table, scn, filled, parameters)


def _hold(session: OracleSession, table: TableDefinition, where: str, parameters: Sequence[object]) -> None:
    """Hold the rows for this transaction.

    Oracle writes redo for it (operation 25), which nobody reads: left out.
    """
    engine = session.engine

    def step(transaction: Transaction) -> int:
        visible, values = session.changeable(transaction)
        sql = f"SELECT rid, e FROM {table.rows} WHERE {visible}{f' AND ({where})' if where else ''}"
        found = engine.store.writer.execute(sql, (*values, *parameters)).fetchall()
        for rid, e in found:
            holder = -e if e < 0 else engine.row_locks.get((table.object_id, rid), transaction.number)
            if holder != transaction.number:
                raise Busy(holder)
        for rid, _ in found:
            engine.row_locks[table.object_id, rid] = transaction.number
            transaction.locks.add((table.object_id, rid))
        return len(found)

    session.change(step)


def columns_of(table: TableDefinition, names: Sequence[str]) -> list[Column]:
    """The named columns, or all."""
    return [table.column(name) for name in names] if names else list(table.columns)
