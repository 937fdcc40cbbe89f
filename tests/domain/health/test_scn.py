"""The position in an offset, what is remembered of the database's SCN, and the age that follows."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.scn import Age, Position, Reading, ScnMemory, position_in

#: As Connect answered for Debezium 3.6.1.Final while it streamed.
STREAMING = {
    "commit_scn": "2000211:1:050026000e040000",
    "txSeq": 1,
    "txId": "0500210009040000",
    "snapshot_scn": "2000041",
    "scn": "2000203",
}
NO_SCN: tuple[Any, ...] = ("", "x", None, -1, 0, [])
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (STREAMING, Position(2000203)),
        ({"scn": 2000203}, Position(2000203)),
        (
            {"snapshot": "INITIAL", "snapshot_completed": False, "scn": "7", "snapshot_scn": "9"},
            Position(9, begins_again=True),
        ),
        ({"snapshot": "INITIAL", "snapshot_completed": False}, Position(None, begins_again=True)),
        ({"snapshot": "INITIAL", "snapshot_completed": True, "scn": "9", "snapshot_scn": "9"}, Position(9)),
        (
            {"snapshot": "BLOCKING", "snapshot_completed": False, "scn": "50", "snapshot_scn": "9"},
            Position(50),
        ),
        ({"lsn": 7}, Position(None)),
        *(({"scn": wrong}, Position(None)) for wrong in NO_SCN),
    ],
)
def test_the_position_is_where_a_start_reads_on(offset: dict[str, Any], expected: Position):
    assert position_in([{"partition": {"server": "wms"}, "offset": offset}], "wms") == expected


def test_without_an_offset_of_the_server_a_start_begins_with_the_snapshot():
    other = {"partition": {"server": "x.wms"}, "offset": STREAMING}
    for offsets in ([], [other], [{"partition": {"server": "wms"}, "offset": None}]):
        assert position_in(offsets, "wms") == Position(None, begins_again=True)


def test_of_several_partitions_the_oldest_position_counts():
    pairs = [{"partition": {"server": "wms"}, "offset": {"scn": scn}} for scn in ("30", "20", None, "40")]
    assert position_in(pairs, "wms") == Position(20)


def test_a_position_is_dated_by_the_newest_reading_that_it_has_passed():
    memory = ScnMemory((Reading(10, None, 100), Reading(20, 150, 160), Reading(30, 250, 260)))
    assert memory.age(5, 1000) == Age(900, None)
    # SCN 10 was seen, but nobody knows since when it was the database's.
    assert memory.age(10, 1000) == Age(840, None)
    assert memory.age(20, 1000) == Age(740, 850)
    assert memory.age(35, 1000) == Age(0, 750)


def test_nothing_is_known_without_a_reading_or_by_one_of_the_future():
    assert ScnMemory().age(5, 1000) == Age(0, None)
    assert ScnMemory((Reading(1, 2000, 2001),)).age(5, 1000) == Age(0, None)


def test_a_clock_that_was_ahead_is_not_believed():
    memory = ScnMemory().with_sightings([(5000, 10), (5001, 11)], 5002)
    assert memory.with_sightings([(1000, 20)], 1002) == ScnMemory((Reading(20, None, 1002),), (1000, 20))


def test_a_database_that_went_back_is_of_another_past():
    memory = ScnMemory().with_sightings([(100, 50), (101, 51)], 102)
    assert memory.went_back([(200, 51), (201, 52)]) is None
    assert memory.went_back([]) is None
    assert memory.went_back([(200, 40)]) == (51, 40)
    # The value was not yet there when 51 was seen for the last time.
    assert memory.with_sightings([(200, 40)], 201).readings == (Reading(40, 101, 201),)


def test_a_check_leaves_one_reading_however_often_it_has_looked():
    memory = ScnMemory().with_sightings([(100, 50), (101, 51), (102, 51), (103, 53)], 104)
    assert memory.readings == (Reading(53, 102, 104),)
    assert memory.with_sightings([(200, 53)], 201).readings == memory.readings


def test_the_scn_of_a_snapshot_is_remembered_once_and_only_if_it_is_the_newest():
    memory = ScnMemory().with_snapshot(50, 99.5, 160).with_snapshot(50, 99.4, 760)
    assert memory.readings == (Reading(50, 99, 160),)
    assert memory.with_snapshot(40, 800, 900) == memory


checks = st.lists(st.tuples(st.integers(60, 1200), st.integers(1, 10**7)), min_size=1, max_size=200)


@given(checks, st.integers(20, 40))
def test_what_is_remembered_is_bounded_and_dates_old_positions_by_a_share_of_their_age(
    steps: list[tuple[int, int]], limit: int
):
    """A position that stands still for years keeps every reading since; they thin out with their age."""
    memory, now, scn = ScnMemory(), NOW, 1000
    moments: list[tuple[float, int]] = []
    for seconds, grown in steps:
        now, scn = now + seconds, scn + grown
        memory = memory.with_sightings([(now, scn)], now).bounded(now, limit)
        moments.append((now, scn))
        assert len(memory.readings) <= limit
        assert [r.scn for r in memory.readings] == sorted({r.scn for r in memory.readings})
    longest = max(seconds for seconds, _ in steps)
    for at, each in moments[1:]:
        age = memory.age(each, now)
        assert age.most is not None
        assert age.least <= now - at <= age.most
        # As exact as two checks, or as a share of the age: the more is kept, the smaller it is.
        assert age.most - (now - at) <= 2 * longest + (now - at) * 20 / limit


@given(checks)
def test_with_room_for_all_no_reading_is_lost(steps: list[tuple[int, int]]):
    memory, now, scn = ScnMemory(), NOW, 1000
    for seconds, grown in steps:
        now, scn = now + seconds, scn + grown
        memory = memory.with_sightings([(now, scn)], now).bounded(now)
    assert len(memory.readings) == len(steps)


readings = st.lists(
    st.builds(Reading, st.integers(1, 10**15), st.none() | st.integers(0, 10**10), st.integers(0, 10**10)),
    max_size=5,
)


@given(readings, st.none() | st.tuples(st.integers(0, 10**10), st.integers(1, 10**15)))
def test_what_is_remembered_comes_back_from_the_table(found: list[Reading], pair: tuple[int, int] | None):
    memory = ScnMemory(tuple(found), pair, pair)
    item = memory.to_item()
    as_dynamodb = {
        "readings": [[None if v is None else Decimal(v) for v in each] for each in item["readings"]],
        "seen": None if pair is None else [Decimal(v) for v in pair],
        "position": item["position"],
    }
    assert ScnMemory.from_item(as_dynamodb) == memory


def test_the_item_of_a_position_that_never_moves_stays_far_below_what_dynamodb_takes():
    memory, now, scn = ScnMemory(), NOW, 10**14
    for _ in range(1500):
        now, scn = now + 600, scn + 10**6
        memory = memory.with_sightings([(now, scn)], now).bounded(now)
    assert len(memory.readings) == 1000
    assert len(str(memory.to_item())) < 100_000
