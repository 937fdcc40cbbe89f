"""Waiting with a deadline, on a simulated clock."""

from hypothesis import given
from hypothesis import strategies as st

from lambda_src.runtime.deadline import Deadline
from tests.support.simulated_clock import SimulatedClock


def deadline(clock: SimulatedClock, within: float) -> Deadline:
    return Deadline(within, lambda: clock.time, clock.sleep)


@given(st.integers(0, 50), st.integers(1, 5), st.integers(0, 60), st.integers(0, 60))
def test_polling_answers_the_first_value_that_will_do_or_the_last_within_the_time(
    ready: int, every: int, at_most: int, left: int
):
    clock, asked = SimulatedClock(), 0

    def probe() -> int:
        nonlocal asked
        asked += 1
        return asked - 1

    value = deadline(clock, left).poll(probe, lambda value: value >= ready, every=every, at_most=at_most)
    assert value == asked - 1
    limit = min(at_most, left)
    if value >= ready:
        assert value == ready
        assert clock.time <= limit + every
    else:
        assert limit <= clock.time < limit + every


def test_a_value_that_will_do_at_once_is_not_waited_for():
    clock = SimulatedClock()
    assert deadline(clock, 0).poll(lambda: 7, lambda _: True, every=1, at_most=10) == 7
    assert clock.time == 0
