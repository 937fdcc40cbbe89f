"""What the redo log may hold that the connector cannot read, or passes over."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from connector.local import schema
from connector.local.arrivals import records_of
from connector.local.oracle.errors import OracleError
from connector.local.oracle.process import PDB
from tests.faults.oracle.case import Act, Case, Recovers, failed, unnoticed
from tests.faults.oracle.judgement import finds, judge
from tests.faults.oracle.testbed import OWNER, TABLE, ConnectorTestbed, until

_QUOTED = f'"{OWNER}"."{TABLE}"'
#: The table that is truncated, dropped and changed, so that the others keep their rows.
_OWNER, _TABLE = "WMS", schema.REVISION
_OTHER = f"{_OWNER}.{_TABLE}"


def _row(bed: ConnectorTestbed, code: int, **more: object) -> None:
    with bed.database.sys() as session:
        row = {"operation_code": code, "seg_owner": OWNER, "table_name": TABLE, "username": "WMS_APP"}
        session.admin("redo", row={**row, **more})


def _unreadable(bed: ConnectorTestbed) -> None:
    statement = f"update {_QUOTED} set \"STATE_CD\" = 'NY' where \"PLAN_BASE_WVR_ID\" = '1';"
    _row(bed, 3, sql_redo=statement, status=2, info="Dictionary Version Mismatch")


def _unsupported(bed: ConnectorTestbed) -> None:
    _row(bed, 255, sql_redo="Unsupported", info="Unsupported")


def _unknown_column(bed: ConnectorTestbed) -> None:
    statement = f"insert into {_QUOTED}(\"PLAN_BASE_WVR_ID\",\"NEWCOL\") values ('1','x');"
    _row(bed, 1, sql_redo=statement)


def _unknown_ddl(bed: ConnectorTestbed) -> None:
    statement = f"alter table {_QUOTED} wobble the frobnicator"
    _row(bed, 5, sql_redo=statement, info="USER DDL (PlSql=0 RecDep=0)")


def _added_by_sys(bed: ConnectorTestbed) -> None:
    """Debezium's default passes over DDL of SYS and SYSTEM: the row would stop the task."""
    bed.sys(f"ALTER TABLE {_OTHER} ADD (ADDED_BY_SYS VARCHAR2(20))", service=PDB)
    _insert_other(bed)


def _taken_away(bed: ConnectorTestbed) -> None:
    with suppress(OracleError):
        bed.sys(f"ALTER TABLE {_OTHER} DROP COLUMN ADDED_BY_SYS", service=PDB)


def _column_arrives(bed: ConnectorTestbed) -> str:
    topic = f"{bed.stage.topics.prefix}.{_OTHER}"

    def arrived() -> bool:
        records = records_of(bed.worker.bootstrap, topic)
        return any("ADDED_BY_SYS" in (record["after"] or {}) for record in records)

    return "" if until(arrived, 20) else "no record has the column"


def _insert_other(bed: ConnectorTestbed) -> None:
    bed.database.insert(_OWNER, _TABLE)


def _truncated(bed: ConnectorTestbed) -> None:
    bed.application(f"TRUNCATE TABLE {_OTHER}")


def _dropped(bed: ConnectorTestbed) -> None:
    bed.application(f"DROP TABLE {_OTHER}")


def _commented(bed: ConnectorTestbed) -> None:
    bed.application(f"DROP /* old */ TABLE {_OTHER}")


def _truncated_by_sys(bed: ConnectorTestbed) -> None:
    bed.sys(f"TRUNCATE TABLE {_OTHER}", service=PDB)


def _dropped_by_sys(bed: ConnectorTestbed) -> None:
    bed.sys(f"DROP TABLE {_OTHER}", service=PDB)


def _made_again(bed: ConnectorTestbed) -> None:
    with bed.database.sys() as session:
        with suppress(OracleError):
            schema.create_table(session, _OWNER, _TABLE)
        session.execute(f"ALTER TABLE {_OTHER} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
        session.execute(f"GRANT SELECT, FLASHBACK ON {_OTHER} TO {schema.CDC}")


def _no_record(bed: ConnectorTestbed) -> str:
    """Of the row that the connector passed over."""
    found = [one for one in bed.seen() if one.after and one.after.get("STATE_CD") == "255"]
    return f"a record came of it: {found}" if found else finds(bed, "unsupported-change")


def _told(error_class: str) -> Callable[[ConnectorTestbed], str]:
    return lambda bed: finds(bed, error_class)


def _ddl(statement: str) -> Act:
    """A statement about the other table in the redo only: its rows stay where they are.

    A row before it lets the connector know the table, which an earlier case may have dropped.
    """

    def inject(bed: ConnectorTestbed) -> None:
        _insert_other(bed)
        where = {"seg_owner": _OWNER, "table_name": _TABLE, "username": _OWNER}
        _row(bed, 5, sql_redo=statement, info="USER DDL (PlSql=0 RecDep=0)", **where)

    return inject


def _untold(bed: ConnectorTestbed) -> str:
    """Until the connector starts again: then it finds that the table is gone."""
    found = judge(bed).classes
    return f"the health check finds {found}" if found else ""


CASES: Sequence[Case] = (
    Case(
        "redo-status-2",
        "a change that LogMiner cannot write as SQL (STATUS 2)",
        _unreadable,
        failed("Oracle LogMiner is unable to re-construct the SQL for 'UPDATE' event with SCN", Recovers.NOT),
        writes=False,
    ),
    Case(
        "redo-unknown-column",
        "a change with a column that the connector does not know",
        _unknown_column,
        failed("DML statement couldn't be parsed", Recovers.NOT),
        writes=False,
    ),
    Case(
        "redo-ddl-by-sys",
        "a column added as SYS, then a row with it",
        _added_by_sys,
        unnoticed(),
        _taken_away,
        proof=_column_arrives,
    ),
    Case(
        "redo-unknown-ddl",
        "DDL of a captured table that the parser does not know",
        _unknown_ddl,
        failed("DDL statement couldn't be parsed", Recovers.NOT),
        writes=False,
    ),
    Case(
        "redo-unsupported",
        "an operation that LogMiner does not support (255)",
        _unsupported,
        unnoticed("An unsupported operation detected for table"),
        proof=_no_record,
    ),
    Case(
        "redo-truncate",
        "TRUNCATE of a captured table",
        _truncated,
        unnoticed(),
        proof=_told("table-truncated"),
    ),
    Case(
        "redo-drop",
        "DROP TABLE of a captured table",
        _dropped,
        unnoticed(),
        _made_again,
        proof=_told("table-dropped"),
    ),
    Case(
        "redo-drop-with-comment",
        "DROP TABLE of a captured table, with a comment between its words",
        _commented,
        unnoticed(),
        _made_again,
        proof=_told("table-dropped"),
    ),
    Case(
        "redo-truncate-by-sys",
        "TRUNCATE of a captured table as SYS",
        _truncated_by_sys,
        unnoticed(),
        proof=_told("table-truncated"),
    ),
    Case(
        "redo-drop-by-sys",
        "DROP TABLE of a captured table as SYS",
        _dropped_by_sys,
        unnoticed(),
        _made_again,
        proof=_told("table-dropped"),
    ),
    Case(
        "redo-alter-rename",
        "ALTER TABLE ... RENAME TO of a captured table, to a name that is not captured",
        _ddl(f'alter table "{_OWNER}"."{_TABLE}" rename to "OLD_{_TABLE}"'),
        unnoticed("Renaming included table"),
        proof=_told("table-dropped"),
    ),
    Case(
        "redo-rename",
        "RENAME of a captured table, to a name that is not captured",
        _ddl(f"rename {_TABLE} to OLDER_{_TABLE}"),
        unnoticed(),
        proof=_untold,
        otherwise="Debezium's parser has no event for RENAME: the next start finds that the table is gone",
    ),
    Case(
        "redo-flashback-drop",
        "FLASHBACK TABLE ... TO BEFORE DROP of a captured table",
        _ddl(f"flashback table {_TABLE} to before drop"),
        unnoticed(),
        proof=_untold,
        otherwise="nothing tells of it; its DROP was told",
    ),
)
