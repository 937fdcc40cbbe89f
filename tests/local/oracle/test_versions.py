"""Reading the past against a model that keeps every committed state."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.errors import OracleError
from connector.local.oracle.session import OracleSession
from tests.local.oracle.conftest import Clock, ask

State = dict[str, str | None]

#: (session, what, key, value)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["put", "delete", "commit", "rollback", "savepoint", "back"]),
        st.integers(1, 4),
        st.sampled_from(["a", "b", ""]),
    ),
    max_size=40,
)


class Model:
    """What one session sees: the committed rows with its own changes. Sessions use keys of their own."""

    def __init__(self) -> None:
        self.committed: State = {}
        self.own: list[State] = [{}, {}]
        self.saved: list[State | None] = [None, None]

    def step(self, who: int, what: str, key: str, value: str) -> None:
        if what == "put":
            self.own[who][key] = value or None
        elif what == "delete":
            self.own[who].pop(key, None)
        elif what == "savepoint":
            self.saved[who] = dict(self.own[who])
        elif what == "back":
            self.own[who] = dict(self.saved[who] or {})
        else:
            if what == "commit":
                self.committed = {k: v for k, v in self.committed.items() if not k.startswith(str(who + 1))}
                self.committed |= self.own[who]
            self.own[who] = {k: v for k, v in self.committed.items() if k.startswith(str(who + 1))}
            self.saved[who] = None


def do(session: OracleSession, what: str, key: str, value: str) -> None:
    if what == "put":
        if session.execute("UPDATE T SET V = :1 WHERE K = :2", (value, key)) == 0:
            session.execute("INSERT INTO T VALUES (:1, :2)", (key, value))
    elif what == "delete":
        session.execute("DELETE FROM T WHERE K = :1", (key,))
    else:
        words = {
            "commit": "COMMIT",
            "rollback": "ROLLBACK",
            "savepoint": "SAVEPOINT S",
            "back": "ROLLBACK TO S",
        }
        session.execute(words[what])


def state(session: OracleSession, scn: int | None = None) -> State:
    past = "" if scn is None else f" AS OF SCN {scn}"
    return {str(key): value for key, value in ask(session, f"SELECT K, V FROM T{past}")}


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_past_state_stays_readable(steps: list[tuple[int, str, int, str]]):
    with tempfile.TemporaryDirectory() as directory:
        engine = OracleEngine.open(Path(directory), OracleSettings(), Clock())
        sessions = [engine.session("WMS") for _ in range(2)]
        sessions[0].execute("CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9))")
        model, past = Model(), []
        for who, what, number, value in steps:
            if what == "back" and model.saved[who] is None:
                continue
            key = str((who + 1) * 10 + number)
            do(sessions[who], what, key, value)
            model.step(who, what, key, value)
            scn = engine.current_scn()
            past.append((scn, dict(model.committed)))
            for one in (0, 1):
                others = {k: v for k, v in model.committed.items() if not k.startswith(str(one + 1))}
                assert state(sessions[one]) == {**others, **model.own[one]}
        for scn, committed in past:
            assert state(sessions[0], scn) == committed
        engine.close()
        engine = OracleEngine.open(Path(directory), OracleSettings(), Clock())
        reader = engine.session("WMS")
        assert state(reader) == model.committed
        for scn, committed in past:
            assert state(reader, scn) == committed
        engine.close()


def test_the_past_ends(engine: OracleEngine, session: OracleSession, clock: Clock):
    session.execute("CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9))")
    session.execute("INSERT INTO T VALUES (1, 'a')")
    session.commit()
    old = engine.current_scn()
    session.execute("UPDATE T SET V = 'b'")
    session.commit()
    clock.now += 800
    assert state(session, old) == {"1": "a"}
    clock.now += 800
    new = engine.current_scn()
    clock.now += 200
    engine.current_scn()
    with pytest.raises(OracleError, match="ORA-01555: snapshot too old"):
        state(session, old)
    assert state(session, new) == {"1": "b"}


def test_scns_that_cannot_be_read(engine: OracleEngine, session: OracleSession):
    before = engine.current_scn()
    session.execute("CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9))")
    with pytest.raises(OracleError, match="ORA-01466"):
        state(session, before)
    with pytest.raises(OracleError, match="ORA-08181"):
        state(session, engine.current_scn() + 1000)


def test_a_snapshot_holds_while_rows_change(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9))")
    for key in range(3000):
        session.execute("INSERT INTO T VALUES (:1, 'a')", (key,))
    session.commit()
    found = session.snapshot("WMS", "T", ["V", "K"], engine.current_scn(), "K >= 1")
    first = next(found)
    session.execute("DELETE FROM T")
    session.commit()
    assert [first, *found] == [("a", str(key)) for key in range(1, 3000)]


def test_times_and_scns(engine: OracleEngine, clock: Clock):
    first = engine.current_scn()
    start = clock.now
    clock.now += 10
    second = engine.current_scn()
    assert engine.time_of(first) == start
    assert engine.time_of(second) == start + 10
    assert first <= engine.scn_at(start + 9) < second == engine.scn_at(start + 10)
    for wrong in (lambda: engine.scn_at(start - 5), lambda: engine.scn_at(start + 20)):
        with pytest.raises(OracleError, match="ORA-08180"):
            wrong()
    with pytest.raises(OracleError, match="ORA-08181"):
        engine.time_of(second + 1000)
