"""The hooks of registration ask the stage's own Lambda, and end a launch in one line."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.admin_api import REGISTRATION, Answer, State
from connector.operations import worker_change
from hooks.register import CheckCluster, RegisterConnector
from tests.support.fake_aws import FakeAws, FakeStack
from tests.support.simulated_clock import SimulatedClock

ADMIN = "wms-connector-main-connect-admin"


def test_the_hook_invokes_the_stages_own_lambda_and_reports_changes():
    def invoke(payload: Mapping[str, object]) -> object:
        return Answer(State.DONE, "fine", changed=payload["operation"] == "register").to_payload()

    launched = stack(invoke, desired_count=2)
    RegisterConnector(None, launched).run()
    seen = [payload for _, payload in launched.connection_manager.invoked]
    # This function is of an earlier release: it knows no request for all steps together.
    assert [payload["operation"] for payload in seen] == ["registration", *(o.value for o in REGISTRATION)]
    counted = [payload["operation"] for payload in seen if payload.get("desired_count") == 2]
    assert counted == ["registration", "ready"]


def test_one_invocation_is_enough_where_each_step_is_done_at_once(caplog: pytest.LogCaptureFixture):
    def invoke(payload: Mapping[str, object]) -> object:
        assert payload["operation"] == "registration"
        given = {step.value: Answer(State.DONE, f"{step.value} fine").to_payload() for step in REGISTRATION}
        return Answer(State.DONE, "all", details={"steps": given}).to_payload()

    launched = stack(invoke)
    with caplog.at_level("INFO"):
        RegisterConnector(None, launched).run()
    assert len(launched.connection_manager.invoked) == 1
    shown = [f"{step.value}: {step.value} fine" for step in REGISTRATION]
    assert [line for line in shown if any(message.endswith(line) for message in caplog.messages)] == shown


def test_the_changes_that_are_confirmed_go_with_the_topics():
    launched = stack(
        lambda _: Answer(State.DONE, "fine").to_payload(), confirmed_changes=["data_partitions 1->5"]
    )
    RegisterConnector(None, launched).run()
    given = {
        p["operation"]: p["confirmed"] for _, p in launched.connection_manager.invoked if "confirmed" in p
    }
    assert given == {operation: ["data_partitions 1->5"] for operation in ("registration", "topics")}


def test_a_launch_that_has_replaced_the_workers_says_so_at_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    launched = stack(lambda _: Answer(State.DONE, "fine").to_payload())
    monkeypatch.setitem(worker_change._found, launched.external_name, ("Memory",))
    with caplog.at_level("INFO"):
        RegisterConnector(None, launched).run()
    assert caplog.messages[-1].endswith(
        "runs: its workers were replaced (Memory); nothing else had to be changed"
    )


@pytest.mark.parametrize("changed", [True, False])
def test_a_launch_that_has_started_workers_where_there_were_none_says_so(
    caplog: pytest.LogCaptureFixture, changed: bool
):
    """Such as after somebody has deleted the connector's stack: registration alone changes nothing then."""

    def invoke(payload: Mapping[str, object]) -> object:
        return Answer(State.DONE, "fine", changed=changed and payload["operation"] == "register").to_payload()

    launched = stack(invoke)
    assert worker_change.reasons(launched, dict) is None
    with caplog.at_level("INFO"):
        RegisterConnector(None, launched).run()
    end = "changed register" if changed else "nothing else had to be changed"
    assert caplog.messages[-1].endswith(f"runs: its workers were started; {end}")


def test_a_crash_of_the_lambda_names_its_log_group():
    connection = FakeAws.ready()
    connection.functions[ADMIN] = lambda _: RuntimeError("boom")
    hook = RegisterConnector(None, FakeStack("main/connector", "wms-connector-main", connection))
    with pytest.raises(SceptreException, match="/aws/lambda/wms-connector-main-connect-admin"):
        hook.run()


def test_a_cluster_that_is_refused_stops_the_launch_before_the_stack():
    refusal = Answer(State.FAILED, "stage val uses this cluster already").to_payload()
    with pytest.raises(SceptreException, match="started or replaced: stage val uses this cluster already"):
        CheckCluster(None, stack(lambda _: refusal)).run()


def stack(invoke: Callable[[Any], object], **settings: object) -> FakeStack:
    connection = FakeAws.ready()
    connection.functions[ADMIN] = invoke
    made = FakeStack("main/connector", "wms-connector-main", connection)
    made.stack_group_config |= settings
    return made


def test_a_worker_that_never_answers_is_reported_with_its_last_error(monkeypatch: pytest.MonkeyPatch):
    clock = SimulatedClock()
    monkeypatch.setattr("connector.operations.registration.Clock", clock.as_clock)
    silent = Answer(State.WAITING, "worker at 127.0.0.9 is starting").to_payload()
    waiting = stack(lambda _: silent)
    waiting.connection_manager.log_events = [
        (dt.datetime.now(dt.UTC).timestamp() + 5, "ERROR Stopping | Caused by: a.BException: no such broker")
    ]
    with pytest.raises(SceptreException, match="is starting.*kafka-connect. Its last error: no such broker"):
        RegisterConnector(None, waiting).run()


def test_a_launch_that_is_to_leave_no_worker_registers_nothing_and_says_so(caplog: pytest.LogCaptureFixture):
    """Nobody is asked: a function that could not answer would end the launch."""
    launched = stack(lambda _: RuntimeError("asked"), desired_count=0)
    with caplog.at_level("INFO"):
        CheckCluster(None, launched).run()
        RegisterConnector(None, launched).run()
    assert launched.connection_manager.invoked == []
    (line,) = [record.message for record in caplog.records if "desired_count" in record.message]
    assert "is not registered and nothing is waited for: desired_count is 0" in line


def test_a_declared_rest_is_told_as_meant_and_ends_a_launch_well(caplog: pytest.LogCaptureFixture):
    def invoke(payload: Mapping[str, object]) -> object:
        rest = (
            {"rest": "wms-oracle-cdc is STOPPED: a launch did that"}
            if payload["operation"] == "verify"
            else {}
        )
        return Answer(State.DONE, "fine", details=rest).to_payload()

    with caplog.at_level("INFO"):
        RegisterConnector(None, stack(invoke)).run()
    last = caplog.records[-1].message
    assert "does not run, as meant (wms-oracle-cdc is STOPPED: a launch did that): nothing had to be" in last


def test_progress_is_shown_after_the_check_of_the_cluster_which_takes_minutes(watched: list[str]):
    asked: list[int] = []

    def invoke(payload: Mapping[str, object]) -> object:
        asked.append(len(watched))
        return Answer(State.DONE, "fine").to_payload()

    CheckCluster(None, stack(invoke)).run()
    assert (set(asked), watched) == ({0}, ["wms-connector-main"])
