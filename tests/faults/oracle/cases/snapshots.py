"""Errors of the first snapshot, and of one that is asked for while the connector streams."""

from collections.abc import Sequence

from tests.faults.oracle.case import RUNNING, Act, Case, Expected, Mbean, Recovers, When, failed, interrupted
from tests.faults.oracle.cases.mining import at
from tests.faults.oracle.judgement import finds
from tests.faults.oracle.testbed import OWNER, TABLE, ConnectorTestbed, until

_ROWS = f'"{OWNER}"."{TABLE}" AS OF SCN'
_TOO_OLD = 'ORA-01555: snapshot too old: rollback segment number 9 with name "_SYSSMU9$" too small'
_FAILED = f"Snapshotting of table WMSPDB1.{OWNER}.{TABLE} failed"
#: Debezium asks its signal topic every 5 s, and takes 20 to 25 s for the first signal after a task's start.
_SIGNAL_SECONDS = 90.0
#: What a restart may find.
EMPTY_HISTORY = (
    "a restart may fail with 'The db history topic is missing', because "
    "the notification that the snapshot began has stored a position"
)


def _while_fetching(code: int, text: str) -> Act:
    return lambda bed: bed.fault(_ROWS, code, text, after_rows=1, times=1)


def _cut_while_fetching(bed: ConnectorTestbed) -> None:
    bed.fault(_ROWS, drop=True, after_rows=1, times=1)


def _end_of_file(bed: ConnectorTestbed) -> None:
    bed.fault(_ROWS, 3113, "ORA-03113: end-of-file on communication channel", times=1)


def _changed_once(bed: ConnectorTestbed) -> None:
    bed.fault(_ROWS, 1466, "ORA-01466: unable to read data - table definition has changed", times=1)


def _case(name: str, title: str, inject: Act, expected: Expected, **more: object) -> Case:
    # The row is there before the snapshot, or comes behind it: it arrives once in any case.
    return Case(f"snapshot-{name}", title, inject, expected, when=When.SNAPSHOT, **more)  # type: ignore[arg-type]


def _asked(inject: Act) -> Act:
    def act(bed: ConnectorTestbed) -> None:
        inject(bed)
        bed.signal_snapshot()

    return act


def _aborted(bed: ConnectorTestbed) -> str:
    """The last notification says that the snapshot was broken off; the health check finds it in the log."""

    def kinds() -> list[str]:
        return [
            str(one["type"]) for one in bed.notifications() if one["aggregate_type"] == "Initial Snapshot"
        ]

    if not until(lambda: kinds()[-1:] == ["ABORTED"], 20):
        return f"notifications {kinds()}"
    return finds(bed, "snapshot-aborted")


_GOES_ON = Expected(
    RUNNING, Mbean.CONNECTED, Recovers.NEVER_STOPPED, log="Error while executing requested blocking snapshot."
)

CASES: Sequence[Case] = (
    _case(
        "01555",
        "ORA-01555 while rows are fetched, once",
        _while_fetching(1555, _TOO_OLD),
        failed(_FAILED, log="ORA-01555"),
    ),
    _case(
        "00942",
        "ORA-00942 on the SELECT of a table",
        at(_ROWS, 942, "ORA-00942: table or view does not exist"),
        failed(_FAILED, log="ORA-00942"),
    ),
    _case(
        "01466",
        "ORA-01466: the table's definition has changed, once",
        _changed_once,
        failed(_FAILED, log="ORA-01466"),
    ),
    _case(
        "lock",
        "ORA-01031 on LOCK TABLE",
        at("LOCK TABLE", 1031, "ORA-01031: insufficient privileges"),
        failed("java.sql.SQLSyntaxErrorException: ORA-01031", Recovers.BY_RESTART_OR_OFFSETS),
        otherwise=EMPTY_HISTORY,
    ),
    _case(
        "lost",
        "connection closed by the other side while rows are fetched, once",
        _cut_while_fetching,
        interrupted("ORA-17002"),
    ),
    _case("03113", "ORA-03113 on the SELECT of a table, once", _end_of_file, interrupted("ORA-03113")),
    Case(
        "asked-01555",
        "a snapshot that is asked for: ORA-01555, once",
        _asked(_while_fetching(1555, _TOO_OLD)),
        _GOES_ON,
        proof=_aborted,
        seconds=_SIGNAL_SECONDS,
    ),
    Case(
        "asked-00942",
        "a snapshot that is asked for: ORA-00942",
        _asked(at(_ROWS, 942, "ORA-00942: table or view does not exist")),
        _GOES_ON,
        proof=_aborted,
        seconds=_SIGNAL_SECONDS,
    ),
    Case(
        "asked-lost",
        "a snapshot that is asked for: connection closed by the other side, once",
        _asked(_cut_while_fetching),
        failed("java.sql.SQLException: ORA-01292"),
        proof=lambda bed: finds(bed, "snapshot-aborted"),
        otherwise="the notification ABORTED is sent in some runs and not in others",
        seconds=_SIGNAL_SECONDS,
    ),
)
