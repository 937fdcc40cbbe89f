"""REGISTRATION: one request answers as the six steps do, and ends where one of them is not done."""

from dataclasses import replace

import pytest

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from lambda_src.connect_admin.registration.together import LEAST_SECONDS, together
from lambda_src.runtime.deadline import Deadline
from lambda_src.session import Session
from tests.lambda_src.conftest import FakeStage


def steps(answer: Answer) -> dict[str, Answer]:
    """The answers of the steps, as the caller reads them."""
    return {name: Answer.from_payload(given) for name, given in answer.details["steps"].items()}


def test_it_answers_what_the_steps_answer_one_by_one(world: FakeStage) -> None:
    first = steps(world.ask(Operation.REGISTRATION))
    one_by_one = [world.ask(operation) for operation in REGISTRATION]
    second = world.ask(Operation.REGISTRATION)
    assert [first[step.value].changed for step in REGISTRATION] == [False, True, False, True, False, True]
    assert list(steps(second)) == [step.value for step in REGISTRATION]
    summaries = [answer.summary for answer in one_by_one]
    assert [answer.summary for answer in steps(second).values()] == summaries
    assert not second.changed


def test_it_ends_with_the_first_step_that_is_not_done(world: FakeStage) -> None:
    world.connect.invalid = {"database.hostname": "is not right"}
    given = steps(world.ask(Operation.REGISTRATION))
    assert list(given) == ["ready", "topics", "validate"]
    assert given["validate"].state is State.FAILED


def test_a_record_must_be_younger_than_the_change_of_the_same_request(world: FakeStage) -> None:
    since = dict[Operation, float]()

    def do(step: Operation, session: Session) -> Answer:
        since[step] = session.since
        changed = step is Operation.REGISTER
        return Answer(State.DONE, "fine", changed=changed, details={"at": 1234.5} if changed else {})

    together(world.session(), do)
    assert since[Operation.READY] == 0
    assert since[Operation.VERIFY] == 1234.5


@pytest.mark.parametrize("taken", [0.0, 3.0, 30.0])
def test_a_step_is_begun_only_with_the_time_that_it_would_have_by_itself(
    world: FakeStage, taken: float
) -> None:
    now = [0.0]
    session = replace(world.session(), deadline=Deadline(46.0, now=lambda: now[0]))
    left: list[float] = []

    def do(_step: Operation, session: Session) -> Answer:
        left.append(session.deadline.left)
        now[0] += taken
        return Answer(State.DONE, "fine")

    together(session, do)
    assert all(each >= LEAST_SECONDS for each in left)
    assert len(left) == (len(REGISTRATION) if not taken else 3 if taken == 3.0 else 1)
