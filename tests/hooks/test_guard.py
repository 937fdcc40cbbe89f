"""What cannot be deleted."""

import pytest
from sceptre.exceptions import SceptreException

from hooks.guard import GuardDeletion
from tests.support.fake_aws import FakeConnection, FakeStack


def delete(group: str, component: str, status: str | None) -> None:
    stack_name = f"wms-{component}-{group.rpartition('/')[2]}"
    connection = FakeConnection.ready()
    if status:
        connection.stacks[stack_name] = {"StackName": stack_name, "StackStatus": status}
    GuardDeletion(None, FakeStack(f"{group}/{component}", stack_name, connection)).run()


@pytest.mark.parametrize("stage", ["main", "val", "production"])
@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED", None])
def test_a_named_stage_is_never_deleted(stage: str, status: str | None):
    with pytest.raises(SceptreException, match="nothing was touched"):
        delete(stage, "connector", status)


@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_named_stages_stack_that_never_was_complete_may_be_replaced(status: str):
    delete("main", "connector", status)


def test_an_ephemeral_stage_may_be_deleted():
    delete("ephemeral/feature-x", "connector", "CREATE_COMPLETE")


def test_a_directory_that_is_no_stage_is_not_deleted():
    with pytest.raises(SceptreException, match="is refused"):
        delete("ephemeral/Main", "connector", "CREATE_COMPLETE")


def test_the_foundation_stays_while_a_stage_stands_on_it():
    connection = FakeConnection.ready()
    connection.stacks["wms-network-x"] = {"StackName": "wms-network-x", "StackStatus": "CREATE_COMPLETE"}
    stack = FakeStack("foundation/foundation", "wms-foundation", connection)
    with pytest.raises(SceptreException, match=r"in use by 1 stacks \(wms-network-x\)"):
        GuardDeletion(None, stack).run()
    more = {f"wms-network-x{number}": {"StackName": f"wms-network-x{number}"} for number in range(3)}
    connection.stacks |= more
    with pytest.raises(
        SceptreException, match=r"in use by 4 stacks \(wms-.*-x, wms-.*-x0, wms-.*-x1, \.{3}\)"
    ):
        GuardDeletion(None, stack).run()
    for name in ("wms-network-x", *more):
        del connection.stacks[name]
    GuardDeletion(None, stack).run()
