"""Redo logs that are gone, many, or needed for long."""

import time
from collections.abc import Sequence
from typing import Any

from connector.domain.stage.aws_names import CONNECTOR
from connector.local import schema
from connector.local.database import insert, invented
from connector.local.oracle.client import Client
from connector.local.oracle.database import APPLICATION
from connector.local.oracle.process import PDB
from tests.faults.oracle.case import Case, Recovers, When, cleared, failed, unnoticed
from tests.faults.oracle.judgement import finds
from tests.faults.oracle.testbed import OWNER, TABLE, ConnectorTestbed, until

#: More than the online logs that the stand-in has.
_ALL_ONLINE = 4
#: Keys that only open transactions use.
_OPEN_KEY = 900_000
#: How far ahead of the database a position is put.
_AHEAD = 10_000_000


class _Open:
    """A transaction of the application that stays open over a case."""

    def __init__(self) -> None:
        self._session: Client | None = None

    def begin(self, bed: ConnectorTestbed) -> None:
        database = bed.database
        self._session = Client(database.host, database.port, PDB, APPLICATION, database.app_password)
        insert(self._session, OWNER, TABLE, {**invented(TABLE, 1), schema.key(TABLE): _OPEN_KEY})

    def end(self) -> None:
        if self._session is not None:
            self._session.rollback()
            self._session.close()
            self._session = None


_OPEN = _Open()


def _ended(bed: ConnectorTestbed) -> None:
    cleared(bed)
    _OPEN.end()


def _switched(bed: ConnectorTestbed, times: int = _ALL_ONLINE) -> None:
    for _ in range(times):
        bed.admin("switch_log")


def _sequences(bed: ConnectorTestbed) -> list[int]:
    """Of the online logs, the oldest first."""
    return sorted(int(log["sequence"]) for log in bed.admin("logs")["online"])


def _all_deleted(bed: ConnectorTestbed) -> None:
    """Those whose redo is in no online log any more."""
    bed.admin("delete_archived", through_sequence=_sequences(bed)[0] - 1)


def _copies_deleted(bed: ConnectorTestbed) -> None:
    """Those whose redo still is in an online log as well: Debezium reads the current one only."""
    _switched(bed)
    bed.admin("delete_archived", through_sequence=_sequences(bed)[-1])


def _gone(bed: ConnectorTestbed) -> None:
    bed.change(arrives=False)
    _switched(bed)
    _all_deleted(bed)


def _gone_under_an_open_transaction(bed: ConnectorTestbed) -> None:
    """The offset stays at the beginning of the oldest open transaction."""
    _OPEN.begin(bed)
    assert bed.arrives([bed.change()]) is not None
    _switched(bed)
    _all_deleted(bed)


def _silent_for_a_minute(bed: ConnectorTestbed) -> str:
    """Between the first attempt and the failure there is nothing above INFO."""
    lines = bed.log()
    first = next((n for n, line in enumerate(lines) if "No logs available yet" in line), None)
    last = next((n for n, line in enumerate(lines) if " ERROR " in line), len(lines))
    if first is None:
        return "it did not wait for logs"
    loud = [line for line in lines[first:last] if " WARN " in line]
    return f"not silent: {loud[0][:200]}" if loud else ""


def _many_changes(bed: ConnectorTestbed) -> None:
    for _ in range(3):
        for _ in range(5):
            bed.change()
        bed.admin("switch_log")


def _storm(bed: ConnectorTestbed) -> None:
    for _ in range(12):
        bed.change()
        bed.admin("switch_log")
        time.sleep(0.3)


def _open_for_long(bed: ConnectorTestbed) -> None:
    _OPEN.begin(bed)
    assert bed.arrives([bed.change()]) is not None


def _position_stands_still(bed: ConnectorTestbed) -> str:
    """The position stays at the transaction's beginning, although later changes arrive and are committed."""

    def stored() -> tuple[str, str]:
        (one,) = (pair["offset"] for pair in bed.offsets())
        return str(one["scn"]), str(one["commit_scn"])

    scn, commit_scn = stored()
    bed.change()
    if not until(lambda: stored()[1] != commit_scn, 30):
        return f"the commit position stays at {commit_scn}"
    return "" if stored()[0] == scn else f"the position moved from {scn} to {stored()[0]}"


class _Ahead:
    """A position as if the database had been set back behind it, to a backup perhaps."""

    def __init__(self) -> None:
        self._offsets: list[dict[str, Any]] = []

    def begin(self, bed: ConnectorTestbed) -> None:
        """Connect changes the position of a stopped connector only."""
        self._offsets = [{**one} for one in bed.offsets()]
        ahead = [
            {**one, "offset": {**one["offset"], "scn": str(int(one["offset"]["scn"]) + _AHEAD)}}
            for one in self._offsets
        ]
        self._set(bed, ahead)

    def end(self, bed: ConnectorTestbed) -> None:
        bed.stop()
        self._set(bed, self._offsets)
        bed.resume()

    @staticmethod
    def _set(bed: ConnectorTestbed, offsets: list[dict[str, Any]]) -> None:
        path = f"/connectors/{CONNECTOR}/offsets"
        status, text = bed.worker.ask(path, method="PATCH", body={"offsets": offsets})
        assert status == 200, text

    @staticmethod
    def nothing_arrives(bed: ConnectorTestbed) -> str:
        """The connector waits until the database has come so far, and the health check says so."""
        if bed.arrives(bed.written, 8) is not None:
            return "the row arrives"
        return finds(bed, "database-restored")


_SET_BACK = _Ahead()

CASES: Sequence[Case] = (
    Case(
        "log-gone-while-stopped",
        "archived logs with the position deleted while the connector was stopped",
        _gone,
        failed(
            "The connector is trying to read change stream starting at",
            Recovers.NOT,
            log="no longer available on the server",
        ),
        when=When.START,
        writes=False,
    ),
    Case(
        "log-gone-while-running",
        "archived logs deleted under an old open transaction, task running",
        _gone_under_an_open_transaction,
        failed(
            "io.debezium.connector.oracle.logminer.LogFileNotFoundException",
            Recovers.NOT,
            log="has been deleted",
            again="The connector is trying to read change stream starting at",
        ),
        _ended,
        proof=_silent_for_a_minute,
        writes=False,
        seconds=120,
    ),
    Case(
        "log-copies-gone",
        "archived copies of the logs that are still online deleted before the first snapshot",
        _copies_deleted,
        failed(
            "LogFileNotFoundException: The archive log containing offset SCN",
            Recovers.BY_RESTART_OR_OFFSETS,
        ),
        _switched,
        When.SNAPSHOT,
        seconds=120,
        otherwise="before the snapshot Debezium looks for open transactions in the log (boundary mode all), "
        "and waits 63 s for logs that are gone; it recovers once other logs are online",
    ),
    Case(
        "scn-behind",
        "stopped over 15 changes and 3 log switches, logs kept",
        _many_changes,
        unnoticed(),
        when=When.START,
    ),
    Case(
        "open-transaction",
        "one transaction stays open",
        _open_for_long,
        unnoticed(),
        _ended,
        proof=_position_stands_still,
    ),
    Case("log-switch-storm", "12 log switches in 4 s, a change before each", _storm, unnoticed()),
    Case(
        "scn-ahead",
        "the database's SCN is behind the connector's position",
        _SET_BACK.begin,
        unnoticed(),
        _SET_BACK.end,
        When.START,
        proof=_SET_BACK.nothing_arrives,
        shown=lambda bed: bool(bed.source().streaming),
    ),
)
