"""Open transactions: what each changed, which rows it holds, and how it is undone."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

#: A change of a row as four numbers in a transaction's list: table, row, the version before and the one
#: after.
WIDTH: Final = 4


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction as V$TRANSACTION shows it. `start_time` is in seconds since 1970."""

    xid: bytes
    start_scn: int
    start_time: float
    changes: int
    user: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """One change of one row. `before` is 0 for an insert, `after` is 0 for a delete."""

    object_id: int
    row: int
    before: int
    after: int


@dataclass(slots=True)
class Transaction:
    """An open transaction. Its number is its START_SCN; a change costs 32 bytes of memory."""

    number: int
    user: str
    start_time: float
    changes: array[int] = field(default_factory=lambda: array("q"))
    savepoints: dict[str, int] = field(default_factory=dict)
    tables: set[int] = field(default_factory=set)
    #: Rows that SELECT … FOR UPDATE holds: (object id, row).
    locks: set[tuple[int, int]] = field(default_factory=set)
    #: Tables that LOCK TABLE holds exclusively.
    exclusive: set[int] = field(default_factory=set)
    waits_for: int = 0
    #: START is in redo.
    started: bool = False

    @property
    def count(self) -> int:
        return len(self.changes) // WIDTH

    def note(self, object_id: int, row: int, before: int, after: int) -> None:
        self.changes.extend((object_id, row, before, after))

    def back_to(self, count: int) -> Iterator[RowChange]:
        """The changes after the first `count`, the last one first. The list ends at `count` afterwards."""
        for place in range(self.count - 1, count - 1, -1):
            yield RowChange(*self.changes[place * WIDTH : place * WIDTH + WIDTH])
        del self.changes[count * WIDTH :]

    def all(self) -> Iterator[RowChange]:
        """The changes in order."""
        for place in range(self.count):
            yield RowChange(*self.changes[place * WIDTH : place * WIDTH + WIDTH])
