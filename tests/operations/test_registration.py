"""Registration asks step by step, waits with a deadline, and says why it gave up."""

import pytest

from connector.domain.admin_api import REGISTRATION, Answer, Operation, Request, State
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.stage.stage import Stage
from connector.operations import registration
from connector.operations.registration import check_cluster, register
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
