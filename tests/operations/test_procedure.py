"""The loop over operations: repeats while it has to wait, and no longer than the operation allows."""

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.aws.admin_function import NoFunction
from connector.domain.admin_api import REGISTRATION, TEARDOWN, Answer, Operation, State
from connector.domain.errors import ServerError, WmsError
from connector.operations import procedure
from connector.operations.procedure import Ask, Overdue, Refused, Result, run, until_done
from connector.operations.signs import LINE_SECONDS
from tests.support.simulated_clock import SimulatedClock

WAITING = Answer(State.WAITING, "not yet")
DONE = Answer(State.DONE, "done")

operations = st.sampled_from(Operation)


def from_(answers: Iterator[Answer]) -> Ask:
    return lambda operation: next(answers)


@given(operations, st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=4))
def test_each_new_summary_is_shown_once_and_any_change_counts(
    operation: Operation, waits: list[tuple[str, bool]]
):
    if not operation.policy.wait_seconds:
        waits = []
    answers = [Answer(State.WAITING, summary, changed) for summary, changed in waits]
    shown: list[str] = []
    found = until_done(
        operation, from_(iter([*answers, DONE])), SimulatedClock().as_clock(), shown.append, pause_seconds=1
    )
    assert (found.state, found.summary) == (State.DONE, "done")
    assert found.changed == any(changed for _, changed in waits)
    summaries = [line.removeprefix(f"{operation.value}: ") for line in shown]
    assert all(one != other for one, other in pairwise(summaries))
    assert set(summaries) == {"done"} | {summary for summary, _ in waits}


@given(operations, st.sampled_from([2.0, 5.0, 10.0]))
def test_a_wait_ends_with_the_operations_own_time(operation: Operation, pause: float):
    clock, asked = SimulatedClock(), list[Operation]()

    def ask(wanted: Operation) -> Answer:
        asked.append(wanted)
        return WAITING

    with pytest.raises(Overdue) as caught:
        until_done(operation, ask, clock.as_clock(), lambda line: None, pause_seconds=pause)
    assert caught.value.summary == "not yet"
    seconds = operation.policy.wait_seconds
    assert seconds <= clock.time < seconds + pause
    assert len(asked) == 1 + seconds / pause


@pytest.mark.parametrize("operation", [o for o in Operation if not o.policy.repeatable])
def test_what_may_have_been_done_already_is_asked_for_once(operation: Operation):
    with pytest.raises(Overdue):
        until_done(
            operation, from_(iter([WAITING])), SimulatedClock().as_clock(), lambda line: None, pause_seconds=1
        )


def test_what_was_deleted_adds_up_and_other_details_are_the_last_answers():
    answers = [
        Answer(State.WAITING, "a", details={"deleted": ["x"], "tasks": [0]}),
        Answer(State.DONE, "b", details={"deleted": ["x", "y"], "tasks": [1]}),
    ]
    found = until_done(
        Operation.TEARDOWN_TOPICS, from_(iter(answers)), SimulatedClock().as_clock(), lambda line: None
    )
    assert found.details == {"deleted": ["x", "y"], "tasks": [1]}


def test_a_refusal_ends_it_at_once_and_is_not_shown():
    shown: list[str] = []
    refusal = Answer(State.FAILED, "ORA-01017")
    with pytest.raises(Refused, match="ORA-01017"):
        until_done(Operation.PAUSE, from_(iter([refusal])), SimulatedClock().as_clock(), shown.append)
    assert shown == []


def carry_out(steps: tuple[Operation, ...], ask: Ask, shown: list[str]) -> Result:
    def explain(step: Operation, error: WmsError) -> WmsError:
        return ServerError(f"stopped at {step}: {error}")

    return run(steps, ask, SimulatedClock().as_clock(), shown.append, explain=explain, pause_seconds=2)


@pytest.mark.parametrize("answer", [WAITING, Answer(State.FAILED, "no")], ids=["late", "refused"])
@pytest.mark.parametrize(
    ("steps", "failing"), [(steps, step) for steps in (REGISTRATION, TEARDOWN) for step in steps]
)
def test_a_required_step_stops_its_procedure_and_another_does_not(
    steps: tuple[Operation, ...], failing: Operation, answer: Answer
):
    asked: list[Operation] = []
    shown: list[str] = []

    def ask(operation: Operation) -> Answer:
        asked.append(operation)
        return answer if operation is failing else DONE

    if failing.policy.required:
        with pytest.raises(ServerError, match=f"stopped at {failing}: {answer.summary}"):
            carry_out(steps, ask, shown)
        assert list(dict.fromkeys(asked)) == list(steps[: steps.index(failing) + 1])
        return
    result = carry_out(steps, ask, shown)
    assert list(dict.fromkeys(asked)) == list(steps)
    assert set(result.skipped) == {failing}
    assert set(result.done) == {*steps} - {failing}
    assert [line for line in shown if line.endswith("continuing without this step")]


def test_without_a_function_even_a_step_that_is_not_required_stops_it():
    def ask(operation: Operation) -> Answer:
        raise NoFunction("there is no Lambda x")

    with pytest.raises(NoFunction):
        carry_out((Operation.TEARDOWN_CONNECTOR,), ask, [])


def test_a_request_that_takes_long_is_told_of_while_it_lasts(monkeypatch: pytest.MonkeyPatch):
    """Its own thread waits for the answer and can say nothing."""
    monkeypatch.setattr(procedure, "LINE_SECONDS", 0.02)
    monkeypatch.setattr(procedure, "_SHORTEST_SECONDS", 0.02)
    shown, said = list[str](), threading.Semaphore(0)

    def show(line: str) -> None:
        shown.append(line)
        said.release()

    def ask(operation: Operation) -> Answer:
        assert all(said.acquire(timeout=20) for _ in range(2))
        return DONE

    until_done(Operation.CLUSTER, ask, SimulatedClock().as_clock(), show)
    assert shown[0] == f"{Operation.CLUSTER.value}: 0 s: no answer yet"


@pytest.mark.parametrize("pause", [1.0, 2.0])
def test_two_lines_are_never_more_than_15_seconds_apart(pause: float):
    clock, at = SimulatedClock(), [0.0]
    with pytest.raises(Overdue):
        until_done(
            Operation.READY,
            lambda _: WAITING,
            clock.as_clock(),
            lambda line: at.append(clock.time),
            pause_seconds=pause,
        )
    assert max(later - earlier for earlier, later in pairwise(at)) <= LINE_SECONDS
