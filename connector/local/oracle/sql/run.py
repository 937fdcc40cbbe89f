"""Runs one statement of the side door."""

from collections.abc import Mapping, Sequence

from connector.local.oracle.dictionary import TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.session import OracleSession, QueryResult
from connector.local.oracle.sql import ddl, dml, query
from connector.local.oracle.sql.evaluate import Surroundings, evaluate
from connector.local.oracle.sql.nodes import (
    AlterDatabase,
    AlterTable,
    Control,
    CreateIndex,
    CreateTable,
    Delete,
    DropTable,
    Insert,
    LockTable,
    Select,
    Truncate,
    Update,
)
from connector.local.oracle.sql.parser import parse, parse_condition, parse_expression
from connector.local.oracle.types import Given


def run(session: OracleSession, sql: str, binds: Sequence[Given] | Mapping[str, Given]) -> QueryResult | int:
    """Rows of a query, or the number of rows that were changed."""
    statement = parse(sql.strip())
    context = Surroundings(binds, session.engine.now(), session.user)
    if isinstance(statement, Select):
        return query.select(session, statement, context)
    if isinstance(statement, Insert):
        return dml.insert(session, statement, context)
    if isinstance(statement, Update):
        return dml.update(session, statement, context)
    if isinstance(statement, Delete):
        return dml.delete(session, statement, context)
    if isinstance(statement, Control):
        return _control(session, statement)
    if isinstance(statement, LockTable):
        session.lock_table(statement.table.owner or session.schema, statement.table.name, statement.mode)
        return 0
    return _define(session, statement, sql.strip())


def _control(session: OracleSession, statement: Control) -> int:
    if statement.word == "COMMIT":
        session.commit()
    elif statement.word == "ROLLBACK":
        session.rollback(statement.name)
    elif statement.name:
        session.savepoint(statement.name)
    return 0


def _define(
    session: OracleSession,
    statement: CreateTable | CreateIndex | AlterTable | DropTable | Truncate | AlterDatabase,
    sql: str,
) -> int:
    if isinstance(statement, AlterDatabase):
        state = {"MINIMAL": "minimal_supplemental", "PRIMARY KEY": "primary_key_supplemental"}
        name = state.get(statement.what, "all_supplemental")
        if statement.word == "DROP" and not session.engine.state[name]:
            raise OracleError.of(32587, statement.what)
        session.engine.alter(**{name: statement.word == "ADD"})
        return 0
    return ddl.define(session, statement, sql)


def default_value(session: OracleSession, default: str) -> Given:
    """The value of a column's DEFAULT."""
    return evaluate(parse_expression(default), Surroundings((), session.engine.now(), session.user))


def condition_of(session: OracleSession, table: TableDefinition, where: str) -> tuple[str, Sequence[object]]:
    """A condition of the side door's grammar as the store's SQL with its parameters."""
    return query.condition(
        session, table, parse_condition(where), Surroundings((), session.engine.now(), session.user)
    )
