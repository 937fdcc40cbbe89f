"""Statements that define tables: CREATE, ALTER, DROP, TRUNCATE."""

from connector.local.oracle.errors import OracleError
from connector.local.oracle.sql.nodes import (
    AlterDatabase,
    AlterTable,
    ColumnDefinition,
    CreateIndex,
    CreateTable,
    DropTable,
    Key,
    Statement,
    TableName,
    Truncate,
)
from connector.local.oracle.sql.reader import Reader
from connector.local.oracle.types import ColumnType


def definition(reader: Reader) -> Statement | None:
    """The statement, or None if it is none of these."""
    if reader.accept("CREATE", "TABLE"):
        return _create(reader)
    if reader.at("CREATE", "INDEX") or reader.at("CREATE", "UNIQUE", "INDEX"):
        reader.take()
        unique = reader.accept("UNIQUE")
        reader.expect("INDEX")
        name = reader.table().name
        reader.expect("ON")
        return CreateIndex(name, reader.table(), reader.identifiers(), unique)
    if reader.accept("ALTER", "TABLE"):
        return _alter(reader, reader.table())
    if reader.accept("ALTER", "DATABASE"):
        word = "ADD" if reader.accept("ADD") else "DROP"
        if word == "DROP":
            reader.expect("DROP")
        return AlterDatabase(word, _supplemental(reader) or "MINIMAL")
    if reader.accept("DROP", "TABLE"):
        table = reader.table()
        reader.accept("CASCADE", "CONSTRAINTS")
        return DropTable(table, reader.accept("PURGE"))
    if reader.accept("TRUNCATE", "TABLE"):
        table = reader.table()
        if reader.accept("DROP") or reader.accept("REUSE"):
            reader.expect("STORAGE")
        return Truncate(table)
    return None


def _supplemental(reader: Reader) -> str:
    """After ADD or DROP: PRIMARY KEY, ALL, or '' where no columns are named."""
    reader.expect("SUPPLEMENTAL", "LOG", "DATA")
    if not reader.accept("("):
        return ""
    what = "ALL" if reader.accept("ALL") else "PRIMARY KEY"
    if what != "ALL":
        reader.expect("PRIMARY", "KEY")
    reader.expect(")", "COLUMNS")
    return what


def _create(reader: Reader) -> CreateTable:
    table = reader.table()
    reader.expect("(")
    columns: list[ColumnDefinition] = []
    keys: list[Key] = []
    supplemental: list[str] = []
    while True:
        if reader.at("SUPPLEMENTAL"):
            supplemental.append(_supplemental(reader))
        elif _at_key(reader):
            keys.append(_key(reader))
        else:
            columns.append(_column(reader, typed=True))
        if not reader.accept(","):
            break
    reader.expect(")")
    return CreateTable(table, tuple(columns), tuple(keys), tuple(supplemental))


def _at_key(reader: Reader) -> bool:
    return reader.at("CONSTRAINT") or reader.at("PRIMARY", "KEY") or reader.at("UNIQUE", "(")


def _key(reader: Reader) -> Key:
    name = reader.identifier() if reader.accept("CONSTRAINT") else None
    primary = reader.accept("PRIMARY", "KEY")
    if not primary:
        reader.expect("UNIQUE")
    key = Key(reader.identifiers(), primary, name)
    reader.accept("USING", "INDEX")
    reader.accept("ENABLE")
    return key


def _column(reader: Reader, *, typed: bool) -> ColumnDefinition:
    name = reader.identifier()
    kind = None
    if typed or not _at_attribute(reader):
        kind = _type(reader)
    nullable: bool | None = None
    default: str | None = None
    primary = unique = False
    while True:
        if reader.accept("NOT", "NULL"):
            nullable = False
        elif reader.accept("NULL"):
            nullable = True
        elif reader.accept("DEFAULT"):
            start = reader.token.start
            reader.expression()
            default = reader.sql[start : reader.token.start].strip()
        elif reader.accept("CONSTRAINT"):
            reader.identifier()
        elif reader.accept("PRIMARY", "KEY"):
            primary = True
        elif reader.accept("UNIQUE"):
            unique = True
        elif not reader.accept("ENABLE"):
            return ColumnDefinition(name, kind, nullable, default, primary, unique)


def _at_attribute(reader: Reader) -> bool:
    return reader.at("NOT") or reader.at("NULL") or reader.at("DEFAULT")


def _type(reader: Reader) -> ColumnType:
    start = reader.token.start
    reader.identifier()
    if reader.accept("("):
        while not reader.accept(")"):
            if reader.token.kind == "end":
                raise OracleError.of(907)
            reader.take()
    for words in (("WITH", "TIME", "ZONE"), ("WITH", "LOCAL", "TIME", "ZONE")):
        if reader.accept(*words):
            break
    return ColumnType.parse(reader.sql[start : reader.token.start])


def _alter(reader: Reader, table: TableName) -> AlterTable:
    if reader.accept("ADD"):
        if reader.at("SUPPLEMENTAL"):
            return AlterTable(table, "ADD LOG", names=(_supplemental(reader),))
        if _at_key(reader):
            return AlterTable(table, "ADD KEY", key=_key(reader))
        if reader.accept("COLUMN"):
            pass
        return AlterTable(table, "ADD", _column_list(reader, typed=True))
    if reader.accept("MODIFY"):
        return AlterTable(table, "MODIFY", _column_list(reader, typed=False))
    if reader.accept("DROP"):
        if reader.at("SUPPLEMENTAL"):
            return AlterTable(table, "DROP LOG", names=(_supplemental(reader),))
        names = (reader.identifier(),) if reader.accept("COLUMN") else reader.identifiers()
        return AlterTable(table, "DROP COLUMN", names=names)
    if reader.accept("RENAME", "COLUMN"):
        old = reader.identifier()
        reader.expect("TO")
        return AlterTable(table, "RENAME COLUMN", names=(old, reader.identifier()))
    raise reader.unknown()


def _column_list(reader: Reader, *, typed: bool) -> tuple[ColumnDefinition, ...]:
    if not reader.accept("("):
        return (_column(reader, typed=typed),)
    columns = [_column(reader, typed=typed)]
    while reader.accept(","):
        columns.append(_column(reader, typed=typed))
    reader.expect(")")
    return tuple(columns)
