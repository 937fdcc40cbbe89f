"""What a snapshot leaves out, or does not end, is told of each of its tables; a good one ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.skipped_lines import Skip
from connector.domain.health.snapshot_lines import (
    CAPTURED,
    SNAPSHOT_WORDS,
    SnapshotLine,
    SnapshotStep,
    snapshot_line,
)
from tests.support import silent_lines as lines

FIRST, SECOND, *_, LAST = CAPTURED
SUBSETS = st.lists(st.sampled_from(CAPTURED), unique=True, min_size=1).map(tuple)


def found(*told: str) -> list[tuple[Skip, str]]:
    known = SkippedChanges().with_lines([(n, line) for n, line in enumerate(told, 1)], 99)
    return [(entry.kind, entry.table) for entry in known.open]


@given(SUBSETS, st.sampled_from(["WMSPDB1", "wms.example", "ORCL"]))
def test_a_line_names_its_tables_whatever_the_database_is_called(tables: tuple[str, ...], database: str):
    in_order = tuple(table for table in CAPTURED if table in tables)
    assert snapshot_line(lines.requested(*tables)) == SnapshotLine(SnapshotStep.REQUESTED, in_order)
    assert snapshot_line(lines.reading(*tables, database=database)) == SnapshotLine(
        SnapshotStep.TABLES, in_order
    )


def test_each_line_has_one_of_the_texts_that_are_looked_for():
    told = (lines.requested(FIRST), lines.reading(FIRST), lines.completed(), lines.aborted())
    assert [any(words in line for words in SNAPSHOT_WORDS) for line in told] == [True] * 4
    assert snapshot_line(lines.completed().replace("INFO", "ERROR")) is None
    assert snapshot_line(f"{lines.unsupported(FIRST)} Snapshot completed [x]") is None
    # Another table whose name begins in the same way is none of ours.
    assert snapshot_line(lines.reading(f"{FIRST}_OLD")) == SnapshotLine(SnapshotStep.TABLES)


@given(SUBSETS, st.booleans())
def test_what_the_first_snapshot_or_a_requested_one_does_not_read_is_told(
    read: tuple[str, ...], requested: bool
):
    told = found(*([lines.requested(*CAPTURED)] if requested else []), lines.reading(*read))
    assert told == sorted((Skip.OMITTED, table) for table in CAPTURED if table not in read) or set(told) == {
        (Skip.OMITTED, table) for table in CAPTURED if table not in read
    }


def test_a_requested_snapshot_of_one_table_leaves_out_none():
    assert found(lines.requested(LAST), lines.reading(LAST), lines.completed()) == []


def test_a_good_snapshot_of_the_table_ends_what_one_had_left_out_or_lost():
    left_out = (lines.reading(*CAPTURED[:-1]), lines.completed())
    assert found(*left_out) == [(Skip.OMITTED, LAST)]
    lost = (lines.requested(LAST), lines.reading(LAST), lines.aborted())
    assert found(*left_out, *lost) == [(Skip.OMITTED, LAST), (Skip.ABORTED, LAST)]
    good = (lines.requested(LAST), lines.reading(LAST), lines.completed())
    assert found(*left_out, *lost, *good) == []
    # One of another table does not.
    other = (lines.requested(FIRST), lines.reading(FIRST), lines.completed())
    assert found(*left_out, *lost, *other) == [(Skip.OMITTED, LAST), (Skip.ABORTED, LAST)]


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        ((lines.requested(FIRST, LAST), lines.aborted()), {FIRST, LAST}),
        ((lines.requested(LAST), lines.reading(LAST), lines.aborted()), {LAST}),
        # The worker ended, and the new one streams.
        ((lines.requested(LAST), lines.reading(LAST), lines.started()), {LAST}),
        ((lines.requested(FIRST), lines.requested(LAST), lines.started()), {FIRST, LAST}),
        # They run one after the other.
        (
            (
                lines.requested(FIRST),
                lines.requested(LAST),
                lines.reading(FIRST),
                lines.completed(),
                lines.reading(LAST),
                lines.aborted(),
            ),
            {LAST},
        ),
        # A start repeats the initial one.
        ((lines.reading(*CAPTURED), lines.initial_failed(), lines.started()), set()),
        ((lines.reading(*CAPTURED), lines.completed(), lines.started()), set()),
        ((lines.requested(FIRST),), set()),
    ],
)
def test_a_requested_snapshot_that_fails_or_ends_with_its_task_is_told(told: tuple[str, ...], lost: set[str]):
    assert set(found(*told)) == {(Skip.ABORTED, table) for table in lost}


def test_a_long_snapshot_is_followed_over_many_checks():
    known = SkippedChanges().with_lines([(1000, lines.requested(LAST)), (1001, lines.reading(LAST))], 2000)
    for at in range(3000, 9000, 1000):
        known = SkippedChanges.from_item(known.to_item()).with_lines([], at)
    (entry,) = known.with_lines([(9500, lines.aborted())], 10_000).open
    assert (entry.kind, entry.table, entry.first) == (Skip.ABORTED, LAST, 9500)


def test_an_item_of_the_version_before_is_read():
    item = SkippedChanges().with_lines([(1, lines.truncated(FIRST))], 9).to_item()
    del item["snapshots"]
    assert [entry.table for entry in SkippedChanges.from_item(item).open] == [FIRST]


@given(SUBSETS)
def test_the_snapshot_of_a_comparison_is_none_of_the_stages(read: tuple[str, ...]):
    """It reads the tables that somebody chose, and a requested one that waits has not ended with it."""
    told = [lines.reading(*read), lines.completed(), lines.aborted(), lines.initial_failed()]
    foreign = [line.replace("[wms-oracle-cdc|", "[wms-reconciler|") for line in told]
    assert foreign != told
    assert [snapshot_line(line) for line in foreign] == [None] * 4
    assert found(lines.requested(LAST), *foreign) == []
