"""LogMiner: files, sessions and rows.

Source: Database Reference 19c, V$LOGMNR_CONTENTS; forms: observed with Debezium 3.6.1.Final.
"""

import re
from collections.abc import Iterator

from connector.local.oracle.answers import connector
from connector.local.oracle.answers.dictionary import at
from connector.local.oracle.connection import AnswerRows, Binds, Connection
from connector.local.oracle.errors import OracleError
from connector.local.oracle.protocol import Row
from connector.local.oracle.redo import COMMIT, RedoRow

_N, _T, _D = "NUMBER", "VARCHAR2", "DATE"
_DDL = 5
#: AnswerRows that belong to a transaction as a whole: every filter lets them through.
_INTERNAL = "INTERNAL DDL"


@connector.add("SELECT FILENAME AS NAME FROM V$LOGMNR_LOGS")
def files(on: Connection, *_: object) -> AnswerRows:
    """The files on the list."""
    return AnswerRows.of([("NAME", _T)], *[[name] for name in on.miner.files])


@connector.add("BEGIN SYS.DBMS_LOGMNR.REMOVE_LOGFILE(LOGFILENAME => '<file>');END;")
def remove_file(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Take a file from the list."""
    on.miner.remove(match["file"])
    return 0


@connector.add(
    "BEGIN sys.dbms_logmnr.add_logfile(LOGFILENAME => '<file>', OPTIONS => DBMS_LOGMNR.ADDFILE); END;"
)
def add_file(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Put a file on the list."""
    on.miner.add(match["file"])
    return 0


@connector.add(
    "BEGIN sys.dbms_logmnr.start_logmnr(startScn => '<scn1>', endScn => '<scn2>', options => "
    "DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG + DBMS_LOGMNR.NO_ROWID_IN_STMT); END;",
    rights=("LOGMINING",),
)
def start(on: Connection, match: re.Match[str], _: Binds) -> int:
    """Set the range of SCNs."""
    on.miner.start(int(match["scn1"]), int(match["scn2"]))
    return 0


@connector.add(
    "BEGIN sys.dbms_logmnr.start_logmnr(options => DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG + "
    "DBMS_LOGMNR.NO_ROWID_IN_STMT); END;",
    rights=("LOGMINING",),
)
def start_whole(on: Connection, *_: object) -> int:
    """All that the files on the list have.

    Before a snapshot, with the boundary mode `all` (Debezium 3.6.1).
    """
    on.miner.start_whole()
    return 0


@connector.add("BEGIN SYS.DBMS_LOGMNR.END_LOGMNR(); END;")
def end(on: Connection, *_: object) -> int:
    """End the session."""
    on.miner.end()
    return 0


_COLUMNS = (
    ("SCN", _N), ("SQL_REDO", _T), ("OPERATION_CODE", _N), ("TIMESTAMP", _D), ("XID", "RAW"), ("CSF", _N),
    ("TABLE_NAME", _T), ("SEG_OWNER", _T), ("OPERATION", _T), ("ROW_ID", _T), ("ROLLBACK", _N),
    ("STATUS", _N), ("INFO", _T), ("SSN", _N), ("THREAD#", _N), ("DATA_OBJ#", _N), ("DATA_OBJV#", _N),
    ("DATA_OBJD#", _N), ("START_SCN", _N), ("COMMIT_SCN", _N), ("SEQUENCE#", _N), ("START_TIMESTAMP", _D),
    ("COMMIT_TIMESTAMP", _D), ("RS_ID", _T), ("USERNAME", _T), ("CLIENT_ID", _T),
)  # fmt: skip
_SELECT = (
    f"SELECT {', '.join(name for name, _ in _COLUMNS)} FROM V$LOGMNR_CONTENTS WHERE SCN > ? AND SCN <= ? AND "
)
#: What the connector asks for with the product's settings (observed). Another list hides changes, or brings
#: some for which no answer is written down.
OPERATION_CODES = (1, 2, 3, 6, 7, 27, 34, 36, 255)
_OPERATIONS = "(OPERATION_CODE IN <names1> OR (OPERATION_CODE = 5 AND INFO NOT LIKE 'INTERNAL DDL%'))"
_SCHEMAS = "(SEG_OWNER IS NULL OR SEG_OWNER NOT IN <names2>)"
_TABLES = "(TABLE_NAME IS NULL OR TABLE_NAME NOT LIKE 'MLOG$%')"


@connector.add(
    f"{_SELECT}SRC_CON_NAME = '<text>' AND {_OPERATIONS} AND {_SCHEMAS} AND {_TABLES}",
    f"{_SELECT}{_OPERATIONS} AND {_SCHEMAS} AND {_TABLES}",
    rights=("SELECT ANY TRANSACTION",),
)
def contents(on: Connection, match: re.Match[str], binds: Binds) -> AnswerRows:
    """The redo between two SCNs, filtered as the statement says; another list of codes is refused by name."""
    codes = {int(code) for code in re.findall(r"\d+", match["names1"])}
    if codes != {*OPERATION_CODES}:
        on.database.refuse(match.string)
        known = ",".join(map(str, OPERATION_CODES))
        raise OracleError(
            900,
            f"ORA-00900: UNANSWERED by the stand-in for Oracle: OPERATION_CODE IN {match['names1']}: "
            f"it answers ({known}) only",
        )
    hidden = {*re.findall(r"'([^']*)'", match["names2"])}
    wanted_pdb = match.groupdict().get("text")
    if wanted_pdb is not None and wanted_pdb != on.engine.settings.pdb:
        return AnswerRows(_COLUMNS, iter(()))
    redo = on.miner.contents(int(str(binds[0])), int(str(binds[1])))
    return AnswerRows(_COLUMNS, _filtered(redo, codes, hidden))


@connector.add(
    "SELECT START_SCN, XID FROM V$LOGMNR_CONTENTS WHERE OPERATION_CODE=7 AND SCN >= <scn> AND START_SCN "
    "<= <scn>",
    rights=("SELECT ANY TRANSACTION",),
)
def commits(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows:
    """Transactions that were open at an SCN and are committed since."""
    scn = int(match["scn"])
    redo = on.miner.contents(scn - 1, on.engine.current_scn())
    found = [
        [row.start_scn, row.xid.hex()]
        for row in redo
        if row.operation_code == COMMIT and row.start_scn is not None and row.start_scn <= scn
    ]
    return AnswerRows.of([("START_SCN", _N), ("XID", "RAW")], *found)


def _filtered(redo: Iterator[RedoRow], codes: set[int], hidden: set[str]) -> Iterator[Row]:
    for row in redo:
        # NULL NOT LIKE 'INTERNAL DDL%' is not true: a DDL row without INFO is not answered.
        ddl = row.operation_code == _DDL and row.info is not None and not row.info.startswith(_INTERNAL)
        if not ddl and row.operation_code not in codes:
            continue
        if row.seg_owner in hidden or (row.table_name or "").startswith("MLOG$"):
            continue
        yield _text(row)


def _text(row: RedoRow) -> Row:
    values = (
        row.scn, row.sql_redo, row.operation_code, at(row.timestamp), row.xid.hex(), row.csf, row.table_name,
        row.seg_owner, row.operation, row.row_id, row.rollback, row.status, row.info, row.ssn, row.thread,
        row.data_obj, row.data_objv, row.data_objd, row.start_scn, row.commit_scn, row.sequence, None, None,
        row.rs_id, row.username, row.client_id,
    )  # fmt: skip
    return [None if value is None else str(value) for value in values]


@connector.add(
    "SELECT VALUE FROM v$statname n, v$mystat m WHERE n.name='<text>' AND n.statistic#=m.statistic#"
)
def memory(*_: object) -> AnswerRows:
    """The session's memory in bytes: an invented figure, which only feeds the connector's metrics."""
    return AnswerRows.of([("VALUE", _N)], [8 * 1024 * 1024])


@connector.add(
    "SELECT START_SCN, END_SCN, REQUIRED_START_SCN, OPTIONS, STATUS, INFO FROM V$LOGMNR_PARAMETERS"
)
def parameters(on: Connection, *_: object) -> AnswerRows:
    """What the last start asked for; the connector logs it after a failure."""
    columns = [
        ("START_SCN", _N),
        ("END_SCN", _N),
        ("REQUIRED_START_SCN", _N),
        ("OPTIONS", _N),
        ("STATUS", _N),
        ("INFO", _T),
    ]
    if on.miner.failed is None:
        return AnswerRows.of(columns)
    first, last, info = on.miner.failed
    return AnswerRows.of(columns, [first, last, first, 0, 1, info])


@connector.add(
    "SELECT FILENAME, THREAD_ID, THREAD_SQN, LOW_SCN, NEXT_SCN, DICTIONARY_BEGIN, DICTIONARY_END, TYPE, "
    "INFO FROM "
    "V$LOGMNR_LOGS ORDER BY THREAD_ID, THREAD_SQN"
)
def listed_logs(on: Connection, *_: object) -> AnswerRows:
    """The files on the list, in full; asked after a failure."""
    names = (
        "FILENAME",
        "THREAD_ID",
        "THREAD_SQN",
        "LOW_SCN",
        "NEXT_SCN",
        "DICTIONARY_BEGIN",
        "DICTIONARY_END",
    )
    columns = [*zip(names, (_T, _N, _N, _N, _N, _T, _T), strict=True), ("TYPE", _T), ("INFO", _T)]
    rows = [
        [
            log.archived_name or log.member,
            1,
            log.sequence,
            log.first_change,
            log.next_change,
            "NO",
            "NO",
            "ONLINE" if log.next_change is None else "ARCHIVED",
            None,
        ]
        for log in on.miner.logs()
    ]
    return AnswerRows.of(columns, *rows)
