"""Registration asks step by step, waits with a deadline, and says why it gave up."""

from collections.abc import Mapping

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.admin import REGISTRATION, Answer, Operation, State
from connector.domain.errors import DeadlineExceeded, ServerError
from hooks.register import DEADLINES, Clock, RegisterConnector, register
from tests.support.fake_aws import FakeConnection, FakeStack


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


class SimulatedClock:
    def __init__(self) -> None:
        self.time = 0.0

    def as_clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_every_step_is_asked_in_order_and_repeated_while_it_waits():
    admin, shown = Admin(), list[str]()
    register(admin, SimulatedClock().as_clock(), shown.append)
    assert list(dict.fromkeys(admin.asked)) == list(REGISTRATION)
    assert admin.asked.count(Operation.READY) == 3
    assert shown.count("ready: 0 of 1 tasks run") == 1


def test_a_refusal_ends_registration_with_its_own_words():
    admin = Admin(validate=Answer(State.FAILED, "ORA-01017: invalid username/password"))
    with pytest.raises(ServerError, match="failed at validate: ORA-01017"):
        register(admin, SimulatedClock().as_clock(), print)
    assert Operation.REGISTER not in admin.asked


def test_a_wait_without_end_ends_at_the_deadline_with_the_last_state():
    clock = SimulatedClock()
    admin = Admin(verify=Answer(State.WAITING, "task RUNNING, source not connected"))
    with pytest.raises(DeadlineExceeded, match="source not connected"):
        register(admin, clock.as_clock(), print)
    assert clock.time < sum(DEADLINES.values())


def test_the_hook_invokes_the_stages_own_lambda_and_reports_changes():
    seen: list[Mapping[str, object]] = []

    def invoke(payload: Mapping[str, object]) -> object:
        seen.append(payload)
        return Answer(State.DONE, "fine", changed=payload["operation"] == "register").to_payload()

    connection = FakeConnection.ready()
    connection.invoke = invoke
    RegisterConnector(None, FakeStack("main/connector", "wms-connector-main", connection)).run()
    assert [payload["operation"] for payload in seen] == [o.value for o in REGISTRATION]


def test_a_crash_of_the_lambda_names_its_log_group():
    connection = FakeConnection.ready()
    connection.invoke = lambda _: RuntimeError("boom")
    hook = RegisterConnector(None, FakeStack("main/connector", "wms-connector-main", connection))
    with pytest.raises(SceptreException, match="/aws/lambda/wms-connector-main-connect-admin"):
        hook.run()
