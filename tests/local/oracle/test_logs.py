from pathlib import Path

import pytest

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.session import OracleSession
from tests.local.oracle.conftest import Clock, redo_texts


def fill(session: OracleSession, count: int) -> None:
    for _ in range(count):
        session.execute("INSERT INTO T VALUES (1)")
        session.commit()


def test_a_switch_archives_and_leaves_no_gap(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE T (A NUMBER)")
    for _ in range(5):
        fill(session, 1)
        engine.switch_log()
    online, archived = engine.logs.online(), engine.logs.archived()
    assert [log.status for log in online] == ["INACTIVE", "ACTIVE", "CURRENT"]
    assert [log.group for log in online] == [1, 2, 3]
    assert [log.sequence for log in archived] == [1, 2, 3, 4, 5]
    everything = [*archived, online[-1]]
    assert [log.next_change for log in everything[:-1]] == [log.first_change for log in everything[1:]]
    for row in engine.redo(0, engine.current_scn()):
        log = next(log for log in everything if log.sequence == row.sequence)
        assert log.first_change <= row.scn < (log.next_change or row.scn + 1)


def test_a_full_log_is_switched(tmp_path: Path):
    engine = OracleEngine.open(tmp_path, OracleSettings(log_bytes=2000))
    session = engine.session("WMS")
    session.execute("CREATE TABLE T (A NUMBER)")
    fill(session, 20)
    assert len(engine.logs.archived()) >= 4
    assert all(log.used < 2700 for log in engine.logs.archived())
    before = redo_texts(engine)
    engine.close()
    engine = OracleEngine.open(tmp_path, OracleSettings(log_bytes=2000))
    assert redo_texts(engine) == before
    engine.close()


def test_deleted_logs_take_their_redo_when_the_group_is_used_again(
    engine: OracleEngine, session: OracleSession
):
    session.execute("CREATE TABLE T (A NUMBER)")
    fill(session, 1)
    engine.switch_log()
    whole = len(redo_texts(engine))
    assert [log.sequence for log in engine.delete_archived(through_sequence=1)] == [1]
    (gone,) = engine.logs.archived()
    assert (gone.deleted, gone.archived_name) == (True, None)
    assert len(redo_texts(engine)) == whole
    for _ in range(3):
        engine.switch_log()
    assert redo_texts(engine) == []


def test_a_copy_that_was_deleted_while_its_group_holds_the_log_can_come_back(
    engine: OracleEngine, session: OracleSession
):
    session.execute("CREATE TABLE T (A NUMBER)")
    engine.switch_log()
    (before,) = engine.logs.archived()
    engine.delete_archived()
    engine.logs.restore_archived()
    assert engine.logs.archived() == [before]


def test_retention_deletes_by_time(engine: OracleEngine, session: OracleSession, clock: Clock):
    engine.alter(archive_retention_seconds=3600)
    session.execute("CREATE TABLE T (A NUMBER)")
    engine.switch_log()
    clock.now += 3000
    engine.switch_log()
    assert [log.deleted for log in engine.logs.archived()] == [False, False]
    clock.now += 700
    engine.current_scn()
    assert [log.deleted for log in engine.logs.archived()] == [True, False]


@pytest.mark.parametrize("archiving", [True, False])
def test_without_archiving_an_overwritten_log_is_gone(
    engine: OracleEngine, session: OracleSession, archiving: bool
):
    engine.alter(archivelog=archiving)
    session.execute("CREATE TABLE T (A NUMBER)")
    for _ in range(3):
        engine.switch_log()
    assert bool(redo_texts(engine)) == archiving
    assert bool(engine.logs.archived()) == archiving
