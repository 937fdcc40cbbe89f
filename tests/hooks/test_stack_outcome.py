"""A failed stack stops the plan with CloudFormation's own reason."""

import datetime as dt

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.stage import stack_states
from connector.domain.stage.stack_states import StackStep
from connector.sceptre.jinja import COMMON_HOOKS
from hooks.stack_outcome import RefuseBusy, RememberState, ReportDeletion, ReportOutcome
from tests.domain.stage.test_stack_states import STATES
from tests.support.fake_aws import LONG_AGO, FakeAws, FakeStack


def stack_in(status: str, group: str = "main", **more: object) -> FakeStack:
    connection = FakeAws.ready()
    connection.stacks["wms-network-x"] = {"StackName": "wms-network-x", "StackStatus": status, **more}
    return FakeStack(f"{group}/network", "wms-network-x", connection)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_a_stack_that_failed_raises_the_first_resource_that_failed(status: str):
    stack = stack_in(status)
    stack.connection_manager.events = [
        event("Rule", "CREATE_FAILED", "Resource creation cancelled"),
        event("Group", "CREATE_FAILED", "The CIDR is wrong."),
        event("wms-network-x", "CREATE_IN_PROGRESS", "User Initiated", "AWS::CloudFormation::Stack"),
        event("Old", "CREATE_FAILED", "an earlier run's"),
    ]
    with pytest.raises(SceptreException, match="Group: The CIDR is wrong") as caught:
        ReportOutcome(None, stack).run()
    assert "\n" not in str(caught.value)


def test_a_worker_that_died_is_quoted_from_its_log():
    connection = FakeAws.ready()
    made = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    connection.stacks["wms-connector-main"] = {
        "StackName": "wms-connector-main",
        "StackStatus": "ROLLBACK_COMPLETE",
        "CreationTime": made,
    }
    connection.log_events = [
        (made.timestamp() - 60, "ERROR an earlier launch's"),
        (made.timestamp() + 60, "ERROR Stopping | at Some.java | Caused by: a.b.CException: no such broker"),
        (made.timestamp() + 30, "ERROR first attempt"),
    ]
    stack = FakeStack("main/connector", "wms-connector-main", connection)
    with pytest.raises(SceptreException, match="Last error in the worker's log: no such broker"):
        ReportOutcome(None, stack).run()


def test_a_rolled_back_stack_that_this_run_did_not_touch_is_no_failure():
    stack = stack_in("UPDATE_ROLLBACK_COMPLETE", LastUpdatedTime=LONG_AGO)
    RememberState(None, stack).run()
    ReportOutcome(None, stack).run()


@pytest.mark.parametrize("status", STATES)
def test_after_a_create_or_update_each_state_ends_the_launch_with_its_own_step_or_lets_it_go_on(status: str):
    stack = stack_in(status)
    step = stack_states.step_for(status)
    if step is StackStep.NOTHING:
        ReportOutcome(None, stack).run()
        return
    with pytest.raises(SceptreException) as caught:
        ReportOutcome(None, stack).run()
    words = {
        StackStep.LAUNCH: "Fix the cause and launch again",
        StackStep.WAIT: "is under way. Wait until it has ended",
        StackStep.CONTINUE_ROLLBACK: "continue-update-rollback --stack-name wms-network-x",
        StackStep.ROLL_BACK: "rollback-stack --stack-name wms-network-x",
        StackStep.DELETE: "delete-stack --stack-name wms-network-x",
    }
    found = {kind for kind, text in words.items() if text in str(caught.value)}
    assert found == {step}
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", STATES)
def test_sceptre_goes_past_no_stack_in_progress(status: str):
    """It takes such a stack for done, and would register next."""
    stack = stack_in(status)
    if not stack_states.busy(status):
        RefuseBusy(None, stack).run()
        return
    with pytest.raises(SceptreException, match=f"is {status}: .* is under way. Wait until it has ended"):
        RefuseBusy(None, stack).run()


def test_every_stack_has_that_check_after_a_launch():
    assert "wms_not_busy" in COMMON_HOOKS["after_launch"]


def test_a_stack_that_could_not_be_deleted_ends_the_deletion_with_the_reason_and_the_step():
    """The reason of the newest deletion, of the resource that failed first."""
    stack = stack_in("DELETE_FAILED", "ephemeral/x")
    stack.connection_manager.events = [
        event("wms-network-x", "DELETE_FAILED", "failed to delete: [Group]", "AWS::CloudFormation::Stack"),
        event("Other", "DELETE_FAILED", "Resource deletion cancelled"),
        event("Group", "DELETE_FAILED", "dictionary changed size during iteration"),
        event("wms-network-x", "DELETE_IN_PROGRESS", "User Initiated", "AWS::CloudFormation::Stack"),
        event("Rule", "DELETE_FAILED", "an earlier attempt's"),
    ]
    with pytest.raises(SceptreException) as caught:
        ReportDeletion(None, stack).run()
    assert str(caught.value) == (
        "ephemeral/x/network: stack wms-network-x is DELETE_FAILED: Group: dictionary changed size during "
        "iteration. Next: this state ends only with the stack: fix what its events name, then run `sceptre "
        "delete ephemeral/x`"
    )


@pytest.mark.parametrize("status", [status for status in STATES if status != "DELETE_FAILED"])
def test_a_stack_that_is_there_for_another_reason_ends_no_deletion(status: str):
    ReportDeletion(None, stack_in(status, "ephemeral/x")).run()


def test_a_stack_that_is_gone_ends_no_deletion():
    stack = stack_in("DELETE_COMPLETE", "ephemeral/x")
    stack.connection_manager.stacks.clear()
    ReportDeletion(None, stack).run()


def test_every_stack_has_that_check_after_a_deletion():
    assert "wms_deleted" in COMMON_HOOKS["after_delete"]


@pytest.mark.parametrize(
    ("group", "protected"), [("main", True), ("ephemeral/x", None), ("foundation", True)]
)
def test_named_stages_and_the_foundation_get_termination_protection(group: str, protected: bool | None):
    stack = stack_in("CREATE_COMPLETE", group)
    ReportOutcome(None, stack).run()
    description = stack.connection_manager.stacks["wms-network-x"]
    assert description.get("EnableTerminationProtection") is protected


def event(logical: str, status: str, reason: str, kind: str = "AWS::EC2::SecurityGroup") -> dict[str, str]:
    return {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_a_stack_is_not_read_again_between_two_hooks_that_follow_each_other(monkeypatch: pytest.MonkeyPatch):
    """Registration may lie between them, and takes longer than a moment: then it is read."""
    now = [100.0]
    monkeypatch.setattr("connector.operations.stack_outcome.time.monotonic", lambda: now[0])
    stack = stack_in("UPDATE_COMPLETE")
    ReportOutcome(None, stack).run()
    stack.connection_manager.calls.clear()
    RefuseBusy(None, stack).run()
    assert stack.connection_manager.calls == []
    now[0] += 5
    stack.connection_manager.stacks["wms-network-x"]["StackStatus"] = "UPDATE_IN_PROGRESS"
    with pytest.raises(SceptreException, match="is UPDATE_IN_PROGRESS"):
        RefuseBusy(None, stack).run()
