"""Redo that a test writes: an update as LogMiner shows it, with a value or a time that no session makes."""

from connector.local import schema
from connector.local.database import LocalDatabase
from connector.local.oracle.database import APPLICATION
from connector.local.oracle.types import ColumnType

_UPDATE = 3


def write_update(
    database: LocalDatabase, table: tuple[str, str], key: int, assignments: str, at: float | None = None
) -> None:
    """An update of a row in a transaction of its own, in the redo log only: the row itself stays as it is.

    `assignments` is what stands behind SET; `at` its time in seconds since 1970, else now.
    """
    relation = f'"{table[0]}"."{table[1]}"'
    with database.sys() as session:
        (row,) = session.query(f'SELECT * FROM {relation} WHERE "{schema.key(table[1])}" = ?', [key])
        old = " and ".join(
            f'"{name}" IS NULL'
            if value is None
            else f'"{name}" = {_type(table[1], name).redo_literal(value)}'
            for name, value in row.items()
        )
        written = {
            "sql_redo": f"update {relation} set {assignments} where {old};",
            "operation_code": _UPDATE,
            "seg_owner": table[0],
            "table_name": table[1],
            "username": APPLICATION,
            **({} if at is None else {"timestamp": at}),
        }
        session.admin("redo", row=written)


def _type(table: str, column: str) -> ColumnType:
    written = schema.COLUMNS[table].get(column, "VARCHAR2(4000)")
    return ColumnType.parse(written.split(" DEFAULT")[0].split(" NOT NULL")[0])
