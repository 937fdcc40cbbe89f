"""The data dictionary and the session: parameters, character sets, tables, definitions.

Forms of the answers: observed with Debezium 3.6.1.Final, which reads columns by position; views: Database
Reference 19c.
"""

import re
from datetime import UTC, datetime

from connector.local.oracle.answers import connector
from connector.local.oracle.connection import ROOT_CONTAINER, AnswerRows, Binds, Connection
from connector.local.oracle.errors import OracleError

_NUMBER = "NUMBER"
_TEXT = "VARCHAR2"
_TABLE = "TABLE"
#: Oracle's number of the character set AL32UTF8 (Globalization Support Guide, NLS_CHARSET_ID).
_AL32UTF8 = 873


def now() -> str:
    """SYSTIMESTAMP as text: the database's clock is in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f +00:00")


def at(epoch: float) -> str:
    """A moment as the text of a DATE or TIMESTAMP, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


@connector.add("SELECT VALUE FROM V$PARAMETER WHERE UPPER(NAME) = UPPER(?)")
def parameter(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """One initialisation parameter; no row for one that is not modelled."""
    known = {"MAX_STRING_SIZE": on.engine.settings.max_string_size}
    value = known.get(str(binds[0]).upper())
    return AnswerRows.of([("VALUE", _TEXT)], *([[value]] if value else []))


@connector.add("select VALUE from NLS_DATABASE_PARAMETERS where PARAMETER = 'NLS_NCHAR_CHARACTERSET'")
def national_character_set(*_: object) -> AnswerRows:
    """Oracle's default for national character types."""
    return AnswerRows.of([("VALUE", _TEXT)], ["AL16UTF16"])


@connector.add(
    "SELECT NLS_CHARSET_ID(VALUE) FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET'"
)
def character_set(*_: object) -> AnswerRows:
    """AL32UTF8."""
    return AnswerRows.of([("NLS_CHARSET_ID(VALUE)", _NUMBER)], [_AL32UTF8])


@connector.add("alter session set container=<ident>", rights=("SET CONTAINER",))
def set_container(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Move the session. ORA-65011 for a pluggable database that does not exist, 65090 without containers."""
    wanted, pdb = match["ident"].strip('"').upper(), on.engine.settings.pdb
    if pdb is None:
        raise OracleError(65090, "ORA-65090: operation only allowed in a container database")
    if wanted not in (ROOT_CONTAINER, pdb.upper()):
        raise OracleError(65011, f"ORA-65011: Pluggable database {wanted} does not exist.")
    on.container = ROOT_CONTAINER if wanted == ROOT_CONTAINER else pdb
    return 0


@connector.add(
    "ALTER SESSION SET NLS_DATE_FORMAT = '<text1>' NLS_TIMESTAMP_FORMAT = '<text2>' "
    "NLS_TIMESTAMP_TZ_FORMAT = '<text3>' NLS_NUMERIC_CHARACTERS = '<text4>'",
    "ALTER SESSION SET TIME_ZONE = '<text>'",
)
def set_formats(*_: object) -> int:
    """The redo's literals are written in these formats anyway."""
    return 0


@connector.add("SELECT SYSTIMESTAMP FROM DUAL")
def system_timestamp(*_: object) -> AnswerRows:
    """The database's clock."""
    return AnswerRows.of([("SYSTIMESTAMP", "TIMESTAMP WITH TIME ZONE")], [now()])


@connector.add(
    "select owner, table_name from all_tables where table_name NOT LIKE 'MDRT_%' and table_name NOT LIKE "
    "'MDRS_%' and table_name NOT LIKE 'MDXT_%' and (table_name NOT LIKE 'SYS_IOT_OVER_%' and IOT_NAME "
    "IS NULL) "
    "and nested = 'NO'and table_name not in (select PARENT_TABLE_NAME from ALL_NESTED_TABLES)"
)
def all_tables(on: Connection, *_: object) -> AnswerRows:
    """The tables that the user may see in this container."""
    seen = [
        [table.owner, table.name]
        for table in on.engine.dictionary.tables()
        if on.in_tables_container and on.database.rights.may(on.user, "SELECT", table.owner, table.name)
    ]
    return AnswerRows.of([("OWNER", _TEXT), ("TABLE_NAME", _TEXT)], *seen)


def _visible(on: Connection, owner: str | None, name: str | None) -> int:
    tables = on.engine.dictionary.tables()
    return int(
        on.in_tables_container
        and any((table.owner, table.name) == (owner, name) for table in tables)
        and on.database.rights.may(on.user, "SELECT", str(owner), str(name))
    )


@connector.add(
    "SELECT COUNT(1) FROM ALL_TABLES WHERE OWNER=? AND TABLE_NAME=?",
    "SELECT COUNT(1) FROM ALL_ALL_TABLES WHERE OWNER=? AND TABLE_NAME=? AND TABLE_TYPE IS NULL",
)
def table_exists(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """1 for a table that the user may see."""
    return AnswerRows.of([("COUNT(1)", _NUMBER)], [_visible(on, binds[0], binds[1])])


@connector.add("SELECT COUNT(1) FROM USER_TABLES WHERE TABLE_NAME=?")
def own_table_exists(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """1 for a table of the user's own."""
    return AnswerRows.of([("COUNT(1)", _NUMBER)], [_visible(on, on.user, binds[0])])


@connector.add(
    "SELECT OBJECT_ID, DATA_OBJECT_ID FROM ALL_OBJECTS WHERE OBJECT_NAME=? AND OWNER=? AND OBJECT_TYPE=?"
)
def object_numbers(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """A table's two numbers."""
    name, owner, kind = binds
    columns = [("OBJECT_ID", _NUMBER), ("DATA_OBJECT_ID", _NUMBER)]
    if kind != _TABLE or not _visible(on, owner, name):
        return AnswerRows.of(columns)
    table = on.engine.dictionary.table(str(owner), str(name))
    return AnswerRows.of(columns, [table.object_id, table.data_object_id])


@connector.add("SELECT OBJECT_ID FROM ALL_OBJECTS WHERE OBJECT_TYPE='TABLE' AND OWNER=? AND OBJECT_NAME=?")
def object_number(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """A table's number, asked when an unknown table shows up in the redo."""
    found = [on.engine.dictionary.table(*map(str, binds)).object_id] if _visible(on, *binds) else []
    return AnswerRows.of([("OBJECT_ID", _NUMBER)], *[[one] for one in found])


@connector.add(
    "SELECT DATA_OBJECT_ID FROM ALL_OBJECTS WHERE OBJECT_TYPE='TABLE' AND OWNER=? AND OBJECT_NAME=?"
)
def data_object_number(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """A table's second number."""
    found = [on.engine.dictionary.table(*map(str, binds)).data_object_id] if _visible(on, *binds) else []
    return AnswerRows.of([("DATA_OBJECT_ID", _NUMBER)], *[[one] for one in found])


@connector.add("SELECT 'KEY', LOG_GROUP_TYPE FROM ALL_LOG_GROUPS WHERE OWNER=? AND TABLE_NAME=?")
def log_groups(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """Whether all columns of a table are logged."""
    columns = [("'KEY'", _TEXT), ("LOG_GROUP_TYPE", _TEXT)]
    if not _visible(on, *binds) or not on.engine.dictionary.table(*map(str, binds)).supplemental_all:
        return AnswerRows.of(columns)
    return AnswerRows.of(columns, ["KEY", "ALL COLUMN LOGGING"])


@connector.add(
    "begin dbms_metadata.set_transform_param(DBMS_METADATA.SESSION_TRANSFORM, '<text>', <ident>); end;",
    "begin dbms_metadata.set_transform_param(DBMS_METADATA.SESSION_TRANSFORM, 'DEFAULT'); end;",
)
def metadata_option(*_: object) -> int:
    """The definition is written with the options that the connector sets."""
    return 0


@connector.add("SELECT dbms_metadata.get_ddl('TABLE',?,?) FROM DUAL")
def definition(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """A table's definition. ORA-31603 without SELECT_CATALOG_ROLE, for it is another schema's table."""
    name, owner = map(str, binds)
    allowed = on.user == owner or on.database.rights.has(on.user, "SELECT_CATALOG_ROLE")
    if not allowed or not on.in_tables_container:
        raise OracleError(31603, f'ORA-31603: object "{name}" of type TABLE not found in schema "{owner}"')
    table = on.engine.dictionary.table(owner, name)
    return AnswerRows.of(
        [("DBMS_METADATA.GET_DDL('TABLE',:1,:2)", "CLOB")], [on.engine.dictionary.ddl(table)]
    )
