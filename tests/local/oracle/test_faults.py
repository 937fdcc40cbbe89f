"""What a test lets go wrong, and how often."""

import threading
import time

import pytest

from connector.local.oracle.errors import Disconnect, OracleError
from connector.local.oracle.faults import CONNECT, Fault, Faults


def test_a_fault_strikes_where_it_is_told_and_as_often() -> None:
    faults = Faults()
    faults.add(Fault(at="v$thread", code=942, times=2))
    assert faults.take("SELECT 1 FROM DUAL") is None
    assert faults.take(CONNECT) is None
    for _ in range(2):
        struck = faults.take("SELECT * FROM V$THREAD")
        assert struck is not None
        with pytest.raises(OracleError, match="ORA-00942: table or view does not exist"):
            faults.strike(struck)
    assert faults.take("SELECT * FROM V$THREAD") is None


def test_a_fault_of_the_login_does_not_strike_at_a_statement() -> None:
    faults = Faults()
    faults.add(Fault(at=CONNECT, code=1017, text="ORA-01017: invalid username/password; logon denied"))
    assert faults.take("alter session set container=CONNECT") is None
    assert faults.take(CONNECT) is not None


def test_a_lost_connection_has_no_words() -> None:
    with pytest.raises(Disconnect):
        Faults().strike(Fault(at="x", drop=True))


def test_a_silence_longer_than_the_statement_may_last_is_its_cancelling() -> None:
    with pytest.raises(OracleError, match="ORA-01013") as caught:
        Faults().strike(Fault(at="x", hang=30), timeout=0.05)
    assert caught.value.code == 1013


def test_clearing_ends_a_silence_and_tells_how_often_each_fault_was_seen() -> None:
    faults = Faults()
    faults.add(Fault(at="x", hang=60))
    struck = faults.take("x")
    assert struck is not None
    began = time.monotonic()
    waiting = threading.Thread(target=faults.strike, args=(struck,))
    waiting.start()
    ended: list[dict[str, object]] = []
    while waiting.is_alive():
        ended += faults.clear()
        waiting.join(0.05)
    assert time.monotonic() - began < 30
    assert [one["seen"] for one in ended] == [1]


def test_a_fault_that_waits_for_rows_strikes_while_they_are_fetched_only() -> None:
    faults = Faults()
    faults.add(Fault(at="AS OF SCN", code=1555, text="snapshot too old", after_rows=5))
    assert faults.take('SELECT "A" FROM "S"."T" AS OF SCN 5') is None
    assert faults.take('SELECT "A" FROM "S"."T" AS OF SCN 5', rows=True) is not None
