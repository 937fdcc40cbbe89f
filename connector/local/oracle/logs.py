"""The redo log files: online groups, archived logs, switch, retention.

Names and states as in V$LOG and V$ARCHIVED_LOG (*Database Reference* 19c). Here a log that is left is
archived at once (ARCn takes a moment in Oracle). A log's redo can be read as long as its online group is not
overwritten or its archived copy is not deleted; then its rows leave the store.

A log that was just left is ACTIVE, older ones are INACTIVE: in Oracle the checkpoint decides, so this is a
guess.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from connector.local.oracle.scn import ScnClock
from connector.local.oracle.storage import PLACE_BITS, Store

#: RESETLOGS_ID in the names of archived logs (LOG_ARCHIVE_FORMAT %t_%s_%r).
RESETLOGS_ID: Final = 1104312000
#: V$LOG's NEXT_CHANGE# of the current log.
ENDLESS: Final = 18446744073709551615


@dataclass(frozen=True, slots=True)
class Log:
    """One sequence of redo. Times are seconds since 1970; `next_*` are None while it is current.

    `status` is V$LOG's: CURRENT, ACTIVE, INACTIVE. `bytes` is the size of the file, `used` how much was
    written.
    """

    sequence: int
    group: int
    first_change: int
    first_time: float
    next_change: int | None
    next_time: float | None
    status: str
    archived: bool
    archived_name: str | None
    member: str
    bytes: int
    deleted: bool
    used: int = 0


class RedoLogs:
    """The caller of what changes something holds the engine's lock; the lists may be read by anybody."""

    def __init__(
        self,
        store: Store,
        scn: ScnClock,
        *,
        dbname: str,
        log_bytes: int,
        groups: int,
        retention: float | None,
        archiving: Callable[[], bool],
    ) -> None:
        self._store, self._scn, self._dbname = store, scn, dbname
        self._bytes, self._groups = log_bytes, groups
        self.retention = retention
        self._archiving = archiving
        self._logs: list[Log] = [
            self._log(*row)
            for row in store.writer.execute(
                "SELECT sequence, grp, first_change, first_time, next_change, next_time, archived, deleted,"
                " used FROM logs ORDER BY sequence"
            )
        ]
        self.used = self._used()
        if not self._logs:
            self._start(1, scn.next())

    def _log(  # noqa: PLR0917 - a row of the store's table
        self,
        sequence: int,
        group: int,
        first_change: int,
        first_time: float,
        next_change: int | None,
        next_time: float | None,
        archived: int,
        deleted: int,
        used: int,
    ) -> Log:
        return Log(
            sequence=sequence,
            group=group,
            first_change=first_change,
            first_time=first_time,
            next_change=next_change,
            next_time=next_time,
            status="CURRENT" if next_change is None else "INACTIVE",
            archived=bool(archived),
            archived_name=self._archived_name(sequence) if archived and not deleted else None,
            member=f"/u01/oradata/{self._dbname}/redo{group:02d}.log",
            bytes=self._bytes,
            deleted=bool(deleted),
            used=used,
        )

    def _archived_name(self, sequence: int) -> str:
        return f"/u01/archive/{self._dbname}/1_{sequence}_{RESETLOGS_ID}.arc"

    def _start(self, sequence: int, first_change: int) -> None:
        group = (sequence - 1) % self._groups + 1
        started = self._log(sequence, group, first_change, self._scn.now(), None, None, 0, 0, 0)
        self._logs = [*self._logs, started]
        self.used = 0
        self._save(started)

    def _save(self, log: Log) -> None:
        row = (log.sequence, log.group, log.first_change, log.first_time, log.next_change, log.next_time)
        self._store.write(
            "INSERT OR REPLACE INTO logs VALUES (?,?,?,?,?,?,?,?,?)",
            (*row, int(log.archived), int(log.deleted), log.used),
        )

    def _used(self) -> int:
        # A killed process wrote redo without noting how far the log was filled.
        noted = self._logs[-1].used if self._logs else 0
        found = self._store.writer.execute(
            "SELECT sequence, pos FROM redo ORDER BY place DESC LIMIT 1"
        ).fetchone()
        same = found and self._logs and found[0] == self._logs[-1].sequence
        return max(noted, found[1] + 512) if same else noted

    @property
    def current(self) -> Log:
        return self._logs[-1]

    def online(self) -> list[Log]:
        """The groups of V$LOG, the oldest first."""
        online = self._logs[-self._groups :]
        return [
            replace(log, status="ACTIVE") if log.sequence == self.current.sequence - 1 else log
            for log in online
        ]

    def archived(self) -> list[Log]:
        """All that were archived, deleted ones too, the oldest first.

        V$ARCHIVED_LOG has a deleted one without a name.
        """
        return [log for log in self._logs if log.archived]

    def written(self, size: int) -> tuple[int, int]:
        """Count a record of this size in bytes: the log's sequence and the place in it."""
        place = self.used
        self.used += size
        return self.current.sequence, place

    @property
    def full(self) -> bool:
        return self.used >= self._bytes

    def switch(self) -> Log:
        """End the current log and archive it (ALTER SYSTEM SWITCH LOGFILE); the new one is returned."""
        now, boundary = self._scn.now(), self._scn.next()
        left = replace(
            self.current,
            next_change=boundary,
            next_time=now,
            status="INACTIVE",
            used=self.used,
        )
        if self._archiving():
            left = replace(left, archived=True, archived_name=self._archived_name(left.sequence))
        self._logs[-1] = left
        self._save(left)
        self._start(left.sequence + 1, boundary)
        self._overwrite()
        self.expire()
        return self.current

    def _overwrite(self) -> None:
        gone = [log for log in self._logs[: -self._groups] if not log.archived]
        for log in gone:
            self._forget(log)
            self._store.write("DELETE FROM logs WHERE sequence = ?", (log.sequence,))
        if gone:
            self._logs = [log for log in self._logs if log not in gone]
        # An archived log deleted while its group still held it.
        if len(self._logs) > self._groups and self._logs[-self._groups - 1].deleted:
            self._forget(self._logs[-self._groups - 1])

    def _forget(self, log: Log) -> None:
        self._store.write(
            "DELETE FROM redo WHERE place >= ? AND place < ?",
            (log.first_change << PLACE_BITS, (log.next_change or 0) << PLACE_BITS),
        )

    def delete_archived(self, through_sequence: int | None = None, before: float | None = None) -> list[Log]:
        """Delete archived copies: up to a sequence, of logs that ended before a time, or all.

        What was deleted.
        """
        gone = [
            log
            for log in self._logs
            if log.archived
            and not log.deleted
            and (through_sequence is None or log.sequence <= through_sequence)
            and (before is None or (log.next_time or 0) < before)
        ]
        online = {log.sequence for log in self._logs[-self._groups :]}
        for log in gone:
            deleted = replace(log, deleted=True, archived_name=None)
            self._logs[self._logs.index(log)] = deleted
            self._save(deleted)
            if log.sequence not in online:
                self._forget(log)
        return gone

    def restore_archived(self) -> None:
        """Archive the logs again whose copies were deleted while a group still holds them."""
        for number, log in enumerate(self._logs[-self._groups :], len(self._logs[: -self._groups])):
            if log.deleted:
                self._logs[number] = replace(
                    log, deleted=False, archived_name=self._archived_name(log.sequence)
                )
                self._save(self._logs[number])

    def expire(self) -> None:
        """Delete archived logs older than the retention."""
        if self.retention is not None:
            self.delete_archived(before=self._scn.now() - self.retention)

    def settle(self) -> None:
        """Write down how full the current log is."""
        self._logs[-1] = replace(self.current, used=self.used)
        self._save(self.current)
