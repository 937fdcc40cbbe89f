"""What java.sql.DatabaseMetaData answers of the dictionary, in its own order of columns.

Source of the order: the Java API documentation of getTables, getColumns, getPrimaryKeys and getIndexInfo.
What ojdbc fills in was observed: NUMBER without scale has -127 digits, DATE is java.sql.Types.TIMESTAMP with
size 7.
"""

from collections.abc import Iterable
from typing import Any

from connector.local.oracle.dictionary import TableDefinition
from connector.local.oracle.engine import OracleSettings
from connector.local.oracle.protocol import Column, Row

_TABLES = ("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS")
_COLUMNS = (
    "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE",
    "BUFFER_LENGTH", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE", "REMARKS", "COLUMN_DEF", "SQL_DATA_TYPE",
    "SQL_DATETIME_SUB", "CHAR_OCTET_LENGTH", "ORDINAL_POSITION", "IS_NULLABLE", "SCOPE_CATALOG",
    "SCOPE_SCHEMA", "SCOPE_TABLE", "SOURCE_DATA_TYPE", "IS_AUTOINCREMENT", "IS_GENERATEDCOLUMN",
)  # fmt: skip
_KEYS = ("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME")
_INDEXES = (
    "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "NON_UNIQUE", "INDEX_QUALIFIER", "INDEX_NAME", "TYPE",
    "ORDINAL_POSITION", "COLUMN_NAME", "ASC_OR_DESC", "CARDINALITY", "PAGES", "FILTER_CONDITION",
)  # fmt: skip
_NUMBERS = {
    "DATA_TYPE", "COLUMN_SIZE", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE", "CHAR_OCTET_LENGTH",
    "ORDINAL_POSITION", "KEY_SEQ", "NON_UNIQUE", "TYPE", "CARDINALITY", "PAGES",
}  # fmt: skip
#: java.sql.DatabaseMetaData.tableIndexOther.
_OTHER_INDEX = 3


def answer(
    request: dict[str, Any], tables: Iterable[TableDefinition], _: OracleSettings
) -> tuple[list[Column], list[Row]]:
    """Columns and rows for one of the four questions, of the tables that the user may see."""
    schema, name = _plain(request.get("schema")), _plain(request.get("name"))
    wanted = [
        table
        for table in tables
        if (schema is None or table.owner == schema) and (name is None or table.name == name)
    ]
    names, rows = {
        "tables": (_TABLES, _tables),
        "columns": (_COLUMNS, _columns),
        "primaryKeys": (_KEYS, _keys),
        "indexes": (_INDEXES, _indexes),
    }[request["op"]]
    columns = [(one, "NUMBER" if one in _NUMBERS else "VARCHAR2") for one in names]
    return columns, [
        [None if value is None else str(value) for value in row] for table in wanted for row in rows(table)
    ]


def _plain(name: str | None) -> str | None:
    # Debezium quotes the names for getIndexInfo; JDBC's pattern for anything is %.
    return None if name in (None, "%") else str(name).strip('"').replace("/_", "_")


def _tables(table: TableDefinition) -> Iterable[tuple[object, ...]]:
    yield None, table.owner, table.name, "TABLE", None


def _columns(table: TableDefinition) -> Iterable[tuple[object, ...]]:
    for column in table.columns:
        kind = column.type
        yield (
            None, table.owner, table.name, column.name, kind.jdbc, kind.type_name, kind.size, 0, kind.digits,
            10, int(column.nullable), None, column.default, 0, 0, kind.size, column.position,
            "YES" if column.nullable else "NO", None, None, None, None, "NO", "NO",
        )  # fmt: skip


def _keys(table: TableDefinition) -> Iterable[tuple[object, ...]]:
    for number, column in enumerate(table.primary_key, start=1):
        yield None, table.owner, table.name, column, number, f"PK_{table.name}"[:30]


def _indexes(table: TableDefinition) -> Iterable[tuple[object, ...]]:
    indexes = {
        **({f"PK_{table.name}"[:30]: table.primary_key} if table.primary_key else {}),
        **table.unique_indexes,
    }
    for name, columns in indexes.items():
        for number, column in enumerate(columns, start=1):
            yield (
                None, table.owner, table.name, 0, None, name, _OTHER_INDEX, number, column, None, 0, 0, None,
            )  # fmt: skip
