"""What a DBA may have changed of the database."""

from collections.abc import Sequence

from connector.local.oracle.process import PDB
from tests.faults.oracle.case import Case, When, failed, unnoticed
from tests.faults.oracle.testbed import OWNER, TABLE, ConnectorTestbed

_NAME = f"{OWNER}.{TABLE}"


def _minimal_off(bed: ConnectorTestbed) -> None:
    bed.sys("ALTER DATABASE DROP SUPPLEMENTAL LOG DATA")


def _minimal_on(bed: ConnectorTestbed) -> None:
    bed.sys("ALTER DATABASE ADD SUPPLEMENTAL LOG DATA")


def _no_archive(bed: ConnectorTestbed) -> None:
    bed.admin("alter", state={"archivelog": False})


def _archive(bed: ConnectorTestbed) -> None:
    bed.admin("alter", state={"archivelog": True})


def _table_off(bed: ConnectorTestbed) -> None:
    bed.sys(f"ALTER TABLE {_NAME} DROP SUPPLEMENTAL LOG DATA (ALL) COLUMNS", service=PDB)


def _table_on(bed: ConnectorTestbed) -> None:
    bed.sys(f"ALTER TABLE {_NAME} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS", service=PDB)


def _no_destination(bed: ConnectorTestbed) -> None:
    bed.fault("V$ARCHIVE_DEST_STATUS", 16009, "ORA-16009: invalid redo transport destination")


CASES: Sequence[Case] = (
    Case(
        "supplemental-logging-off",
        "minimal supplemental logging is off, and the task starts again",
        _minimal_off,
        failed("Supplemental logging not properly configured."),
        _minimal_on,
        When.START,
    ),
    Case(
        "noarchivelog",
        "the database is in NOARCHIVELOG mode, and the task starts again",
        _no_archive,
        failed("The Oracle server is not configured to use a archive log LOG_MODE"),
        _archive,
        When.START,
    ),
    Case(
        "table-logging-off",
        "one table without supplemental logging of all columns, and the task starts again",
        _table_off,
        unnoticed("not configured with supplemental logging"),
        _table_on,
        When.START,
    ),
    Case(
        "table-logging-off-streaming",
        "one table without supplemental logging of all columns, while it streams",
        _table_off,
        unnoticed(),
        _table_on,
    ),
)
