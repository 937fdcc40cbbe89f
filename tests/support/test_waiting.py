"""Waiting ends with the first true answer, or at the limit with what was waited for."""

import pytest

from tests.support.simulated_clock import SimulatedClock
from tests.support.waiting import wait_for


def test_the_first_true_answer_ends_it() -> None:
    clock, answers = SimulatedClock(), iter([None, 0, "here", "later"])
    found = wait_for(lambda: next(answers), "it", 60, every=2, now=lambda: clock.time, sleep=clock.sleep)
    assert (found, clock.time) == ("here", 4)


def test_at_the_limit_it_says_what_did_not_come_true() -> None:
    clock = SimulatedClock()
    with pytest.raises(AssertionError, match="not within 10 s: a worker answers"):
        wait_for(lambda: False, "a worker answers", 10, every=1, now=lambda: clock.time, sleep=clock.sleep)
    assert clock.time == 10


def test_an_error_that_means_not_yet_is_ignored_and_no_other() -> None:
    clock, refusals = SimulatedClock(), [ConnectionRefusedError(), ConnectionRefusedError()]

    def ask() -> bool:
        if refusals:
            raise refusals.pop()
        return True

    assert wait_for(ask, "an answer", every=1, ignore=OSError, now=lambda: clock.time, sleep=clock.sleep)
    refusals.append(ConnectionRefusedError())
    with pytest.raises(ConnectionRefusedError):
        wait_for(ask, "an answer", every=1, ignore=ValueError, now=lambda: clock.time, sleep=clock.sleep)
