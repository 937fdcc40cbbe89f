"""The comparison itself: the rows of the source and the last state that the topic has of each key. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from connector.domain.reconcile.digests import RowState, different
from connector.domain.reconcile.keys import shown

#: How many keys of each kind a report shows for one table.
KEYS_SHOWN = 10


@dataclass
class TableReport:
    """What was found in one table, in keys.

    `missing`: in the source, and not alive on the topic. `ghosts`: alive on the topic, and not in the source.
    `unjudged`: in the source, and not on what the topic still has: its record may have been older.
    `columns`: in how many different rows each column differs. `keys`: kind -> the first keys of it.
    """

    equal: int = 0
    different: int = 0
    missing: int = 0
    ghosts: int = 0
    unjudged: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many keys could be judged."""
        return self.equal + self.different + self.missing + self.ghosts

    @property
    def wrong(self) -> int:
        """How many keys are not on the topic as the source has them."""
        return self.different + self.missing + self.ghosts

    @property
    def repairable(self) -> int:
        """How many of these the source can be asked for again."""
        return self.different + self.missing

    def note(self, kind: str, key: str) -> None:
        """Count a key, and keep it if it is among the first."""
        setattr(self, kind, getattr(self, kind) + 1)
        first = self.keys.setdefault(kind, [])
        if len(first) < KEYS_SHOWN:
            first.append(key)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "TableReport":
        """The inverse of `to_json`."""
        return cls(**content)


@dataclass(frozen=True)
class Sides:
    """One bucket of one table: key -> the row in the source, and the newest state that the topic has of it.

    `whole`: the topic still has its first record, so a key that is not on it never was. `columns` are the
    lists of columns that digests name by number, `null` is the hash of a column without a value.
    """

    source: Mapping[str, RowState]
    topic: Mapping[str, RowState]
    whole: bool
    columns: Sequence[Sequence[str]]
    null: str


def compare(sides: Sides, report: TableReport, only: Collection[str] = ()) -> list[str]:
    """Add what is found to `report`; the keys that the source can be asked for again.

    `only`: the keys to judge, as people write them (`shown`); none: all.
    """
    repairable: list[str] = []
    for key, (_, row) in sides.source.items():
        if only and shown(key) not in only:
            continue
        _, there = sides.topic.get(key, (0, None))
        if row is None or there is None:
            # A deletion on the topic is a judgement, too: the key was there and is not any more.
            kind = "missing" if sides.whole or key in sides.topic else "unjudged"
            report.note(kind, key)
        elif names := different(row, there, sides.columns, sides.null):
            kind = "different"
            report.note(kind, key)
            for name in names:
                report.columns[name] = report.columns.get(name, 0) + 1
        else:
            report.equal += 1
            continue
        if kind != "unjudged":
            repairable.append(key)
    for key, (_, last) in sides.topic.items():
        if last is not None and key not in sides.source and (not only or shown(key) in only):
            report.note("ghosts", key)
    return repairable


def share(reports: Mapping[str, TableReport]) -> tuple[int, int]:
    """How many keys could be judged, and of how many."""
    judged = sum(report.judged for report in reports.values())
    return judged, judged + sum(report.unjudged for report in reports.values())
