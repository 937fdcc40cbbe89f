"""What was skipped is kept until it is acknowledged, however the log is read."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.skipped_changes import FIRST_MS, LONGEST_MS, OVERLAP_MS, SkippedChanges
from connector.domain.health.skipped_lines import Skip
from tests.support import silent_lines as lines

TABLE, OTHER = "WMS.PLAN_BASE_WVR_TBL", "MMDL.PLAN_BASE_WVR_TBL"
EMPTY = SkippedChanges()


def tables(known: SkippedChanges) -> list[tuple[Skip, str]]:
    return [(entry.kind, entry.table) for entry in known.open]


LINES = st.one_of(
    st.builds(lines.unsupported, st.sampled_from([TABLE, OTHER]), st.integers(1, 9)),
    st.builds(lines.truncated, st.sampled_from([TABLE, OTHER]), st.integers(1, 9)),
    st.builds(lines.dropped, st.sampled_from([TABLE, OTHER])),
    st.builds(lines.not_logged, st.sampled_from([TABLE, OTHER])),
    st.builds(lines.gone, st.sampled_from([TABLE, OTHER])),
    st.sampled_from([("ADD"), ("DROP")]).map(
        lambda verb: lines.schema_change(
            "WMS", f"alter table {TABLE} {verb} SUPPLEMENTAL LOG DATA (ALL) COLUMNS"
        )
    ),
    st.just(lines.started()),
    st.builds(lines.requested, st.sampled_from([TABLE, OTHER])),
    st.builds(lines.reading, st.sampled_from([TABLE, OTHER])),
    st.sampled_from([lines.completed(), lines.aborted(), lines.initial_failed()]),
)
#: A log: one event a second.
LOGS = st.lists(LINES, max_size=14).map(lambda found: [(1000 * n, line) for n, line in enumerate(found, 1)])


@given(LOGS, st.lists(st.tuples(st.integers(0, 14), st.integers(0, 5)), max_size=4))
def test_it_does_not_matter_where_checks_cut_the_log_nor_what_they_read_again(
    log: list[tuple[int, str]], cuts: list[tuple[int, int]]
):
    whole = EMPTY.with_lines(log, 99_000)
    known, done = EMPTY, 0
    for cut, again in [*sorted(cuts), (len(log), 0)]:
        known = known.with_lines(log[max(0, done - again) : cut], 1000 * cut)
        done = max(done, cut)
    known = known.with_lines([], 99_000)
    assert {key: (e.kind, e.table) for key, e in known.entries.items()} == {
        key: (e.kind, e.table) for key, e in whole.entries.items()
    }
    # And reading all of it again tells nothing new, after everybody knows.
    acknowledged = whole.acknowledge(())
    assert tables(acknowledged) == []
    assert tables(acknowledged.with_lines(log, 99_000)) == []


@given(LOGS)
def test_nothing_that_the_log_tells_of_a_past_loss_is_forgotten(log: list[tuple[int, str]]):
    """Without an acknowledgement only supplemental logging ends by itself, and what a snapshot repairs."""
    known = EMPTY.with_lines(log, 99_000)
    for part in range(len(log)):
        earlier = EMPTY.with_lines(log[:part], 99_000)
        assert {k for k in earlier.entries if k[0] not in _END} <= set(known.entries)


#: What may end by itself.
_END = (Skip.UNLOGGED, Skip.HIDDEN, Skip.OMITTED, Skip.ABORTED)


@given(LOGS, st.booleans(), st.integers(1, 9))
def test_an_item_gives_back_what_was_written(log: list[tuple[int, str]], mailed: bool, version: int):
    known = EMPTY.with_lines(log, 99_000)
    known = known.as_mailed() if mailed else known.acknowledge((TABLE,))
    for _ in range(version):
        known = known.next()
    item = _as_dynamodb(known.to_item())
    assert SkippedChanges.from_item(item) == known


def _as_dynamodb(value: Any) -> Any:
    """Numbers come back as decimals."""
    if isinstance(value, dict):
        return {key: _as_dynamodb(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_dynamodb(inner) for inner in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("item", [{}, {"version": 3}, {"version": "x", "entries": 1}, {"entries": [{}]}])
def test_a_damaged_item_is_replaced_and_costs_a_repeated_mail_at_most(item: dict[str, Any]):
    known = SkippedChanges.from_item(item)
    assert known.entries == {}
    assert known.version == (3 if item.get("version") == 3 else 0)
    assert known.replaced_version == (("x",) if item.get("version") == "x" else ())


def test_a_restarted_connector_that_reads_old_redo_again_tells_nothing_new():
    first = EMPTY.with_lines([(1, lines.unsupported(TABLE, 100)), (2, lines.unsupported(TABLE, 105))], 9)
    known = first.as_mailed().acknowledge([TABLE])
    again = known.with_lines(
        [(1000, lines.unsupported(TABLE, 100)), (1001, lines.unsupported(TABLE, 105))], 2000
    )
    assert tables(again) == []
    (entry,) = again.with_lines([(3000, lines.unsupported(TABLE, 106))], 4000).unmailed
    assert (entry.first, entry.high) == (3000, 106)


def test_after_an_acknowledgement_a_database_with_smaller_positions_is_heard_too():
    known = EMPTY.with_lines([(1, lines.truncated(TABLE, 900))], 9).as_mailed().acknowledge([])
    assert tables(known.with_lines([(20, lines.truncated(TABLE, 7))], 30)) == [(Skip.TRUNCATED, TABLE)]


def test_what_stands_is_mailed_once_however_often_it_happens():
    known = EMPTY.with_lines([(1, lines.unsupported(TABLE, 1))], 9).as_mailed()
    known = known.with_lines([(20, lines.unsupported(TABLE, 2)), (21, lines.unsupported(OTHER, 3))], 30)
    assert [entry.table for entry in known.unmailed] == [OTHER]
    assert [(entry.table, entry.low, entry.high) for entry in known.open] == [(TABLE, 1, 2), (OTHER, 3, 3)]


def test_supplemental_logging_that_is_repaired_ends_with_the_next_start():
    first = [(10, lines.not_logged(TABLE)), (11, lines.not_logged(OTHER)), (12, lines.started())]
    known = EMPTY.with_lines(first, 50)
    assert tables(known) == [(Skip.UNLOGGED, TABLE), (Skip.UNLOGGED, OTHER)]
    known = known.with_lines([(100, lines.not_logged(OTHER)), (101, lines.started())], 200)
    assert tables(known) == [(Skip.UNLOGGED, OTHER)]
    # A start that did not get as far shows nothing.
    known = known.with_lines([(300, lines.not_logged(OTHER))], 400)
    assert tables(known) == [(Skip.UNLOGGED, OTHER)]


def test_supplemental_logging_that_is_repaired_ends_with_the_statement():
    off = lines.schema_change("WMS", f"ALTER TABLE {TABLE} DROP SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
    on = lines.schema_change("WMS", f"ALTER TABLE {TABLE} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
    known = EMPTY.with_lines([(5, lines.started()), (10, off)], 50)
    assert tables(known) == [(Skip.UNLOGGED, TABLE)]
    assert tables(known.with_lines([(60, on)], 70)) == []
    # Or, if the statement was missed, with the next start, which reports all tables that are not logged.
    assert tables(known.with_lines([(60, lines.started())], 70)) == []


def test_what_is_acknowledged_but_not_repaired_is_not_told_at_each_start():
    known = (
        EMPTY.with_lines([(1, lines.not_logged(TABLE)), (2, lines.started())], 9).as_mailed().acknowledge([])
    )
    known = known.with_lines([(50, lines.not_logged(TABLE)), (51, lines.started())], 60)
    assert tables(known) == []
    # Once repaired, it is news again.
    known = known.with_lines(
        [(70, lines.started()), (80, lines.not_logged(TABLE)), (81, lines.started())], 90
    )
    assert [entry.table for entry in known.unmailed] == [TABLE]


def test_a_dropped_table_that_is_known_is_no_news_at_each_start_but_its_next_drop_is():
    first = [
        (1, lines.renamed(TABLE)),
        (2, lines.dropped(TABLE)),
        (9, lines.gone(TABLE)),
        (10, lines.started()),
    ]
    known = EMPTY.with_lines(first, 20).as_mailed().acknowledge([])
    known = known.with_lines([(30, lines.gone(TABLE)), (31, lines.started())], 40)
    assert tables(known) == []
    assert tables(known.with_lines([(50, lines.dropped(TABLE))], 60)) == [(Skip.DROPPED, TABLE)]


def test_a_table_that_the_start_does_not_see_is_not_called_dropped():
    """The line is the same for a table that is gone and for one whose SELECT right is gone."""
    hidden = EMPTY.with_lines([(1, lines.gone(TABLE)), (2, lines.started())], 20)
    assert tables(hidden) == [(Skip.HIDDEN, TABLE)]
    # Each start tells it again, which is no news.
    known = hidden.as_mailed().acknowledge([])
    assert tables(known.with_lines([(30, lines.gone(TABLE)), (31, lines.started())], 40)) == []
    # A start that does not tell it sees the table.
    seen = hidden.with_lines([(30, lines.started())], 40)
    assert tables(seen) == []
    assert tables(seen.with_lines([(50, lines.gone(TABLE)), (51, lines.started())], 60)) == [
        (Skip.HIDDEN, TABLE)
    ]


def test_a_table_that_was_dropped_is_told_once_and_not_also_as_not_visible():
    known = EMPTY.with_lines([(1, lines.dropped(TABLE)), (9, lines.gone(TABLE)), (10, lines.started())], 20)
    assert tables(known) == [(Skip.DROPPED, TABLE)]
    assert [entry.kind for entry in known.unmailed] == [Skip.DROPPED]


def test_a_check_reads_from_where_the_last_one_ended_and_not_for_ever():
    now = 1_800_000_000.0
    at = int(now * 1000)
    assert EMPTY.since(now) == at - FIRST_MS
    assert EMPTY.with_lines([], at - 600_000).since(now) == at - 600_000 - OVERLAP_MS
    assert EMPTY.with_lines([], 1).since(now) == at - LONGEST_MS
