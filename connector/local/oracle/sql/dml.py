"""INSERT, UPDATE and DELETE of the side door."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from connector.local.oracle.dictionary import TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.rows import CHUNK, Busy
from connector.local.oracle.session import OracleSession, Row
from connector.local.oracle.sql.evaluate import Surroundings, evaluate, names_in, of_column
from connector.local.oracle.sql.nodes import Delete, Expression, Insert, Update
from connector.local.oracle.sql.query import columns_of, condition, select, table_of
from connector.local.oracle.transactions import Transaction
from connector.local.oracle.types import Given


def insert(session: OracleSession, statement: Insert, context: Surroundings) -> int:
    """Insert rows of values, or those of a query."""
    table = table_of(session, statement.table)
    columns = columns_of(table, statement.columns)
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise OracleError.of(957)
    if statement.query is not None:
        rows: list[list[str | None]] = []
        for found in select(session, statement.query, context).rows:
            _same_number(len(found), len(names))
            rows.append(session.full_row(table, dict(zip(names, found, strict=True))))
        return session.insert_rows(table, rows)
    full = []
    for given in statement.rows:
        _same_number(len(given), len(names))
        values: dict[str, Given] = {
            name: evaluate(expression, context)
            for name, expression in zip(names, given, strict=True)
            if expression is not None
        }
        full.append(session.full_row(table, values))
    return session.insert_rows(table, full)


def _same_number(given: int, wanted: int) -> None:
    if given != wanted:
        raise OracleError.of(947 if given < wanted else 913)


def _matching(
    session: OracleSession,
    table: TableDefinition,
    transaction: Transaction,
    where: str,
    parameters: Sequence[object],
) -> list[int]:
    visible, values = session.changeable(transaction)
    sql = f"SELECT vid, rid, e FROM {table.rows} WHERE {visible}{f' AND ({where})' if where else ''}"
    engine = session.engine
    found = []
    for vid, rid, e in engine.store.writer.execute(sql, (*values, *parameters)):
        if e < 0:
            raise Busy(-e)
        if engine.row_locks:
            holder = engine.row_locks.get((table.object_id, rid), transaction.number)
            if holder != transaction.number:
                raise Busy(holder)
        found.append(vid)
    return found


def _in_chunks(
    session: OracleSession,
    table: TableDefinition,
    vids: Sequence[int],
    each: Callable[[list[tuple[int, int, Row]]], None],
) -> None:
    engine, rest = session.engine, iter(vids)
    first = True
    while chunk := list(islice(rest, CHUNK)):
        if not first:
            engine.breathe()
        first = False
        found = engine.rows.versions(table, chunk)
        each([(version[0], version[1], version[2:]) for version in found])


def delete(session: OracleSession, statement: Delete, context: Surroundings) -> int:
    """Delete the rows that match."""
    table = table_of(session, statement.table)

    def step(transaction: Transaction) -> int:
        where, parameters = condition(session, table, statement.where, context)
        vids = _matching(session, table, transaction, where, parameters)
        if vids:
            session.engine.start(transaction)
        _in_chunks(session, table, vids, lambda rows: session.engine.rows.delete(transaction, table, rows))
        return len(vids)

    return session.change(step)


def update(session: OracleSession, statement: Update, context: Surroundings) -> int:
    """Update the rows that match; keys are checked when all are changed, as Oracle does."""
    table = table_of(session, statement.table)
    sets = dict(statement.sets)
    if len(sets) < len(statement.sets):
        raise OracleError.of(957)
    places = {column.name: place for place, column in enumerate(table.columns)}
    assigned = sorted(places[table.column(name).name] for name in sets)
    changing = set(assigned)

    def step(transaction: Transaction) -> int:
        where, parameters = condition(session, table, statement.where, context)
        vids = _matching(session, table, transaction, where, parameters)
        if vids:
            session.engine.start(transaction)
        new_rows: list[Row] = []
        keyed = _touches_key(table, set(sets))

        def each(rows: list[tuple[int, int, Row]]) -> None:
            changed = [(vid, rid, old, _new(session, table, sets, old, context)) for vid, rid, old in rows]
            session.engine.rows.update(transaction, table, changed, assigned)
            if keyed:
                new_rows.extend(new for _, _, _, new in changed)

        _in_chunks(session, table, vids, each)
        if keyed:
            session.engine.rows.check_keys(transaction, table, new_rows, changing)
        return len(vids)

    return session.change(step)


def _touches_key(table: TableDefinition, names: set[str]) -> bool:
    keys = [table.primary_key, *table.unique_indexes.values()]
    return any(names & set(key) for key in keys)


def _new(
    session: OracleSession,
    table: TableDefinition,
    sets: Mapping[str, Expression | None],
    old: Row,
    context: Surroundings,
) -> list[str | None]:
    new = list(old)
    for place, column in enumerate(table.columns):
        if column.name not in sets:
            continue
        expression = sets[column.name]
        if expression is None:
            given: Given = session.full_default(column)
        else:
            given = evaluate(expression, _with_row(table, old, expression, context))
        new[place] = session.checked(table, column, given, code=1407)
    return new


def _with_row(
    table: TableDefinition, old: Row, expression: Expression, context: Surroundings
) -> Surroundings:
    names = names_in(expression)
    if not names:
        return context
    row = {
        column.name: of_column(column, value)
        for column, value in zip(table.columns, old, strict=True)
        if column.name in names
    }
    return Surroundings(context.binds, context.now, context.user, row)
