"""What was committed against what a consumer finds: lost, twice, out of order, made up. Pure.

Every committed change of a row has a number that counts the changes of that row. A snapshot read shows a
row as it was after some change, and stands for all changes up to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise


class Kind(StrEnum):
    """What a record says of its row."""

    READ = "r"
    INSERT = "c"
    UPDATE = "u"
    DELETE = "d"
    #: The record without a value that follows a delete: it lets a compacted topic forget the key.
    TOMBSTONE = "tombstone"


@dataclass(frozen=True)
class Change:
    """A change that the database has committed. `row` is unique over all tables; `at`: seconds since 1970."""

    topic: str
    row: str
    number: int
    kind: Kind
    at: float = 0.0


@dataclass(frozen=True)
class Found:
    """A record as a consumer that reads committed records finds it, in the order of the topic."""

    topic: str
    row: str
    number: int
    kind: Kind
    at: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """What a fault did to the stream. Each entry names a row and the change."""

    committed: int = 0
    found: int = 0
    lost: Sequence[str] = ()
    twice: Sequence[str] = ()
    order: Sequence[str] = ()
    #: Records of changes that nobody has committed, or that say another kind of change.
    strange: Sequence[str] = ()
    #: Snapshot reads of a row beyond its first.
    reread: Sequence[str] = ()
    #: Longest time between two records, and from a commit to its record, in seconds.
    gap: float = 0.0
    wait: float = 0.0

    @property
    def wrong(self) -> list[str]:
        """What must never be, in words."""
        kinds = {"lost": self.lost, "twice": self.twice, "out of order": self.order, "strange": self.strange}
        return [f"{len(which)} {word}: {_some(which)}" for word, which in kinds.items() if which]

    def cells(self) -> dict[str, str]:
        """The columns of a row of the table."""
        return {
            "committed": str(self.committed),
            "lost": str(len(self.lost)),
            "twice": str(len(self.twice)),
            "order": "kept" if not self.order else f"{len(self.order)} violated",
            "snapshot reads repeated": str(len(self.reread)),
            "longest gap": f"{self.gap:.1f} s",
        }

    def figures(self) -> dict[str, float]:
        """The same for a program."""
        return {
            "committed": self.committed,
            "found": self.found,
            "lost": len(self.lost),
            "twice": len(self.twice),
            "order_violated": len(self.order),
            "strange": len(self.strange),
            "reread": len(self.reread),
            "longest_gap_seconds": round(self.gap, 2),
            "longest_wait_seconds": round(self.wait, 2),
        }


@dataclass
class _Row:
    """What was found of one row, in its order."""

    records: list[tuple[int, Kind]] = field(default_factory=list)

    @property
    def changes(self) -> list[tuple[int, Kind]]:
        """What is no read."""
        return [(number, kind) for number, kind in self.records if kind is not Kind.READ]

    @property
    def reads(self) -> list[int]:
        """The numbers of the reads."""
        return [number for number, kind in self.records if kind is Kind.READ]


def compare(committed: Sequence[Change], found: Sequence[Found]) -> Comparison:
    """Judge what was found against what was committed."""
    wanted: dict[tuple[str, str], dict[int, Kind]] = defaultdict(dict)
    for change in committed:
        wanted[change.topic, change.row][change.number] = change.kind
    seen: dict[tuple[str, str], _Row] = defaultdict(_Row)
    for record in found:
        seen[record.topic, record.row].records.append((record.number, record.kind))
    lost, twice, order, strange, reread = [], [], [], [], []
    for key in {**wanted, **seen}:
        here, row = wanted.get(key, {}), seen.get(key, _Row())
        lost += [f"{key[1]} #{n}" for n in _missing(here, row)]
        twice += [f"{key[1]} #{n}" for n in _repeated(row)]
        order += [f"{key[1]} #{a} before #{b}" for a, b in _disordered(row)]
        strange += [f"{key[1]} #{n} {kind}" for n, kind in _strange(here, row)]
        reread += [f"{key[1]} #{n}" for n in row.reads[1:]]
    return Comparison(
        committed=len(committed),
        found=len(found),
        lost=lost,
        twice=twice,
        order=order,
        strange=strange,
        reread=reread,
        gap=longest_gap(record.at for record in found),
        wait=longest_wait(committed, found),
    )


def seen_by_a_snapshot(committed: Sequence[Change], result: Comparison) -> tuple[Comparison, int]:
    """The same but for changes of rows that were deleted before a new snapshot, and how many these are.

    A new snapshot shows the rows that are there; what was deleted meanwhile nobody can see.
    """
    deleted = {change.row for change in committed if change.kind is Kind.DELETE}
    kept = [change for change in result.lost if change.partition(" ")[0] not in deleted]
    return replace(result, lost=kept), len(result.lost) - len(kept)


def longest_gap(times: Iterable[float]) -> float:
    """The longest time without a record."""
    return max((later - earlier for earlier, later in pairwise(sorted(times))), default=0.0)


def longest_wait(committed: Sequence[Change], found: Sequence[Found]) -> float:
    """The longest time from a commit to its record."""
    at = {(c.topic, c.row, c.number): c.at for c in committed}
    waits = [r.at - at[place] for r in found if (place := (r.topic, r.row, r.number)) in at]
    return max(waits, default=0.0)


def _expected(here: Mapping[int, Kind]) -> Iterable[tuple[int, Kind]]:
    for number, kind in here.items():
        yield number, kind
        if kind is Kind.DELETE:
            yield number, Kind.TOMBSTONE


def _missing(here: Mapping[int, Kind], row: _Row) -> list[int]:
    """A read stands for the changes up to it."""
    there = set(row.changes)
    covered = max(row.reads, default=0)
    return [n for n, kind in _expected(here) if (n, kind) not in there and n > covered]


def _repeated(row: _Row) -> list[int]:
    """Changes that came before, by themselves or in a read."""
    again, known, read = [], set(), 0
    for number, kind in row.records:
        if kind is Kind.READ:
            read = max(read, number)
            continue
        if (number, kind) in known or number <= read:
            again.append(number)
        known.add((number, kind))
    return again


def _disordered(row: _Row) -> list[tuple[int, int]]:
    """Neighbours of which the later has the smaller number; a repetition is counted elsewhere."""
    first = list(dict.fromkeys(row.records))
    return [
        (a[0], b[0]) for a, b in pairwise(first) if a[0] > b[0] or (a[0] == b[0] and a[1] is Kind.TOMBSTONE)
    ]


def _strange(here: Mapping[int, Kind], row: _Row) -> list[tuple[int, str]]:
    known = set(_expected(here))
    made_up = [(n, kind.value) for n, kind in row.changes if (n, kind) not in known]
    return made_up + [(n, Kind.READ.value) for n in row.reads if n not in here]


def _some(which: Sequence[str]) -> str:
    return ", ".join(which[:3]) + (", …" if len(which) > 3 else "")
