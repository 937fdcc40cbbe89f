"""Which snapshots were requested and have not ended, and what of them is missing. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.domain.health.skipped_lines import Seen, Skip
from connector.domain.health.snapshot_lines import CAPTURED, SnapshotStep, snapshot_line


@dataclass(frozen=True)
class SnapshotWatch:
    """What the log has told until `read_to`, in milliseconds since 1970.

    `requested`: the tables of each snapshot that was requested and has not ended, the oldest first. Debezium
    takes one after the other (one thread, `ChangeEventSourceCoordinator.blockingSnapshotExecutor`).
    `reading`: the tables of the snapshot that runs.
    """

    read_to: int = 0
    requested: tuple[tuple[str, ...], ...] = ()
    reading: tuple[str, ...] = ()

    def follow(self, at: int, line: str) -> tuple["SnapshotWatch", Sequence[Seen]]:
        """With one more line, and what it tells of tables. Each line must come once, in order."""
        found = snapshot_line(line)
        if found is None:
            return self, ()
        known, first = replace(self, read_to=max(self.read_to, at)), self.requested[:1]
        match found.step:
            case SnapshotStep.REQUESTED:
                return replace(known, requested=(*self.requested, found.tables)), ()
            case SnapshotStep.TABLES:
                wanted = first[0] if first else CAPTURED
                missing = [table for table in wanted if table not in found.tables]
                return replace(known, reading=found.tables), _seen(Skip.OMITTED, missing)
            case SnapshotStep.COMPLETED:
                ended = replace(known, requested=self.requested[1:], reading=())
                return ended, [
                    *_seen(Skip.OMITTED, self.reading, ended=True),
                    *_seen(Skip.ABORTED, self.reading, ended=True),
                ]
            case SnapshotStep.ABORTED:
                lost = (first[0] if first else self.reading) or CAPTURED
                return replace(known, requested=self.requested[1:], reading=()), _seen(Skip.ABORTED, lost)
            case SnapshotStep.FAILED:
                return replace(known, reading=()), ()
            case SnapshotStep.STREAMING:
                # A start forgets what was requested and not taken: whoever waits for it waits in vain.
                lost = tuple(table for tables in self.requested for table in tables or CAPTURED)
                return replace(known, requested=(), reading=()), _seen(Skip.ABORTED, dict.fromkeys(lost))

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "read_to": self.read_to,
            "requested": [list(tables) for tables in self.requested],
            "reading": list(self.reading),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "SnapshotWatch":
        """The inverse of `to_item`; raises `LookupError`, `TypeError` or `ValueError` for an invalid item."""
        return cls(
            int(item["read_to"]),
            tuple(tuple(map(str, tables)) for tables in item["requested"]),
            tuple(map(str, item["reading"])),
        )


def _seen(kind: Skip, tables: Any, *, ended: bool = False) -> list[Seen]:
    return [Seen(kind, table, ended=ended) for table in tables]
