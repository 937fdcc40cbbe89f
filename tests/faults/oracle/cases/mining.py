"""Errors at one statement while the connector streams, every time that it is sent."""

from collections.abc import Sequence

from tests.faults.oracle.case import (
    FAILED,
    Act,
    Case,
    Expected,
    Mbean,
    Recovers,
    failed,
    retried,
    retried_quietly,
)
from tests.faults.oracle.testbed import ConnectorTestbed

START, ADD, CONTENTS, FLUSH = "start_logmnr", "add_logfile", "FROM V$LOGMNR_CONTENTS", "SET LAST_SCN"
_LOGMNR_MISSING = (
    "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'SYS.DBMS_LOGMNR' must be declared\n"
    "ORA-06550: line 1, column 7:\nPL/SQL: Statement ignored"
)

#: Each round begins with five attempts that nobody sees, one a second.
_AGAIN_CONNECTED = "Connected is 1.0 again for about 5 s of each round, while it tries"


def at(statement: str, code: int, text: str = "") -> Act:
    """An error at each of these statements."""

    def inject(bed: ConnectorTestbed) -> None:
        bed.fault(statement, code, text)

    return inject


def _in_a_new_session(bed: ConnectorTestbed) -> None:
    """The files are put on the list when a session of LogMiner begins: behind a log switch."""
    bed.fault(ADD, 1284, "ORA-01284: file /u01/archive/1_7.arc cannot be opened")
    bed.admin("switch_log")


def _case(code: int, where: str, text: str, expected: Expected, suffix: str = "", **more: object) -> Case:
    places = {
        START: "START_LOGMNR",
        CONTENTS: "V$LOGMNR_CONTENTS",
        FLUSH: "the flush table",
        "CURRENT_SCN": "V$DATABASE",
    }
    return Case(
        name=f"mining-{code:05d}{suffix}",
        title=f"{text.splitlines()[0]} ({places[where]})",
        inject=at(where, code, text),
        expected=expected,
        **more,  # type: ignore[arg-type]
    )


CASES: Sequence[Case] = (
    _case(
        1291, START, "ORA-01291: missing log file", retried_quietly("ORA-01291"), otherwise=_AGAIN_CONNECTED
    ),
    _case(
        310,
        START,
        "ORA-00310: archived log contains sequence 7; sequence 8 required",
        retried_quietly("ORA-00310"),
        otherwise=_AGAIN_CONNECTED,
    ),
    _case(
        310,
        CONTENTS,
        "ORA-00310: archived log contains sequence 7; sequence 8 required",
        retried("ORA-00310"),
        "-fetch",
    ),
    _case(
        1327,
        START,
        "ORA-01327: failed to exclusively lock system dictionary as required by build",
        retried("ORA-01327"),
    ),
    _case(
        4030,
        START,
        "ORA-04030: out of process memory when trying to allocate 65536 bytes (Logminer LCR c,krvxbpns)",
        retried("ORA-04030"),
    ),
    Case(
        "mining-01284",
        "ORA-01284: file cannot be opened (ADD_LOGFILE, behind a log switch)",
        _in_a_new_session,
        retried("ORA-01284"),
    ),
    _case(604, "CURRENT_SCN", "ORA-00604: error occurred at recursive SQL level 1", retried("ORA-00604")),
    _case(
        600,
        CONTENTS,
        "ORA-00600: internal error code, arguments: [krvrdccs10], [], [], []",
        retried("krvrdccs10"),
        "-krvrdccs10",
    ),
    _case(
        600,
        CONTENTS,
        "ORA-00600: internal error code, arguments: [13013], [5001], [], []",
        failed("java.sql.SQLException: ORA-00600"),
        "-13013",
    ),
    _case(
        1292,
        START,
        "ORA-01292: no log file has been specified for the current LogMiner session",
        failed("java.sql.SQLException: ORA-01292"),
    ),
    _case(
        4036,
        START,
        "ORA-04036: PGA memory used by the instance exceeds PGA_AGGREGATE_LIMIT",
        failed("java.sql.SQLException: ORA-04036"),
    ),
    _case(
        1031,
        START,
        "ORA-01031: insufficient privileges",
        failed("java.sql.SQLSyntaxErrorException: ORA-01031"),
    ),
    _case(6550, START, _LOGMNR_MISSING, failed("java.sql.SQLException: ORA-06550: line 1, column 7:")),
    _case(
        1555,
        CONTENTS,
        'ORA-01555: snapshot too old: rollback segment number 9 with name "_SYSSMU9$" too small',
        failed("java.sql.SQLException: ORA-01555"),
    ),
    _case(
        1013,
        CONTENTS,
        "ORA-01013: user requested cancel of current operation",
        failed("java.sql.SQLTimeoutException: ORA-01013"),
    ),
    _case(
        1653,
        FLUSH,
        "ORA-01653: unable to extend table C##WMSCDC.LOG_MINING_FLUSH by 8 in tablespace LOGMINER_TBS",
        failed("Failed to flush Oracle LogWriter (LGWR) buffers to disk", log="ORA-01653"),
    ),
    _case(
        54,
        FLUSH,
        "ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired",
        failed("Failed to flush Oracle LogWriter (LGWR) buffers to disk", log="ORA-00054"),
    ),
    _case(
        1327,
        START,
        "ORA-01327: failed to exclusively lock system dictionary as required by build",
        Expected(
            FAILED,
            Mbean.GONE,
            Recovers.BY_RESTART,
            "",
            "The maximum number of 2 retries has been attempted",
        ),
        "-two-retries",
        config={"errors.max.retries": "2"},
    ),
)
