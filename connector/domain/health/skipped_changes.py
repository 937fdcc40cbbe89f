"""The changes that Debezium has passed over in silence, as one item of the state table. Pure.

The health check reads the worker's log from where the last check ended. It keeps what it found until somebody
acknowledges it, or until the log says that the cause has ended.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.domain.health.item_version import read_version
from connector.domain.health.scn import Position, ScnMemory
from connector.domain.health.set_back import scn_behind
from connector.domain.health.skipped_lines import Seen, Skip, is_start, skip_in
from connector.domain.health.snapshot_watch import SnapshotWatch

#: Partition key of the item in the state table.
SKIPPED_KEY = "skipped-changes"
#: How far back the first check reads, in milliseconds, and how far back any check.
FIRST_MS = 3600 * 1000
LONGEST_MS = 7 * 24 * 3600 * 1000
#: In place of a table, where it is about the whole database.
WHOLE_DATABASE = "all captured tables"
#: Each check reads this much again: CloudWatch Logs shows an event some seconds after its time.
OVERLAP_MS = 120 * 1000


@dataclass(frozen=True)
class Skipped:
    """One way in which changes of one table are passed over. Times are milliseconds since 1970.

    `low`, `high`: the positions (SCN) of what was seen; None where the log does not tell them.
    `mailed`: a mail has named it. `acknowledged`: an operator knows, so it is no finding any more.
    """

    kind: Skip
    table: str
    first: int
    last: int
    low: int | None = None
    high: int | None = None
    mailed: bool = False
    acknowledged: bool = False

    def repeated(self, seen: Seen, at: int) -> "Skipped":
        """With another line about it. What an operator has acknowledged opens again if it happened again."""
        if self.kind in (Skip.UNLOGGED, Skip.HIDDEN):
            # A state, not an event: the connector tells it at each start.
            return replace(self, last=max(self.last, at))
        # What is not newer was read before.
        again, low, high = at > self.last, self.low, self.high
        if again and seen.scn is not None and low is not None and high is not None:
            # A restarted connector reads old redo again and writes the same line. A position before all is of
            # another incarnation of the database.
            again = not low <= seen.scn <= high
            low, high = min(low, seen.scn), seen.scn if again else high
        found = replace(self, last=max(self.last, at), low=low, high=high)
        if again and self.acknowledged:
            return replace(found, first=at, mailed=False, acknowledged=False)
        return found


@dataclass(frozen=True)
class SkippedChanges:
    """What is known. `read_to`: until when the log has been read; `started`: when streaming started last.

    `warned`: the tables that were reported as not logged since then; each start checks all of them.
    `hidden`: those that were reported as not visible, in the same way.
    """

    entries: Mapping[tuple[Skip, str], Skipped] = field(default_factory=dict)
    read_to: int = 0
    started: int = 0
    warned: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    snapshots: SnapshotWatch = field(default_factory=SnapshotWatch)
    #: 0 while there is no item.
    version: int = 0
    #: The version in the table if no check can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = field(default=(), compare=False)

    @property
    def open(self) -> tuple[Skipped, ...]:
        """What nobody has acknowledged, the oldest first.

        That a table is not visible is no news while its drop is one.
        """
        found = [entry for entry in self.entries.values() if not entry.acknowledged]
        dropped = {entry.table for entry in found if entry.kind is Skip.DROPPED}
        news = (entry for entry in found if entry.kind is not Skip.HIDDEN or entry.table not in dropped)
        return tuple(sorted(news, key=lambda entry: (entry.first, entry.table, entry.kind)))

    @property
    def unmailed(self) -> tuple[Skipped, ...]:
        """What no mail has named yet."""
        return tuple(entry for entry in self.open if not entry.mailed)

    def since(self, now: float) -> int:
        """From when a check at `now`, in seconds, reads the log, in milliseconds."""
        at = int(now * 1000)
        return max(self.read_to - OVERLAP_MS, at - LONGEST_MS) if self.read_to else at - FIRST_MS

    def with_lines(self, lines: Iterable[tuple[int, str]], read_to: int) -> "SkippedChanges":
        """With the lines of the log (time in milliseconds, text), which was read until `read_to`.

        Lines that were read before change nothing.
        """
        entries, started = dict(self.entries), self.started
        reported = {Skip.UNLOGGED: set(self.warned), Skip.HIDDEN: set(self.hidden)}
        snapshots, new_after = self.snapshots, self.snapshots.read_to
        for at, line in sorted(lines, key=lambda event: event[0]):
            if at > new_after:
                snapshots, about_tables = snapshots.follow(at, line)
                for each in about_tables:
                    _add(entries, each, at)
            if is_start(line):
                if at > started:
                    # What the connector has not reported again is logged now, or visible.
                    for kind, table in list(entries):
                        if kind in reported and table not in reported[kind]:
                            del entries[kind, table]
                    started, reported = at, {kind: set() for kind in reported}
            elif (seen := skip_in(line)) is not None:
                if seen.kind in reported and at <= started:
                    continue
                _report(reported, seen)
                _add(entries, seen, at)
        return replace(
            self,
            entries=entries,
            started=started,
            warned=frozenset(reported[Skip.UNLOGGED]),
            hidden=frozenset(reported[Skip.HIDDEN]),
            snapshots=snapshots,
            read_to=max(self.read_to, read_to),
        )

    def with_position(
        self,
        position: Position | None,
        memory: ScnMemory,
        sightings: Sequence[tuple[float, int]],
        now: float,
    ) -> "SkippedChanges":
        """With whether the database is behind the connector's position; `now` is in seconds since 1970.

        It stands after the database has passed the position again, for what was not read stays unread. A new
        initial snapshot ends it.
        """
        key, at, entries = (Skip.RESTORED, WHOLE_DATABASE), int(now * 1000), dict(self.entries)
        if position is not None and position.begins_again:
            entries.pop(key, None)
        behind = scn_behind(position, memory, sightings)
        if behind is not None:
            known = entries.get(key)
            if known is None or known.high != behind[1]:
                # Another position: it happened anew, even if an operator knows of the time before.
                entries[key] = Skipped(*key, at, at, *behind)
            else:
                entries[key] = replace(known, last=max(known.last, at))
        return replace(self, entries=entries)

    def set_back(self, position: Position | None) -> bool:
        """Whether the connector still waits, as far as seen, for a database that was set back.

        What an operator has acknowledged counts no more.
        """
        entry = self.entries.get((Skip.RESTORED, WHOLE_DATABASE))
        if entry is None or entry.acknowledged or position is None or position.scn is None:
            return False
        return position.scn <= (entry.high or 0)

    def as_mailed(self) -> "SkippedChanges":
        """With everything that is open as mailed."""
        return self._each(lambda entry: replace(entry, mailed=True) if not entry.acknowledged else entry)

    def unmailed_again(self, entries: Sequence[Skipped]) -> "SkippedChanges":
        """With these as not mailed: the mail could not be sent."""
        again = {(entry.kind, entry.table) for entry in entries}
        return self._each(lambda e: replace(e, mailed=False) if (e.kind, e.table) in again else e)

    def acknowledge(self, tables: Sequence[str]) -> "SkippedChanges":
        """With what is open about these tables as acknowledged; about all, if there are none."""
        return self._each(
            lambda entry: replace(entry, acknowledged=True) if not tables or entry.table in tables else entry
        )

    def next(self) -> "SkippedChanges":
        """The state to write, one version on."""
        return replace(self, version=self.version + 1, replaced_version=())

    def _each(self, change: Callable[[Skipped], Skipped]) -> "SkippedChanges":
        return replace(self, entries={key: change(entry) for key, entry in self.entries.items()})

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": SKIPPED_KEY,
            "version": self.version,
            "read_to": self.read_to,
            "started": self.started,
            "warned": sorted(self.warned),
            "hidden": sorted(self.hidden),
            "snapshots": self.snapshots.to_item(),
            "entries": [
                {
                    "kind": entry.kind.value,
                    "table": entry.table,
                    "first": entry.first,
                    "last": entry.last,
                    "low": entry.low,
                    "high": entry.high,
                    "mailed": entry.mailed,
                    "acknowledged": entry.acknowledged,
                }
                for entry in self.entries.values()
            ],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "SkippedChanges":
        """The inverse of `to_item`. A damaged item gives an empty state: that costs a repeated mail at most.

        What was found longer than the first check's time before is then forgotten.
        """
        version, replaced = read_version(item)
        try:
            # An item of the version before has none.
            snapshots = item.get("snapshots")
            found = [_entry(entry) for entry in item["entries"]]
            entries = {(entry.kind, entry.table): entry for entry in found}
            return cls(
                entries,
                int(item["read_to"]),
                int(item["started"]),
                frozenset(map(str, item["warned"])),
                frozenset(map(str, item.get("hidden", ()))),
                SnapshotWatch() if snapshots is None else SnapshotWatch.from_item(snapshots),
                version,
                replaced,
            )
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            return cls(version=version, replaced_version=replaced)


def _report(reported: Mapping[Skip, set[str]], seen: Seen) -> None:
    """Note what the check at a start tells, or that a statement has changed it since."""
    if seen.kind in reported:
        reported[seen.kind].discard(seen.table)
        if seen.checked:
            reported[seen.kind].add(seen.table)


def _add(entries: dict[tuple[Skip, str], Skipped], seen: Seen, at: int) -> None:
    key = (seen.kind, seen.table)
    known = entries.get(key)
    if seen.ended:
        if known is not None and at >= known.last:
            del entries[key]
    elif known is None:
        entries[key] = Skipped(seen.kind, seen.table, at, at, seen.scn, seen.scn)
    else:
        entries[key] = known.repeated(seen, at)


def _entry(item: Mapping[str, Any]) -> Skipped:
    low, high = item["low"], item["high"]
    return Skipped(
        Skip(item["kind"]),
        str(item["table"]),
        int(item["first"]),
        int(item["last"]),
        None if low is None else int(low),
        None if high is None else int(high),
        bool(item["mailed"]),
        bool(item["acknowledged"]),
    )
