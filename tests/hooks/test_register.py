"""Registration asks step by step, waits with a deadline, and says why it gave up."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.admin_calls import Clock
from connector.domain.admin import REGISTRATION, Answer, Operation, State
from connector.domain.errors import DeadlineExceeded, ServerError
from hooks.register import CheckCluster, RegisterConnector, check_cluster, register
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
    admin, shown = Admin(validate=Answer(State.FAILED, "ORA-01017: invalid username/password")), list[str]()
    with pytest.raises(ServerError, match="registration failed at validate: ORA-01017"):
        register(admin, SimulatedClock().as_clock(), shown.append)
    assert Operation.REGISTER not in admin.asked
    assert not [line for line in shown if "ORA-01017" in line], "it is told once, as the error"
    assert "topics: as wanted" in shown


def test_a_wait_without_end_ends_at_the_deadline_with_the_last_state():
    clock = SimulatedClock()
    admin = Admin(verify=Answer(State.WAITING, "task RUNNING, source not connected"))
    with pytest.raises(DeadlineExceeded, match="source not connected"):
        register(admin, clock.as_clock(), print)
    assert clock.time < sum(step.policy.wait_seconds for step in REGISTRATION)


def test_the_hook_invokes_the_stages_own_lambda_and_reports_changes():
    seen: list[Mapping[str, object]] = []

    def invoke(payload: Mapping[str, object]) -> object:
        seen.append(payload)
        return Answer(State.DONE, "fine", changed=payload["operation"] == "register").to_payload()

    RegisterConnector(None, stack(invoke, desired_count=2)).run()
    assert [payload["operation"] for payload in seen] == [o.value for o in REGISTRATION]
    assert [payload["operation"] for payload in seen if payload.get("desired_count") == 2] == ["ready"]


def test_a_crash_of_the_lambda_names_its_log_group():
    connection = FakeConnection.ready()
    connection.invoke = lambda _: RuntimeError("boom")
    hook = RegisterConnector(None, FakeStack("main/connector", "wms-connector-main", connection))
    with pytest.raises(SceptreException, match="/aws/lambda/wms-connector-main-connect-admin"):
        hook.run()


def test_a_cluster_that_is_refused_stops_the_launch_before_the_stack():
    refusal = Answer(State.FAILED, "stage val lives on this cluster already").to_payload()
    with pytest.raises(SceptreException, match="put on the cluster: stage val lives"):
        CheckCluster(None, stack(lambda _: refusal)).run()


def test_a_cluster_that_nobody_can_look_at_is_left_to_registration():
    """Why it does not answer is better said by the worker."""
    clock, shown = SimulatedClock(), list[str]()
    unreachable = Answer(State.WAITING, "the brokers do not answer a connection: timed out")
    check_cluster(Admin(cluster=unreachable), clock.as_clock(), shown.append)
    assert shown == [f"cluster: {unreachable.summary}", "cluster: not looked at yet; registration asks again"]
    assert clock.time <= 12


def stack(invoke: Callable[[Any], object], **settings: object) -> FakeStack:
    connection = FakeConnection.ready()
    connection.invoke = invoke
    made = FakeStack("main/connector", "wms-connector-main", connection)
    made.stack_group_config |= settings
    return made


def test_a_worker_that_never_answers_is_told_with_its_last_error(monkeypatch: pytest.MonkeyPatch):
    clock = SimulatedClock()
    monkeypatch.setattr("hooks.register.Clock", clock.as_clock)
    silent = Answer(State.WAITING, "worker at 127.0.0.9 is starting").to_payload()
    waiting = stack(lambda _: silent)
    waiting.connection_manager.log_events = [
        (dt.datetime.now(dt.UTC).timestamp() + 5, "ERROR Stopping | Caused by: a.BException: no such broker")
    ]
    with pytest.raises(SceptreException, match="is starting.*kafka-connect. Its last error: no such broker"):
        RegisterConnector(None, waiting).run()
