"""Probes do not block, delay or fail each other, and each has a time of its own."""

import threading
from collections.abc import Iterator

import pytest

from connector.domain.errors import ServerError
from lambda_src.runtime.probes import Probe, run


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What a probe that hangs waits for; it comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_probe_that_hangs_is_given_up_after_its_own_time_and_the_others_are_seen(never: threading.Event):
    seen, probe_errors = run(
        [
            Probe("hangs", never.wait, 0.05),
            Probe("sees", lambda: "this", 60),
            Probe("hangs too", never.wait, 0.1),
        ]
    )
    assert seen == {"sees": "this"}
    assert {name: reason.startswith("no answer within") for name, reason in probe_errors.items()} == {
        "hangs": True,
        "hangs too": True,
    }


def test_probes_run_at_the_same_time():
    """Each waits for the other two: one after the other, none would ever end."""
    meeting = threading.Barrier(3)
    seen, probe_errors = run([Probe(str(n), lambda: meeting.wait(20) >= 0, 30) for n in range(3)])
    assert (seen, probe_errors) == ({"0": True, "1": True, "2": True}, {})


def test_a_probe_that_another_ones_time_has_passed_is_waited_for(never: threading.Event):
    """A short time of one is not everybody's."""
    gone = threading.Event()

    def after() -> str:
        assert gone.wait(20)
        return "late but in time"

    def hangs() -> None:
        gone.set()
        never.wait()

    seen, probe_errors = run([Probe("short", hangs, 0.01), Probe("long", after, 30)])
    assert (seen, [*probe_errors]) == ({"long": "late but in time"}, ["short"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServerError("the brokers are away"), "the brokers are away"),
        (KeyError("x"), "unexpected KeyError: 'x'"),
    ],
)
def test_a_probe_that_fails_says_why_and_fails_no_other(error: Exception, expected: str):
    def fails() -> None:
        raise error

    assert run([Probe("fails", fails, 30), Probe("sees", lambda: 1, 30)]) == (
        {"sees": 1},
        {"fails": expected},
    )


def test_no_probes_see_nothing():
    assert run([]) == ({}, {})
