import threading

import pytest

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.errors import OracleError
from connector.local.oracle.session import OracleSession
from tests.local.oracle.conftest import ask


@pytest.fixture
def other(engine: OracleEngine, session: OracleSession) -> OracleSession:
    session.execute("CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9) UNIQUE)")
    session.execute("INSERT INTO T VALUES (1, 'a')")
    session.execute("INSERT INTO T VALUES (2, 'b')")
    session.commit()
    return engine.session("WMS")


def test_a_held_row_is_waited_for_and_then_refused(session: OracleSession, other: OracleSession):
    session.execute("UPDATE T SET V = 'x' WHERE K = 1")
    for statement in (
        "UPDATE T SET V = 'y' WHERE K = 1",
        "DELETE FROM T",
        "INSERT INTO T VALUES (3, 'x')",
        "SELECT * FROM T WHERE K = 1 FOR UPDATE",
    ):
        with pytest.raises(OracleError, match="ORA-00054"):
            other.execute(statement)
    assert other.execute("UPDATE T SET V = 'z' WHERE K = 2") == 1
    assert ask(other, "SELECT V FROM T ORDER BY K") == [("a",), ("z",)]


def test_a_statement_that_the_driver_cancels_while_it_waits_ends_as_such(
    session: OracleSession, other: OracleSession
):
    session.engine.alter(lock_wait_seconds=None)
    session.execute("UPDATE T SET V = 'x' WHERE K = 1")
    other.timeout = 0.05
    with pytest.raises(OracleError, match="ORA-01013"):
        other.execute("UPDATE T SET V = 'y' WHERE K = 1")


def test_a_statement_goes_on_with_the_new_row_when_the_other_commits(
    session: OracleSession, other: OracleSession
):
    """It waits without end, as in Oracle."""
    session.engine.alter(lock_wait_seconds=OracleSettings().lock_wait_seconds)
    session.execute("UPDATE T SET V = 'x' WHERE K = 1")
    changed: list[int] = []
    waiting = threading.Thread(
        target=lambda: changed.append(int(str(other.execute("DELETE FROM T WHERE V = 'a'"))))
    )
    waiting.start()
    while not any(found.waits_for for found in list(session.engine.transactions.values())):
        pass
    session.commit()
    waiting.join(20)
    assert changed == [0]
    other.rollback()
    assert ask(session, "SELECT COUNT(*) FROM T") == [("2",)]


def test_a_circle_of_waiting_ends(session: OracleSession, other: OracleSession):
    session.engine.alter(lock_wait_seconds=30)
    session.execute("UPDATE T SET V = 'x' WHERE K = 1")
    other.execute("UPDATE T SET V = 'y' WHERE K = 2")

    def wait() -> None:
        other.execute("UPDATE T SET V = 'v' WHERE K = 1")

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not any(found.waits_for for found in list(session.engine.transactions.values())):
        pass
    with pytest.raises(OracleError, match="ORA-00060"):
        session.execute("UPDATE T SET V = 'x' WHERE K = 2")
    session.rollback()
    waiting.join(20)
    assert not waiting.is_alive()


def test_rows_held_for_update_are_free_after_the_end(session: OracleSession, other: OracleSession):
    assert ask(session, "SELECT V FROM T WHERE K = 1 FOR UPDATE") == [("a",)]
    with pytest.raises(OracleError, match="ORA-00054"):
        other.execute("UPDATE T SET V = 'z' WHERE K = 1")
    session.rollback()
    assert other.execute("UPDATE T SET V = 'z' WHERE K = 1") == 1


def test_a_statement_is_whole_or_nothing(session: OracleSession, other: OracleSession):
    with pytest.raises(OracleError, match="ORA-00001"):
        session.execute("UPDATE T SET K = 7")
    assert ask(session, "SELECT K FROM T ORDER BY K") == [("1",), ("2",)]
    assert session.execute("UPDATE T SET K = K + 1") == 2
    assert ask(session, "SELECT K FROM T ORDER BY K") == [("2",), ("3",)]
    assert ask(other, "SELECT K FROM T ORDER BY K") == [("1",), ("2",)]


def test_savepoints_have_names(session: OracleSession, other: OracleSession):
    session.savepoint("A")
    session.execute("DELETE FROM T WHERE K = 1")
    session.savepoint("B")
    session.execute("DELETE FROM T")
    session.rollback("A")
    with pytest.raises(OracleError, match="ORA-01086"):
        session.rollback("B")
    assert ask(session, "SELECT COUNT(*) FROM T") == [("2",)]


def test_a_closed_session_is_rolled_back(session: OracleSession, other: OracleSession):
    other.execute("DELETE FROM T")
    other.close()
    assert session.execute("DELETE FROM T") == 2


def test_changes_of_many_threads_are_all_there(
    engine: OracleEngine, session: OracleSession, other: OracleSession
):
    engine.alter(lock_wait_seconds=60)
    session.execute("CREATE TABLE N (K NUMBER PRIMARY KEY, V NUMBER(9))")
    session.execute("INSERT INTO N VALUES (1, 0)")
    session.commit()

    def count() -> None:
        mine = engine.session("WMS")
        for _ in range(50):
            mine.execute("UPDATE N SET V = V + 1")
            mine.commit()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ask(session, "SELECT V FROM N") == [("200",)]


def test_long_statements_and_their_rollback(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE L (K NUMBER PRIMARY KEY, V NUMBER)")
    table = engine.dictionary.table("WMS", "L")
    session.insert_rows(table, [session.full_row(table, {"K": key, "V": key}) for key in range(1700)])
    session.commit()
    assert session.execute("UPDATE L SET V = -V") == 1700
    assert session.execute("UPDATE L SET V = V - 1 WHERE K < 900") == 900
    assert session.execute("DELETE FROM L WHERE K >= 1000") == 700
    total = ask(session, "SELECT COUNT(*), MIN(V), MAX(V) FROM L")
    assert total == [("1000", "-999", "-1")]
    session.rollback()
    assert ask(session, "SELECT COUNT(*), MIN(V), MAX(V) FROM L") == [("1700", "0", "1699")]
    session.execute("UPDATE L SET V = -V")
    session.execute("DELETE FROM L WHERE K >= 1000")
    before = engine.current_scn()
    session.commit()
    assert ask(session, f"SELECT COUNT(*), MAX(V) FROM L AS OF SCN {before}") == [("1700", "1699")]
    assert ask(engine.session("WMS"), "SELECT COUNT(*), MAX(V) FROM L") == [("1000", "0")]
