"""A denial right after a change of rights passes by itself; any other denial is final at once."""

import datetime as dt
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from connector.domain.admin_api import Answer, Operation, State
from connector.operations.new_rights import GRACE_SECONDS, repeat_denied, seconds_since_change
from connector.operations.procedure import Ask
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws
from tests.support.simulated_clock import SimulatedClock

DENIED = Answer(
    State.FAILED,
    "AWS refused writing the stage record: AccessDeniedException: may not perform dynamodb:PutItem",
    denied=True,
)
DONE = Answer(State.DONE, "done")
INVOKE = refuse("Invoke", "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


class Lambda:
    """Answers each denial in turn, then that it is done; keeps the time of each request."""

    def __init__(self, clock: SimulatedClock, denials: Iterator[Answer | ClientError]) -> None:
        self._clock, self._denials = clock, denials
        self.asked: list[float] = []

    def __call__(self, operation: Operation) -> Answer:
        self.asked.append(self._clock.time)
        outcome = next(self._denials, DONE)
        if isinstance(outcome, ClientError):
            raise outcome
        return outcome


def patient(clock: SimulatedClock, ask: Ask, since: float | None, shown: list[str] | None = None) -> Ask:
    return repeat_denied(ask, lambda: since, clock.as_clock(), (shown if shown is not None else []).append)


@pytest.mark.parametrize("denial", [DENIED, INVOKE], ids=["by another service", "by Lambda itself"])
def test_a_denial_that_passes_is_waited_for_and_shown_once(denial: Answer | ClientError):
    clock, shown = SimulatedClock(), list[str]()
    ask = Lambda(clock, iter([denial] * 3))
    assert patient(clock, ask, 0.0, shown)(Operation.RECORD) == DONE
    assert ask.asked == [0, 2, 4, 6]
    assert shown == ["record: waiting until AWS applies the rights that were just changed"]


@pytest.mark.parametrize(
    ("since", "waited"),
    [(0.0, GRACE_SECONDS), (None, GRACE_SECONDS), (20.0, GRACE_SECONDS - 20), (30.0, 0), (9999.0, 0)],
)
def test_a_denial_is_final_half_a_minute_after_the_rights_were_changed(since: float | None, waited: float):
    clock = SimulatedClock()
    ask = Lambda(clock, iter([DENIED] * 99))
    answer = patient(clock, ask, since)(Operation.RECORD)
    assert (answer.state, clock.time) == (State.FAILED, waited)
    assert "dynamodb:PutItem" in answer.summary


def test_a_denied_invocation_is_raised_as_it_came_after_that_time():
    clock = SimulatedClock()
    with pytest.raises(ClientError, match="lambda:InvokeFunction"):
        patient(clock, Lambda(clock, iter([INVOKE] * 99)), 0.0)(Operation.READY)
    assert clock.time == GRACE_SECONDS


def test_the_time_counts_once_for_all_requests_of_a_launch():
    clock = SimulatedClock()
    ask = patient(clock, Lambda(clock, iter([DENIED] * 99)), 0.0)
    ask(Operation.READY)
    ask(Operation.TOPICS)
    assert clock.time == GRACE_SECONDS


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(State.FAILED, "the cluster is val's"),
        Answer(State.WAITING, "starting"),
        refuse("Invoke", "TooManyRequestsException", "Rate exceeded"),
    ],
)
def test_what_is_no_denial_is_not_repeated(outcome: Answer | ClientError):
    clock = SimulatedClock()
    ask = patient(clock, Lambda(clock, iter([outcome])), 0.0)
    if isinstance(outcome, ClientError):
        with pytest.raises(ClientError, match="Rate exceeded"):
            ask(Operation.READY)
    else:
        assert ask(Operation.READY) == outcome
    assert clock.time == 0


def test_the_rights_changed_when_the_stacks_newest_event_was():
    aws = FakeAws()
    aws.events = [{"Timestamp": NOW - dt.timedelta(seconds=s)} for s in (7, 60)]
    assert seconds_since_change(aws, "wms-functions-main", NOW) == 7
    behind = NOW - dt.timedelta(seconds=9)
    assert seconds_since_change(aws, "wms-functions-main", behind) == 0, "this machine's clock is behind"


def test_a_time_that_cannot_be_read_is_not_known():
    aws = FakeAws()
    assert seconds_since_change(aws, "wms-functions-main", NOW) is None
    aws.deny("cloudformation", "describe_stack_events", refuse("DescribeStackEvents", "AccessDenied", "no"))
    assert seconds_since_change(aws, "wms-functions-main", NOW) is None
