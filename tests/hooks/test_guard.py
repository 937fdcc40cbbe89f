"""What cannot be deleted."""

import pytest
from sceptre.exceptions import SceptreException

from connector.sceptre import launches
from hooks.admit import AdmitStage
from hooks.guard import GuardDeletion
from hooks.tear_down import MarkLaunch, TearDownStage
from tests.support.fake_aws import OWNER, FakeAws, FakeStack


def delete(group: str, component: str, status: str | None, *, launched: bool = False) -> None:
    stack_name = f"wms-{component}-{group.rpartition('/')[2]}"
    connection = FakeAws.ready()
    if status:
        connection.stacks[stack_name] = {"StackName": stack_name, "StackStatus": status}
    stack = FakeStack(f"{group}/{component}", stack_name, connection)
    if launched:
        MarkLaunch(None, stack).run()
    GuardDeletion(None, stack).run()


@pytest.mark.parametrize("stage", ["main", "val", "production"])
@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED", None])
def test_a_named_stage_is_never_deleted(stage: str, status: str | None):
    with pytest.raises(SceptreException, match="nothing was changed"):
        delete(stage, "connector", status)


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_named_stages_stack_that_never_was_complete_is_replaced_by_a_launch_only(status: str):
    delete("main", "connector", status, launched=True)
    launches.LAUNCHES.forget()
    with pytest.raises(SceptreException, match="nothing was changed.* a launch replaces"):
        delete("main", "connector", status)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "DELETE_FAILED", None])
def test_a_launch_too_replaces_no_stack_of_a_named_stage_that_was_complete(status: str | None):
    with pytest.raises(SceptreException, match="nothing was changed"):
        delete("main", "connector", status, launched=True)


@pytest.mark.parametrize("hook", [AdmitStage, GuardDeletion, TearDownStage])
def test_another_stages_stack_is_not_worked_on_whatever_a_file_says(hook: type):
    """As with stack_group_path or stack_name set by hand: the directory is x's, the stack main's."""
    connection = FakeAws.ready()
    name = "wms-connector-main"
    connection.stacks[name] = {"StackName": name, "StackStatus": "CREATE_COMPLETE"}
    with pytest.raises(SceptreException, match="stands for 'wms-connector-x'; nothing was changed"):
        hook(None, FakeStack("ephemeral/x/connector", name, connection)).run()
    assert connection.calls == []


def test_an_ephemeral_stage_may_be_deleted_and_its_progress_is_shown(watched: list[str]):
    delete("ephemeral/feature-x", "connector", "CREATE_COMPLETE")
    assert watched == ["wms-connector-feature-x"]


@pytest.mark.parametrize(
    "status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"]
)
def test_a_stage_that_is_launched_at_this_moment_is_not_deleted(status: str):
    with pytest.raises(SceptreException, match=f"wms-alarms-x is {status}: .* nothing was changed. Wait"):
        delete("ephemeral/x", "alarms", status)


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_FAILED"]
)
def test_a_branch_in_a_state_that_only_its_deletion_ends_can_be_deleted(status: str):
    delete("ephemeral/x", "functions", status)


def test_a_directory_that_is_no_stage_is_not_deleted():
    with pytest.raises(SceptreException, match="is refused"):
        delete("ephemeral/Main", "connector", "CREATE_COMPLETE")


def test_the_foundation_stays_while_a_stage_stands_on_it():
    connection = FakeAws.ready()
    connection.stacks["wms-network-x"] = {"StackName": "wms-network-x", "StackStatus": "CREATE_COMPLETE"}
    stack = FakeStack("foundation/foundation", "wms-foundation", connection)
    with pytest.raises(
        SceptreException, match=rf"in use by 1 stacks \(wms-network-x\) in account {OWNER}, region us"
    ):
        GuardDeletion(None, stack).run()
    more = {
        f"wms-network-x{number}": {"StackName": f"wms-network-x{number}", "StackStatus": "CREATE_COMPLETE"}
        for number in range(3)
    }
    connection.stacks |= more
    with pytest.raises(
        SceptreException, match=r"in use by 4 stacks \(wms-.*-x, wms-.*-x0, wms-.*-x1, \.{3}\)"
    ):
        GuardDeletion(None, stack).run()
    for name in ("wms-network-x", *more):
        del connection.stacks[name]
    GuardDeletion(None, stack).run()
