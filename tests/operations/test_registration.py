"""Registration asks step by step, waits with a deadline, and says why it gave up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from connector.domain.admin_api import REGISTRATION, Answer, Operation, Request, State
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.stage.stage import Stage
from connector.operations import registration
from connector.operations.registration import at_once, check_cluster, register
from tests.support.fake_aws import FakeAws
from tests.support.simulated_clock import SimulatedClock


class Admin:
    """Answers `waiting` a number of times, then as told."""

    def __init__(self, **last: Answer) -> None:
        self.asked: list[Operation] = []
        self.waits = {Operation.READY: 2}
        self.last = last

    def __call__(self, operation: Operation) -> Answer:
        self.asked.append(operation)
        if self.waits.get(operation, 0) > 0:
            self.waits[operation] -= 1
            return Answer(State.WAITING, "0 of 1 tasks run")
        return self.last.get(operation.value, Answer(State.DONE, "as wanted"))


def test_every_step_is_asked_in_order_and_repeated_while_it_waits():
    admin, shown = Admin(), list[str]()
    register(admin, SimulatedClock().as_clock(), shown.append)
    assert list(dict.fromkeys(admin.asked)) == list(REGISTRATION)
    assert admin.asked.count(Operation.READY) == 3
    assert shown.count("ready: 0 of 1 tasks run") == 1


def test_a_refusal_ends_registration_with_its_own_words():
    admin, shown = Admin(validate=Answer(State.FAILED, "ORA-01017: invalid username/password")), list[str]()
    with pytest.raises(ServerError, match="registration failed at validate: ORA-01017"):
        register(admin, SimulatedClock().as_clock(), shown.append)
    assert Operation.REGISTER not in admin.asked
    assert not [line for line in shown if "ORA-01017" in line], "it is told once, as the error"
    assert "topics: as wanted" in shown


def test_a_wait_without_end_ends_at_the_deadline_with_the_last_state():
    clock = SimulatedClock()
    admin = Admin(verify=Answer(State.WAITING, "task RUNNING, source not connected"))
    with pytest.raises(
        DeadlineExceeded,
        match="timed out at verify after 300 s: task RUNNING, source not connected. .* launch again",
    ):
        register(admin, clock.as_clock(), print)
    assert clock.time < sum(step.policy.wait_seconds for step in REGISTRATION)


def test_brokers_that_do_not_answer_stop_a_launch_before_any_worker_with_a_line_every_15_seconds():
    clock, shown = SimulatedClock(), list[str]()
    unreachable = Answer(State.WAITING, "the brokers do not answer a connection: timed out")
    with pytest.raises(ServerError, match="before any worker was started or replaced: the brokers do not"):
        check_cluster(Admin(cluster=unreachable), clock.as_clock(), shown.append)
    assert shown == [
        f"cluster: {unreachable.summary}",
        f"cluster: 14 s: {unreachable.summary}",
        f"cluster: 28 s: {unreachable.summary}",
    ]
    assert clock.time <= 32


def test_the_record_that_proves_a_changed_connector_must_be_younger_by_the_functions_own_clock(
    monkeypatch: pytest.MonkeyPatch,
):
    """The caller's clock may differ from those of workers and brokers."""
    asked: list[Request] = []

    def invoke_once(_port: object, _function: str, request: Request) -> Answer:
        asked.append(request)
        changed = request.operation is Operation.REGISTER
        return Answer(State.DONE, "as wanted", changed=changed, details={"at": 1234.5} if changed else {})

    monkeypatch.setattr(registration, "invoke_once", invoke_once)
    clock = SimulatedClock().as_clock()
    ask = registration.invoker(FakeAws(), Stage.parse("main"), clock, print)
    register(ask, clock, print)
    assert {request.since for request in asked if request.operation is Operation.VERIFY} == {1234.5}
    assert {request.since for request in asked if request.operation is not Operation.VERIFY} == {0}
    (verify,) = (request for request in asked if request.operation is Operation.VERIFY)
    assert Request.from_payload(verify.to_payload()).since == 1234.5


class Together(Admin):
    """Answers the request for all steps with the given ones, and each step as `Admin` does."""

    def __init__(self, **steps: Answer) -> None:
        super().__init__()
        self.waits = {}
        details = {"steps": {name: answer.to_payload() for name, answer in steps.items()}}
        self.last = {"registration": Answer(State.DONE, "all", details=details)}


FINE = Answer(State.DONE, "fine at once")


def test_what_was_not_answered_together_is_asked_for_by_itself():
    admin, shown = Together(ready=FINE, topics=FINE), list[str]()
    register(at_once(admin, shown.append), SimulatedClock().as_clock(), shown.append)
    rest = [Operation.VALIDATE, Operation.REGISTER, Operation.VERIFY, Operation.RECORD]
    assert admin.asked == [Operation.REGISTRATION, *rest]
    assert shown[:2] == ["ready: fine at once", "topics: fine at once"]


def test_a_refusal_among_the_answers_ends_the_launch_and_is_not_asked_for_again():
    """A second validation would be a second login."""
    admin = Together(ready=FINE, topics=FINE, validate=Answer(State.FAILED, "ORA-01017"))
    with pytest.raises(ServerError, match="registration failed at validate: ORA-01017"):
        register(at_once(admin, print), SimulatedClock().as_clock(), print)
    assert admin.asked == [Operation.REGISTRATION]


def test_a_wait_among_the_answers_goes_on_by_itself():
    admin, shown = Together(ready=Answer(State.WAITING, "0 of 1 tasks run")), list[str]()
    register(at_once(admin, shown.append), SimulatedClock().as_clock(), shown.append)
    assert admin.asked == [Operation.REGISTRATION, *REGISTRATION]
    assert shown.count("ready: 0 of 1 tasks run") == 1


def test_a_right_that_aws_denies_is_left_to_the_request_that_waits_for_it():
    denied = Answer(State.FAILED, "AccessDenied", denied=True)
    admin = Together(ready=FINE, topics=denied)
    register(at_once(admin, print), SimulatedClock().as_clock(), print)
    assert admin.asked[:2] == [Operation.REGISTRATION, Operation.TOPICS]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(State.FAILED, "the request names no known operation"),
        Answer(State.DONE, "all", details={"steps": {"ready": {"nonsense": 1}}}),
        Answer(State.WAITING, "the admin Lambda is not ready yet"),
    ],
)
def test_a_function_that_does_not_know_the_request_is_asked_step_by_step(answer: Answer):
    admin = Together()
    admin.last = {"registration": answer}
    register(at_once(admin, print), SimulatedClock().as_clock(), print)
    assert admin.asked == [Operation.REGISTRATION, *REGISTRATION]


def test_a_request_that_takes_long_is_said_to_be_under_way(monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []

    @contextmanager
    def repeated(line: Callable[[float], str], show: Callable[[str], object]) -> Iterator[None]:
        show(line(15))
        yield

    monkeypatch.setattr(registration, "repeated", repeated)
    register(at_once(Admin(), seen.append), SimulatedClock().as_clock(), seen.append)
    assert seen[0] == "registration: 15 s: no answer yet"


def test_the_moment_of_a_change_made_together_goes_with_a_later_look(monkeypatch: pytest.MonkeyPatch):
    asked: list[Request] = []
    changed = Answer(State.DONE, "created", changed=True, details={"at": 1234.5})
    given = {"ready": FINE, "topics": FINE, "validate": FINE, "register": changed}
    together = {"steps": {name: answer.to_payload() for name, answer in given.items()}}

    def invoke_once(_port: object, _function: str, request: Request) -> Answer:
        asked.append(request)
        details = together if request.operation is Operation.REGISTRATION else {}
        return Answer(State.DONE, "as wanted", details=details)

    monkeypatch.setattr(registration, "invoke_once", invoke_once)
    clock = SimulatedClock().as_clock()
    ask = registration.invoker(FakeAws(), Stage.parse("main"), clock, print, desired=2, confirmed=("x",))
    register(at_once(ask, print), clock, print)
    first, verify = asked[0], asked[1]
    assert (first.desired_count, first.launch, first.confirmed) == (2, True, ("x",))
    assert (verify.operation, verify.since) == (Operation.VERIFY, 1234.5)
