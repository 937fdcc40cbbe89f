"""The initial snapshot and the one asked for by signal.

A moment, locks, and the rows at that moment (forms: observed with Debezium 3.6.1.Final).
"""

import re
from collections.abc import Iterator

from connector.local.oracle.answers import connector
from connector.local.oracle.answers.dictionary import at
from connector.local.oracle.connection import AnswerRows, Binds, Connection
from connector.local.oracle.protocol import Row

_NAME = re.compile(r'"([^"]+)"')


def _owner_and_name(match: re.Match[str]) -> tuple[str, str]:
    return match["owner"].strip('"'), match["table"].strip('"')


@connector.add("LOCK TABLE <owner>.<table> IN ROW SHARE MODE")
def lock(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Keep others from changing the definition.

    Any object privilege but READ allows it (SQL Reference, LOCK TABLE).
    """
    owner, name = _owner_and_name(match)
    on.see(owner, name)
    on.session.lock_table(owner, name)
    return 0


@connector.add("SELECT TIMESTAMP_TO_SCN(MAX(last_ddl_time)) FROM all_objects WHERE <pairs>")
def last_change_of_definition(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """The newest change of any of these tables' definitions, as an SCN."""
    pairs = {*zip(binds[::2], binds[1::2], strict=True)}
    changed = [t.last_ddl_scn for t in on.engine.dictionary.tables() if (t.owner, t.name) in pairs]
    return AnswerRows.of([("TIMESTAMP_TO_SCN(MAX(LAST_DDL_TIME))", "NUMBER")], [max(changed, default=None)])


@connector.add("SELECT 1 FROM DUAL WHERE SCN_TO_TIMESTAMP(<scn1>)=SCN_TO_TIMESTAMP(<scn2>)")
def same_moment(_: Connection, match: re.Match[str], __: Binds) -> AnswerRows:
    """Whether two SCNs have one time: then the connector waits, for in Oracle times are 3 seconds apart.

    The stand-in tells apart what Oracle cannot, so that nobody waits: an answer that is more exact than the
    real one.
    """
    same = match["scn1"] == match["scn2"]
    return AnswerRows.of([("1", "NUMBER")], *([[1]] if same else []))


@connector.add("SELECT scn_to_timestamp('<scn>') FROM DUAL")
def time_of_scn(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows:
    """When an SCN was. ORA-08181 for one that is too old or was never."""
    return AnswerRows.of([("SCN_TO_TIMESTAMP", "TIMESTAMP")], [at(on.engine.time_of(int(match["scn"])))])


@connector.add("SELECT <columns> FROM <owner>.<table> AS OF SCN <scn>")
def rows(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows:
    """All rows of a table as they were at an SCN. ORA-01555 when their old versions are gone."""
    owner, name = _owner_and_name(match)
    on.see(owner, name)
    on.see(owner, name, "FLASHBACK")
    table = on.engine.dictionary.table(owner, name)
    wanted = _NAME.findall(match["columns"])
    kinds = {column.name: column.type.wire for column in table.columns}
    found: Iterator[Row] = on.session.snapshot(owner, name, wanted, int(match["scn"]))
    return AnswerRows([(column, kinds[column]) for column in wanted], found)


@connector.add("SELECT * FROM <ident1>.<ident2> WHERE <where>")
def chosen_rows(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """The rows of a table that a condition chooses, as an operator gave it with a request for a snapshot."""
    owner, name = match["ident1"].strip('"'), match["ident2"].strip('"')
    on.see(owner, name)
    return on.side_door(f"SELECT * FROM {owner}.{name} WHERE {match['where']}")


def _flush(on: Connection, match: re.Match[str], privilege: str) -> str:
    """The flush table's name. It is the user's own; one with another owner in front takes a right."""
    owner, _, table = match["flush"].rpartition(".")
    if owner:
        on.see(owner.strip('"'), table.strip('"'), privilege)
    return match["flush"]


@connector.add("SELECT COUNT(1) FROM <flush>")
def count(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """How many rows the flush table has."""
    return on.side_door(f"SELECT COUNT(*) FROM {_flush(on, match, 'SELECT')}")


@connector.add("CREATE TABLE <flush> (LAST_SCN NUMBER(19,0))", rights=("CREATE TABLE",))
def create_flush_table(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """The connector's own table, whose changes make the log writer write."""
    return on.side_door(f"CREATE TABLE {match['flush']} (LAST_SCN NUMBER(19,0))")


@connector.add("INSERT INTO <flush> VALUES (0)")
def fill_flush_table(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """Its one row."""
    return on.side_door(f"INSERT INTO {_flush(on, match, 'INSERT')} (LAST_SCN) VALUES (0)")


@connector.add("UPDATE <flush> SET LAST_SCN = <scn>")
def change_flush_table(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """The change itself, once a second."""
    return on.side_door(f"UPDATE {_flush(on, match, 'UPDATE')} SET LAST_SCN = {match['scn']}")


@connector.add("DELETE FROM <flush>")
def empty_flush_table(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows | int:
    """Only where it has several rows."""
    return on.side_door(f"DELETE FROM {_flush(on, match, 'DELETE')}")
