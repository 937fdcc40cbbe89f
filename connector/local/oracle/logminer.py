"""A LogMiner session of one connection: its list of log files, and the range that was started.

Facts: Database Utilities 19c, "Using LogMiner to Analyze Redo Log Files", and the error messages' own pages.
The checks of the range against the list are those with which Debezium 3.6.1.Final was observed; their order
is a guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import OracleError
from connector.local.oracle.logs import Log
from connector.local.oracle.redo import RedoRow


@dataclass
class LogMiner:
    """What DBMS_LOGMNR keeps for a connection."""

    engine: OracleEngine
    files: list[str] = field(default_factory=list)
    started: tuple[int, int] | None = None
    #: What V$LOGMNR_PARAMETERS answers after a start that failed.
    failed: tuple[int, int, str] | None = None

    def add(self, name: str) -> None:
        """ADD_LOGFILE. ORA-01289 for a file twice, ORA-01284 and 00308 for one that is not there."""
        if name in self.files:
            raise OracleError(1289, f"ORA-01289: cannot add duplicate logfile {name}")
        if self._log(name) is None:
            raise OracleError(
                1284,
                f"ORA-01284: file {name} cannot be opened\nORA-00308: cannot open archived log '{name}'\n"
                "ORA-27037: unable to obtain file status",
            )
        self.files.append(name)

    def remove(self, name: str) -> None:
        """REMOVE_LOGFILE. ORA-01290 for a file that is not on the list."""
        if name not in self.files:
            raise OracleError(1290, f"ORA-01290: cannot remove unlisted logfile {name}")
        self.files.remove(name)

    def start(self, start: int, end: int) -> None:
        """START_LOGMNR; may be called again without an end in between.

        ORA-01292 without files, ORA-01291 where the files on the list leave a gap in the range.
        """
        if not self.files:
            raise OracleError.of(1292)
        if any(self._log(name) is None for name in self.files) or not self._covers(start, end):
            self.failed = (start, end, "missing log file")
            raise OracleError.of(1291)
        self.started, self.failed = (start, end), None

    def start_whole(self) -> None:
        """START_LOGMNR without a range: from the first to the last change in the files.

        ORA-01292 without files.
        """
        logs = sorted(self.logs(), key=lambda found: found.first_change)
        if not logs:
            raise OracleError.of(1292)
        last = logs[-1].next_change
        self.start(logs[0].first_change, self.engine.current_scn() if last is None else last - 1)

    def end(self) -> None:
        """END_LOGMNR: empties the list. ORA-01307 without a session."""
        if self.started is None:
            raise OracleError.of(1307)
        self.started = None
        self.files.clear()

    def contents(self, after: int, upto: int) -> Iterator[RedoRow]:
        """The redo between two SCNs, within the range. ORA-01306 without a session."""
        if self.started is None:
            raise OracleError.of(1306)
        start, end = self.started
        return self.engine.redo(max(after, start - 1), min(upto, end))

    def logs(self) -> list[Log]:
        """The files on the list, as the database knows them."""
        return [log for name in self.files if (log := self._log(name)) is not None]

    def _log(self, name: str) -> Log | None:
        logs = self.engine.logs
        for log in logs.online():
            if log.member == name:
                return log
        return next((log for log in logs.archived() if log.archived_name == name and not log.deleted), None)

    def _covers(self, start: int, end: int) -> bool:
        """Whether the files hold the range. Its end may be the last file's NEXT_CHANGE#.

        Debezium ends a session there when it reads archived logs only (CappedLogFileSessionSelector,
        3.6.1), so that Oracle must allow it.
        """
        wanted = start
        for log in sorted(self.logs(), key=lambda found: found.first_change):
            if log.first_change <= wanted:
                if log.next_change is None:
                    return True
                wanted = max(wanted, log.next_change)
        return wanted >= end
