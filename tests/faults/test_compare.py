"""The comparison notices each way in which a stream can be wrong, one at a time."""

from dataclasses import replace

import pytest

from tests.faults.compare import Change, Comparison, Found, Kind, compare, seen_by_a_snapshot

KINDS = (Kind.INSERT, Kind.UPDATE, Kind.UPDATE, Kind.DELETE)
COMMITTED = [Change("t", row, n, kind, at=100.0 + n) for row in "ab" for n, kind in enumerate(KINDS, 1)]


def as_found() -> list[Found]:
    """What a consumer finds when all is well."""
    found = []
    for change in COMMITTED:
        found.append(Found("t", change.row, change.number, change.kind, change.at + 0.5))
        if change.kind is Kind.DELETE:
            found.append(Found("t", change.row, change.number, Kind.TOMBSTONE, change.at + 0.5))
    return found


def test_a_stream_as_it_must_be_has_nothing_wrong() -> None:
    result = compare(COMMITTED, as_found())
    assert result.wrong == []
    assert result.reread == []
    assert (result.committed, result.found) == (8, 10)


@pytest.mark.parametrize("place", range(10))
def test_each_lost_record_is_noticed_the_tombstone_too(place: int) -> None:
    found = as_found()
    gone = found.pop(place)
    result = compare(COMMITTED, found)
    assert result.lost == [f"{gone.row} #{gone.number}"]
    assert (result.twice, result.order, result.strange) == ([], [], [])


@pytest.mark.parametrize("place", range(10))
@pytest.mark.parametrize("later", [1, 3])
def test_each_repeated_record_is_noticed_wherever_it_stands(place: int, later: int) -> None:
    found = as_found()
    found.insert(place + later, found[place])
    result = compare(COMMITTED, found)
    assert result.twice == [f"{found[place].row} #{found[place].number}"]
    assert (result.lost, result.order, result.strange) == ([], [], [])


@pytest.mark.parametrize("place", [0, 1, 2, 3, 5, 6, 7, 8])
def test_each_swapped_pair_of_one_row_is_noticed(place: int) -> None:
    found = as_found()
    found[place], found[place + 1] = found[place + 1], found[place]
    result = compare(COMMITTED, found)
    assert result.order
    assert (result.lost, result.twice, result.strange) == ([], [], [])


def test_rows_among_each_other_have_no_order() -> None:
    found = as_found()
    assert compare(COMMITTED, [*found[5:], *found[:5]]).wrong == []


@pytest.mark.parametrize(
    "made_up",
    [Found("t", "a", 5, Kind.UPDATE), Found("t", "c", 1, Kind.READ), Found("t", "c", 1, Kind.INSERT)],
)
def test_what_nobody_has_committed_is_noticed(made_up: Found) -> None:
    assert len(compare(COMMITTED, [*as_found(), made_up]).strange) == 1


def test_another_kind_of_change_than_the_committed_one_is_noticed() -> None:
    found = as_found()
    found[1] = replace(found[1], kind=Kind.INSERT)
    result = compare(COMMITTED, found)
    assert (len(result.lost), len(result.strange)) == (1, 1)


def test_a_snapshot_read_stands_for_what_was_before_it_and_for_nothing_after_it() -> None:
    found = [Found("t", "a", 2, Kind.READ), *(f for f in as_found() if f.row == "b" or f.number > 2)]
    assert compare(COMMITTED, found).wrong == []
    assert compare(COMMITTED, [f for f in found if (f.row, f.number) != ("a", 3)]).lost == ["a #3"]


def test_a_repeated_snapshot_read_is_counted_and_is_nothing_wrong() -> None:
    read = Found("t", "a", 2, Kind.READ)
    result = compare(COMMITTED, [read, read, *(f for f in as_found() if f.row == "b" or f.number > 2)])
    assert (result.wrong, result.reread) == ([], ["a #2"])


def test_a_change_that_comes_again_after_a_read_of_it_is_noticed() -> None:
    assert compare(COMMITTED, [Found("t", "a", 2, Kind.READ), *as_found()]).twice == ["a #1", "a #2"]


def test_a_read_of_what_is_older_than_what_came_before_is_noticed() -> None:
    found = [*as_found()[:2], Found("t", "a", 1, Kind.READ), *as_found()[2:]]
    assert compare(COMMITTED, found).order == ["a #2 before #1"]


def test_gap_and_wait_are_the_longest_ones() -> None:
    found = [replace(f, at=f.at + 10) if (f.row, f.number) == ("b", 4) else f for f in as_found()]
    result = compare(COMMITTED, found)
    assert result.wait == 10.5
    assert result.gap == 10


def test_what_is_wrong_is_reported_in_words_and_in_columns() -> None:
    result: Comparison = compare(COMMITTED, as_found()[1:])
    assert result.wrong == ["1 lost: a #1"]
    assert result.cells()["lost"] == "1"
    assert result.figures()["lost"] == 1


def test_what_a_new_snapshot_cannot_show_is_told_apart_from_what_it_should() -> None:
    committed = [*COMMITTED, Change("t", "c", 1, Kind.INSERT)]
    result = compare(committed, [])
    kept, gone = seen_by_a_snapshot(committed, result)
    deleted = {change.row for change in committed if change.kind is Kind.DELETE}
    assert {lost.partition(" ")[0] for lost in kept.lost} == {c.row for c in committed} - deleted
    assert gone + len(kept.lost) == len(result.lost)
    assert gone > 0
