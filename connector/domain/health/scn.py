"""The connector's position in Oracle's redo log, and how old it is. Pure.

Oracle counts changes with the system change number (SCN). The function has no driver to ask the database when
it had an SCN. So the health check remembers what the database's SCN was at its checks, and dates the position
that Connect has stored by that. A position that this does not date has an unknown age.

Sources: Debezium 3.6.1.Final has `CurrentScn` in the streaming MBean
(BufferedLogMinerStreamingChangeEventSource). Its offset has `scn`, `snapshot_scn`, `snapshot` and
`snapshot_completed` (OracleOffsetContext). An offset as it was observed with that version:
`{"scn": "2000203", "snapshot_scn": "2000041", "commit_scn": "2000211:1:050026000e040000", …}`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

#: How many readings are kept at most: 1000 take about 30 KB of the 400 KB that an item of DynamoDB may have.
#: Beyond that the age of a position that has stood still is too large by about 1 % (seen in a simulation).
READINGS_KEPT = 1000
#: How many readings are kept before the one that dates the position, in case the position goes back a little.
_BEFORE_POSITION = 2
#: By how much the clocks of two runs of the function may differ, in seconds.
_SKEW_SECONDS = 60
#: Debezium's words for a snapshot that a restart begins again (`SnapshotType`). A snapshot of another type
#: was requested while the connector streamed, and a restart continues from `scn`.
_INITIAL = ("INITIAL", "INITIAL_ONLY")


@dataclass(frozen=True)
class Reading:
    """The database's current SCN was `scn` at some moment from `after` to `by`, in seconds since 1970.

    `after` is None where nobody knows since when: only that the SCN was reached by then.
    """

    scn: int
    after: int | None
    by: int


@dataclass(frozen=True)
class Position:
    """What Connect has stored for the connector: from where a start reads the redo log.

    `scn` is None where nothing is stored, or something without an SCN. `begins_again`: a start makes the
    initial snapshot, which needs no redo log from before. While that snapshot runs, its SCN is the position.
    """

    scn: int | None = None
    begins_again: bool = False


@dataclass(frozen=True)
class Age:
    """How old a position is, in seconds: at least and at most. `most` is None where there is no bound.

    A position is as old as the first change after it, which is the first that a start must read.
    """

    least: float = 0.0
    most: float | None = None


def position_in(offsets: Sequence[Mapping[str, Any]], server: str) -> Position:
    """The position in the answer of `GET /connectors/NAME/offsets`, for the `topic.prefix` `server`.

    Nothing is stored before the first snapshot has written a record. Of several partitions of the server the
    oldest position counts.
    """
    stored = [
        pair.get("offset") or {}
        for pair in offsets
        if (pair.get("partition") or {}).get("server", server) == server
    ]
    found = [_position(offset) for offset in stored if offset]
    if not found:
        return Position(begins_again=True)
    known = [each for each in found if each.scn is not None]
    return min(known, key=lambda each: each.scn or 0) if known else found[0]


def _position(offset: Mapping[str, Any]) -> Position:
    initial = offset.get("snapshot") in _INITIAL and offset.get("snapshot_completed") is not True
    scn = _scn(offset.get("scn"))
    snapshot_scn = _scn(offset.get("snapshot_scn"))
    if initial and snapshot_scn is not None:
        scn = snapshot_scn
    return Position(scn, initial)


def _scn(value: Any) -> int | None:
    """Debezium writes SCNs as text; it reads numbers of older versions too (OracleOffsetContext)."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found > 0 else None


@dataclass(frozen=True)
class ScnMemory:
    """What checks remember of the database's SCN, bounded; as one attribute of the health state."""

    #: In the order in which they were made, which is the order of their SCNs too.
    readings: tuple[Reading, ...] = ()
    #: When the MBean's value was seen last, and the value.
    seen: tuple[int, int] | None = None
    #: When the position was read last, and its SCN.
    position: tuple[int, int] | None = None

    def went_back(self, sightings: Sequence[tuple[float, int]]) -> tuple[int, int] | None:
        """The SCN at the check before and now, if it is smaller now: the database was restored."""
        if self.seen is None or not sightings or sightings[0][1] >= self.seen[1]:
            return None
        return self.seen[1], sightings[0][1]

    def with_sightings(self, sightings: Sequence[tuple[float, int]], now: float) -> "ScnMemory":
        """With what one check has seen of the MBean: when it asked, and the value; oldest first.

        Debezium sets the value once in each iteration and keeps it while an iteration hangs. So a value may
        be older than the moment at which it was seen. It was read from the database after the value before it
        was seen for the last time. Of one check the newest reading is kept.
        """
        memory = self._of_this_clock(now)
        for at, scn in sightings:
            memory = memory.saw(int(at), scn, _up(now))
        return memory

    def with_snapshot(self, scn: int, since: float, now: float) -> "ScnMemory":
        """With the SCN of an initial snapshot that runs, and that did not start before `since`.

        Debezium reads it from the database after the snapshot has started (AbstractSnapshotChangeEventSource:
        `snapshotStarted` comes before `determineSnapshotOffset`).
        """
        if not self._older_than(scn):
            return self
        return replace(self, readings=(*self.readings, Reading(scn, int(since), _up(now))))

    def with_position(self, position: Position, now: float) -> "ScnMemory":
        """With the position that was read now; readings that date only older ones are forgotten."""
        scn = position.scn
        if scn is None:
            return replace(self, position=None)
        dating = [number for number, reading in enumerate(self.readings) if reading.scn <= scn]
        first = max(0, dating[-1] - _BEFORE_POSITION) if dating else 0
        stored = None if position.begins_again else (int(now), scn)
        return replace(self, readings=self.readings[first:], position=stored)

    def bounded(self, now: float, limit: int = READINGS_KEPT) -> "ScnMemory":
        """With at most `limit` readings: those go first that leave the smallest gap for the gap's age."""
        readings = list(self.readings)
        while len(readings) > limit:
            gaps = {
                number: _gap(readings[number - 1], readings[number + 1], now)
                for number in range(1, len(readings) - 1)
            }
            del readings[min(gaps, key=lambda number: gaps[number])]
        return replace(self, readings=tuple(readings))

    def age(self, scn: int, now: float) -> Age:
        """How old a position is: as old as the newest reading that it has passed, at most."""
        passed = [r.after for r in self.readings if r.scn <= scn and r.after is not None and r.after <= now]
        ahead = [r.by for r in self.readings if r.scn > scn]
        return Age(
            max(0.0, now - min(ahead)) if ahead else 0.0,
            now - max(passed) if passed else None,
        )

    def _of_this_clock(self, now: float) -> "ScnMemory":
        """Without what a clock wrote that was ahead of this one."""
        if self.seen is not None and self.seen[0] > now + _SKEW_SECONDS:
            return ScnMemory(position=self.position)
        return self

    def saw(self, at: int, scn: int, by: int) -> "ScnMemory":
        """With one sighting: asked `at`, known `by`."""
        if self.seen is None or scn < self.seen[1]:
            # The first sighting; or the database was restored, and what is remembered is of another past.
            after = None if self.seen is None else self.seen[0]
            kept = self.readings if self.seen is None and self._older_than(scn) else ()
            return replace(self, readings=(*kept, Reading(scn, after, by)), seen=(at, scn))
        if scn == self.seen[1]:
            return replace(self, seen=(at, scn))
        # One reading of a check is enough: the newest.
        kept = tuple(reading for reading in self.readings if reading.by < by or reading.scn < self.seen[1])
        return replace(self, readings=(*kept, Reading(scn, self.seen[0], by)), seen=(at, scn))

    def _older_than(self, scn: int) -> bool:
        return all(reading.scn < scn for reading in self.readings)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "readings": [[reading.scn, reading.after, reading.by] for reading in self.readings],
            "seen": None if self.seen is None else list(self.seen),
            "position": None if self.position is None else list(self.position),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "ScnMemory":
        """The inverse of `to_item`; raises `LookupError`, `TypeError` or `ValueError` for an invalid item."""
        return cls(
            tuple(
                Reading(int(scn), None if after is None else int(after), int(by))
                for scn, after, by in item["readings"]
            ),
            _pair(item["seen"]),
            _pair(item["position"]),
        )


def _up(now: float) -> int:
    return math.ceil(now)


def _pair(value: Any) -> tuple[int, int] | None:
    return None if value is None else (int(value[0]), int(value[1]))


def _gap(before: Reading, after: Reading, now: float) -> float:
    """How uncertain a position between two readings is, as a share of how old it is."""
    if before.after is None:
        return math.inf
    return (after.by - before.after) / max(1.0, now - after.by)
