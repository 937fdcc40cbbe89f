"""Every state of CloudFormation's enumeration has exactly one kind of step, which works in that state."""

import botocore.session
import pytest

from connector.domain.stage import stack_states
from connector.domain.stage.stack_states import StackStep, next_step, step_for
from connector.domain.stage.stage import Stage

#: What DescribeStacks may answer, as AWS's own model of its API lists it.
STATES: tuple[str, ...] = tuple(
    botocore.session.get_session()
    .get_service_model("cloudformation")
    .shape_for("StackStatus")
    .metadata["enum"]
)
#: What each kind of step says for a named stage and for a branch; and what it must not say.
SAYS = {
    StackStep.NOTHING: ("", ""),
    StackStep.LAUNCH: (
        "fix that, then run `sceptre launch main`",
        "fix that, then run `sceptre launch ephemeral/x`",
    ),
    StackStep.WAIT: ("wait until", "wait until"),
    StackStep.CONTINUE_ROLLBACK: (
        "aws cloudformation continue-update-rollback --stack-name wms-functions-",
        "sceptre delete ephemeral/x",
    ),
    StackStep.ROLL_BACK: ("aws cloudformation rollback-stack --stack-name wms-functions-",) * 2,
    StackStep.DELETE: (
        "aws cloudformation delete-stack --stack-name wms-functions-",
        "sceptre delete ephemeral/x",
    ),
}
MAIN, BRANCH = Stage.parse("main"), Stage.parse("x")


@pytest.mark.parametrize("status", STATES)
def test_every_state_has_one_kind_of_step_and_says_it(status: str):
    step = step_for(status)
    assert step is not StackStep.READ, f"{status} is new"
    for stage, words in zip((MAIN, BRANCH), SAYS[step], strict=True):
        text = next_step(stage, stage.names.stack("functions"), status)
        assert (words in text) if words else text == ""
        others = {
            text
            for other in SAYS
            for text in SAYS[other]
            if text and text not in SAYS[step] and not text.startswith("sceptre delete")
        }
        assert not [other for other in others if other in text]
        assert "\n" not in text
        assert "launch again" not in text


@pytest.mark.parametrize("status", STATES)
def test_a_state_is_passing_stuck_or_one_that_a_launch_can_leave(status: str):
    kinds = [stack_states.busy(status), stack_states.stuck(status)]
    launchable = step_for(status) in (StackStep.NOTHING, StackStep.LAUNCH)
    assert [*kinds, launchable].count(True) == 1
    assert stack_states.busy(status) == (status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS")


def test_what_sceptre_refuses_to_launch_is_stuck_unless_a_launch_replaces_it():
    failed = {status for status in STATES if status.endswith("_FAILED")}
    assert {status for status in STATES if stack_states.stuck(status)} == failed - {"CREATE_FAILED"}


def test_a_protected_stack_that_only_a_deletion_helps_is_not_deleted_lightly():
    text = next_step(MAIN, "wms-functions-main", "IMPORT_ROLLBACK_FAILED")
    assert "let two people check" in text
    assert "--no-enable-termination-protection --stack-name wms-functions-main" in text
    assert "protection" not in next_step(MAIN, "wms-functions-main", "ROLLBACK_FAILED")


def test_the_foundation_has_steps_of_its_own():
    text = next_step(None, "wms-foundation", "UPDATE_ROLLBACK_FAILED")
    assert "continue-update-rollback --stack-name wms-foundation" in text
    assert text.endswith("`sceptre launch foundation`")


def test_a_state_that_cloudformation_adds_is_waited_for_or_read():
    assert step_for("MAGIC_IN_PROGRESS") is StackStep.WAIT
    assert step_for("MAGIC_COMPLETE") is StackStep.READ
    assert "describe-stack-events --stack-name s" in next_step(MAIN, "s", "MAGIC_COMPLETE")


def test_who_waits_is_told_for_what():
    assert stack_states.under_way("DELETE_IN_PROGRESS") == "a deletion"
    assert stack_states.under_way("UPDATE_ROLLBACK_IN_PROGRESS") == "a rollback"
    assert stack_states.under_way("UPDATE_IN_PROGRESS") == "another launch or update"
