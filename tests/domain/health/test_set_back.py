"""A database that is behind the connector's position was set back; nothing else looks so."""

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.headroom import judged
from connector.domain.health.observation import Observation
from connector.domain.health.scn import Position, ScnMemory
from connector.domain.health.set_back import scn_behind
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.state import HealthState

NOW = 1_800_000_000.0


def check(known: SkippedChanges, memory: ScnMemory, position: Position, scn: int, now: float = NOW):
    """One check: what is known afterwards, and what the next one remembers."""
    sightings = [(now, scn)]
    return (
        known.with_position(position, memory, sightings, now),
        memory.with_sightings(sightings, now).with_position(position, now),
    )


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12))
def test_no_history_of_a_database_that_goes_forward_is_taken_for_one_that_was_set_back(
    steps: list[tuple[int, int]],
):
    """The database goes on by the first of each pair; the connector reads up to so much behind it."""
    known, memory, scn, position = SkippedChanges(), ScnMemory(), 1000, 1000
    for number, (step, behind) in enumerate(steps):
        scn += step
        position = max(position, scn - behind)
        known, memory = check(known, memory, Position(position), scn, NOW + 600 * number)
        assert known.open == ()


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=6),
    st.integers(0, 4000),
    st.integers(2, 3000),
    st.data(),
)
def test_a_set_back_is_told_by_the_next_check_and_stands(
    before: list[int], held: int, back: int, data: st.DataObject
):
    """Wherever an open transaction holds the position, and however far the database has come since.

    As long as its SCN is below the last one: one that has passed that within one check is not seen.
    """
    known, memory, scn = SkippedChanges(), ScnMemory(), 5000
    for number, step in enumerate(before):
        scn += step
        known, memory = check(known, memory, Position(scn - held), scn, NOW + 600 * number)
    position, scn = scn - held, scn - back
    steps = [data.draw(st.integers(0, back - 1)), *data.draw(st.lists(st.integers(0, 2000), max_size=6))]
    for number, step in enumerate(steps, len(before)):
        scn += step
        position = max(position, scn)
        known, memory = check(known, memory, Position(position), scn, NOW + 600 * number)
        (entry,) = known.open
        assert entry.first == int((NOW + 600 * len(before)) * 1000)
        assert SkippedChanges.from_item(known.to_item()) == known


def test_without_position_or_scn_nothing_is_told_and_an_initial_snapshot_ends_it():
    assert scn_behind(None, ScnMemory(), [(NOW, 5)]) is None
    assert scn_behind(Position(9), ScnMemory(), ()) is None
    assert scn_behind(Position(9), ScnMemory(), [(NOW, 7), (NOW + 1, 9)]) is None
    known, memory = check(SkippedChanges(), ScnMemory(), Position(9), 5)
    assert known.set_back(Position(9))
    assert not known.set_back(Position(10))
    assert not known.acknowledge(()).set_back(Position(9))
    known, memory = check(known, memory, Position(6, begins_again=True), 5)
    assert known.open == ()


def test_what_is_acknowledged_is_news_only_at_another_position():
    known, memory = check(SkippedChanges(), ScnMemory(), Position(900), 700)
    known, memory = check(known.acknowledge(()), memory, Position(900), 750)
    assert known.open == ()
    known, memory = check(known, memory, Position(1500), 1400)
    assert [(entry.low, entry.high) for entry in known.open] == [(1400, 1500)]


def test_the_headroom_says_that_the_scn_went_back():
    memory = ScnMemory().with_sightings([(NOW - 600, 300)], NOW - 600)
    seen = Observation(
        scn_sightings=((NOW, 250),), position=Position(200), health_state=HealthState(scn=memory)
    )
    room = judged(seen, ConnectorSettings(archived_log_hours=2), NOW)
    assert room is not None
    assert (room.minutes, room.gone) == (None, False)
    assert "the database's SCN went back from 300 to 250" in room.text
