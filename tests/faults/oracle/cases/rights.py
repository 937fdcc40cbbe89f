"""Each right that `wms-connector oracle-script` grants, taken away again.

SELECT_CATALOG_ROLE covers the views of SYS and EXECUTE_CATALOG_ROLE its packages, so that these roles are
taken away with each of them. What every user may read in Oracle (ALL_ views, NLS_DATABASE_PARAMETERS)
cannot be taken away: there an error is injected.
"""

from collections.abc import Sequence
from dataclasses import replace

from connector.domain.capture.oracle_script import VIEWS
from connector.local import schema
from connector.local.arrivals import records_of
from connector.local.oracle.process import PDB
from tests.faults.oracle.case import Act, Case, Expected, Recovers, When, cleared, failed, retried, unnoticed
from tests.faults.oracle.cases.mining import at
from tests.faults.oracle.cases.snapshots import EMPTY_HISTORY
from tests.faults.oracle.judgement import finds
from tests.faults.oracle.testbed import OWNER, TABLE, ConnectorTestbed, until

_BARE = "java.sql.SQLSyntaxErrorException: ORA-00942: table or view does not exist"
#: Views without which a task ends, and the first cause of its trace.
_FATAL = {
    "V_$DATABASE": "Unexpected error while connecting to Oracle and looking at LOG_MODE mode:",
    "V_$ARCHIVE_DEST_STATUS": "Error while checking validity of archive destination configuration",
    "V_$ARCHIVED_LOG": "Unable to get last available log position",
    "V_$LOG": "Unable to get last available log position",
    "V_$THREAD": "Failed to read the Oracle database redo thread state",
    "V_$LOGFILE": _BARE,
    "V_$LOGMNR_LOGS": _BARE,
    "V_$LOGMNR_CONTENTS": _BARE,
    "V_$MYSTAT": _BARE,
    "V_$STATNAME": _BARE,
}
_ROLES = {"SELECT": "SELECT_CATALOG_ROLE", "EXECUTE": "EXECUTE_CATALOG_ROLE"}


def _without(*rights: str) -> Act:
    def inject(bed: ConnectorTestbed) -> None:
        bed.sys(*(f"REVOKE {right} FROM {schema.CDC}" for right in rights))

    return inject


def _again(*rights: str) -> Act:
    def undo(bed: ConnectorTestbed) -> None:
        cleared(bed)
        bed.sys(*(f"GRANT {right} TO {schema.CDC}" for right in rights))

    return undo


def _case(name: str, title: str, expected: Expected, *rights: str, **more: object) -> Case:
    given: dict[str, object] = {"when": When.START, **more}
    return Case(
        name=f"right-{name}",
        title=title,
        inject=_without(*rights),
        expected=expected,
        undo=_again(*rights),
        **given,  # type: ignore[arg-type]
    )


def _view(view: str, expected: Expected) -> Case:
    return _case(view, f"no SELECT on {view}", expected, f"SELECT ON {view}", _ROLES["SELECT"])


def _hidden(view: str, expected: Expected) -> Case:
    """A view that every user may read."""
    fault = at(f"FROM {view}", 942, "ORA-00942: table or view does not exist")
    return Case(f"right-{view}", f"{view} cannot be read", fault, expected, when=When.START)


def _no_flush_table(bed: ConnectorTestbed) -> None:
    bed.sys(f"REVOKE CREATE TABLE FROM {schema.CDC}")
    bed.sys(f'DROP TABLE "{schema.CDC}"."LOG_MINING_FLUSH"', service=PDB)


#: Another table than the one that the cases write to.
_OTHER = f"WMS.{schema.BASE}"


def _records(bed: ConnectorTestbed) -> list[str]:
    """What has come of that table: Debezium's letters for the operations."""
    topic = f"{bed.stage.topics.prefix}.{_OTHER}"
    return [record["op"] for record in records_of(bed.worker.bootstrap, topic)]


def _not_read(bed: ConnectorTestbed) -> str:
    """Neither what it had nor what is written into it now; and the health check says so."""
    bed.database.insert("WMS", schema.BASE)
    until(lambda: bool(_records(bed)), 8)
    found = _records(bed)
    return f"records of the table: {found}" if found else finds(bed, "table-left-out")


def _still_captured(bed: ConnectorTestbed) -> str:
    known = len(_records(bed))
    bed.database.insert("WMS", schema.BASE)
    arrived = until(lambda: len(_records(bed)) > known, 20)
    return finds(bed, "table-not-visible") if arrived else "no record of a new row"


CASES: Sequence[Case] = (
    *(_view(view, failed(cause, log="ORA-00942")) for view, cause in _FATAL.items()),
    # It shows while the connector is still connecting: what is judged is a connector that streams.
    replace(
        _view("V_$PARAMETER", unnoticed("Failed to check MAX_STRING_SIZE status")),
        shown=lambda bed: bool(bed.source().streaming),
    ),
    _case(
        "unused-views",
        "no SELECT on the views that the connector does not ask while it is well",
        unnoticed(),
        *(f"SELECT ON {view}" for view in VIEWS if view not in (*_FATAL, "V_$PARAMETER")),
        _ROLES["SELECT"],
    ),
    _hidden("NLS_DATABASE_PARAMETERS", failed("Failed to resolve Oracle's NLS_NCHAR_CHARACTERSET property")),
    _hidden("ALL_TABLES", failed(_BARE)),
    _hidden("ALL_LOG_GROUPS", failed(_BARE)),
    _case(
        "DBMS_LOGMNR",
        "no EXECUTE on DBMS_LOGMNR",
        failed("java.sql.SQLException: ORA-06550: line 1, column 7:"),
        "EXECUTE ON DBMS_LOGMNR",
        _ROLES["EXECUTE"],
    ),
    _case("LOGMINING", "no LOGMINING", failed("java.sql.SQLSyntaxErrorException: ORA-01031"), "LOGMINING"),
    _case(
        "SELECT-ANY-TRANSACTION",
        "no SELECT ANY TRANSACTION",
        failed("java.sql.SQLSyntaxErrorException: ORA-01031"),
        "SELECT ANY TRANSACTION",
    ),
    _case(
        "SET-CONTAINER",
        "no SET CONTAINER",
        failed("java.lang.RuntimeException: java.sql.SQLSyntaxErrorException: ORA-01031"),
        "SET CONTAINER",
    ),
    _case("CREATE-SESSION", "no CREATE SESSION", retried("ORA-01045"), "CREATE SESSION"),
    Case(
        "right-CREATE-TABLE",
        "no CREATE TABLE, and no LOG_MINING_FLUSH yet",
        _no_flush_table,
        failed("Failed to create flush table", log="ORA-01031"),
        _again("CREATE TABLE"),
        When.START,
    ),
    _case(
        "SELECT-CATALOG-ROLE",
        "no SELECT_CATALOG_ROLE: ORA-31603 from DBMS_METADATA.GET_DDL",
        failed("java.sql.SQLException: ORA-31603", Recovers.BY_RESTART_OR_OFFSETS),
        "SELECT_CATALOG_ROLE",
        when=When.SNAPSHOT,
        otherwise=EMPTY_HISTORY,
    ),
    _case(
        "FLASHBACK",
        "no FLASHBACK on a captured table",
        failed(f"Snapshotting of table WMSPDB1.{OWNER}.{TABLE} failed", log="ORA-01031"),
        f"FLASHBACK ON {OWNER}.{TABLE}",
        when=When.SNAPSHOT,
    ),
    _case(
        "SELECT-table-snapshot",
        "no SELECT on a captured table when the snapshot begins",
        unnoticed(),
        f"SELECT ON {_OTHER}",
        when=When.SNAPSHOT,
        proof=_not_read,
        shown=lambda bed: bool(bed.source().streaming),
        otherwise="the table is left out, and its changes too; only the list of the snapshot's tables in the "
        "log shows it",
    ),
    _case(
        "SELECT-table",
        "no SELECT on a captured table any more",
        unnoticed(),
        f"SELECT ON {_OTHER}",
        proof=_still_captured,
        otherwise="its changes go on, for LogMiner asks for no right on the table; to a start of the "
        "task it is as if it were dropped",
    ),
)
