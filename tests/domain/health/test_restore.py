"""What a change of the connector's position means, and what refuses it."""

from connector.domain.health.restore import Known, restoring
from connector.domain.health.scn import Position, Reading, ScnMemory

NOW, MINUTE = 1_800_000_000, 60
#: The database was at SCN 100 an hour ago, and at 200 now.
MEMORY = ScnMemory((Reading(100, NOW - 3600, NOW - 3590), Reading(200, NOW - 60, NOW)), seen=(NOW, 200))


def test_going_back_sends_twice_and_going_on_loses():
    back = restoring(Position(150), Position(120), Known(MEMORY, 24, NOW))
    assert "from SCN 150 to 120: the changes between are sent a second time" in back.meaning
    assert "kept for 1380 more minutes" in back.meaning
    assert (back.refusal, back.doubt) == ("", "")
    ahead = restoring(Position(120), Position(150), Known(MEMORY, 24, NOW))
    assert "the changes between never reach a topic" in ahead.meaning


def test_a_position_whose_log_is_deleted_is_refused():
    told = restoring(Position(150), Position(50), Known(ScnMemory((Reading(100, None, NOW - 7200),)), 1, NOW))
    assert told.refusal.startswith("the archived log of SCN 50 is deleted: it is at least 120 minutes old")


def test_a_position_ahead_of_the_database_is_refused_where_that_is_known():
    running = restoring(Position(150), Position(211), Known(MEMORY, 24, NOW, scn=210))
    assert running.refusal == "SCN 211 is ahead of the database's, which is 210"
    # Since the last check the database has gone on: its SCN then refuses nothing.
    assert restoring(Position(150), Position(205), Known(MEMORY, 24, NOW, scn=210)).refusal == ""
    assert restoring(Position(205), Position(203), Known(MEMORY, 24, NOW)).refusal == ""
    stopped = restoring(Position(150), Position(205), Known(MEMORY, 24, NOW))
    assert (stopped.refusal, "ahead of all that is known" in stopped.doubt) == ("", True)


def test_what_nobody_knows_is_said_with_the_query_for_the_dba():
    for hours, memory in ((0, MEMORY), (24, ScnMemory())):
        told = restoring(Position(150), Position(120), Known(memory, hours, NOW))
        assert told.refusal == ""
        assert told.doubt.startswith("nobody knows whether the redo log of SCN 120 is still there")
        assert "WHERE 120 BETWEEN FIRST_CHANGE# AND NEXT_CHANGE#" in told.doubt


def test_a_position_within_the_initial_snapshot_starts_it_again():
    told = restoring(Position(150), Position(120, begins_again=True), Known(MEMORY, 24, NOW))
    assert "begins with the initial snapshot" in told.meaning
