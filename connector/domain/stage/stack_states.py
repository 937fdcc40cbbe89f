"""What each state of a CloudFormation stack means for a launch, and the step that leads out of it. Pure.

Sources: the enumeration StackStatus of CloudFormation's API (DescribeStacks); "Stack status codes", "Continue
rolling back an update" and "Stack failure options" in CloudFormation's User Guide; API reference of
ContinueUpdateRollback (from UPDATE_ROLLBACK_FAILED only) and RollbackStack (from CREATE_FAILED and
UPDATE_FAILED); for what Sceptre 4.7 does with a state, `StackActions.launch`.
"""

from collections.abc import Mapping
from enum import StrEnum

from connector.domain.stage.stage import Stage


class StackStep(StrEnum):
    """The kind of step that a state needs."""

    #: The stack is complete: nothing to do.
    NOTHING = "nothing"
    #: A launch updates the stack, or replaces one that was never complete.
    LAUNCH = "launch"
    #: Somebody's operation is under way.
    WAIT = "wait"
    #: A rollback got stuck. Only CloudFormation can finish it; a launch is refused until then.
    CONTINUE_ROLLBACK = "continue-rollback"
    #: An update failed and was not rolled back. Sceptre launches over no state of failure.
    ROLL_BACK = "roll-back"
    #: The stack can only be deleted.
    DELETE = "delete"
    #: A state that CloudFormation has added since.
    READ = "read"


_STEPS: Mapping[str, StackStep] = {
    **dict.fromkeys(("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"), StackStep.NOTHING),
    **dict.fromkeys(
        (
            *("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
            # What was never complete or is gone: a launch creates it anew.
            *("CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"),
        ),
        StackStep.LAUNCH,
    ),
    **dict.fromkeys(
        (
            *("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
            *("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"),
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            *("IMPORT_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"),
        ),
        StackStep.WAIT,
    ),
    "UPDATE_ROLLBACK_FAILED": StackStep.CONTINUE_ROLLBACK,
    "UPDATE_FAILED": StackStep.ROLL_BACK,
    **dict.fromkeys(("ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"), StackStep.DELETE),
}

#: What a command that is under way is called.
DELETION, LAUNCH, ROLLBACK = "a deletion", "another launch or update", "a rollback"
_ROLLBACKS = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS")


def step_for(status: str) -> StackStep:
    """The kind of step that leads out of a state; of a state that is not known, only whether it passes."""
    unknown = StackStep.WAIT if status.endswith("_IN_PROGRESS") else StackStep.READ
    return _STEPS.get(status, unknown)


def busy(status: str) -> bool:
    """Whether an operation on the stack is under way."""
    return step_for(status) is StackStep.WAIT


def stuck(status: str) -> bool:
    """Whether no launch can leave the state: somebody must do something else first."""
    return step_for(status) not in (StackStep.NOTHING, StackStep.LAUNCH, StackStep.WAIT)


def under_way(status: str) -> str:
    """What is under way in a state that passes: `DELETION`, `ROLLBACK` or `LAUNCH`."""
    if status == "DELETE_IN_PROGRESS":
        return DELETION
    return ROLLBACK if status in _ROLLBACKS else LAUNCH


def next_step(stage: Stage | None, stack_name: str, status: str) -> str:
    """The step that leads out of a state, with its command, as an instruction without a full stop.

    `stage` is None for the account's foundation. Empty for a stack that is complete.
    """
    group = group_of(stage)
    launch = f"`sceptre launch {group}`"
    aws = f"--stack-name {stack_name}"
    branch = stage is not None and stage.ephemeral
    step = step_for(status)
    if step is StackStep.NOTHING:
        return ""
    if step is StackStep.WAIT:
        return "wait until that operation has ended, then run the same command again"
    if step is StackStep.LAUNCH:
        return f"read why in the stack's events and fix that, then run {launch}"
    if step is StackStep.CONTINUE_ROLLBACK:
        return _continue_rollback(group, aws, branch=branch)
    if step is StackStep.ROLL_BACK:
        return (
            f"a launch cannot leave this state: run `aws cloudformation rollback-stack {aws}`, and when the "
            f"stack is UPDATE_ROLLBACK_COMPLETE, fix what failed and run {launch}"
        )
    if step is StackStep.DELETE:
        return _delete(group, aws, status, branch=branch)
    return f"read the stack's events (`aws cloudformation describe-stack-events {aws}`)"


def group_of(stage: Stage | None) -> str:
    """What `sceptre` calls the stage: its directory below config/."""
    if stage is None:
        return "foundation"
    return f"ephemeral/{stage.name}" if stage.ephemeral else stage.name


def _continue_rollback(group: str, aws: str, *, branch: bool) -> str:
    if branch:
        return f"a launch cannot leave this state, so delete the branch's stage: `sceptre delete {group}`"
    return (
        "a launch cannot leave this state: fix what the stack's events name, run `aws cloudformation "
        f"continue-update-rollback {aws}` (for a resource that cannot be rolled back: --resources-to-skip), "
        f"and when the stack is UPDATE_ROLLBACK_COMPLETE, run `sceptre launch {group}`"
    )


def _delete(group: str, aws: str, status: str, *, branch: bool) -> str:
    why = "this state ends only with the stack: fix what its events name, then run "
    if branch:
        return f"{why}`sceptre delete {group}`"
    unprotect = ""
    if status == "IMPORT_ROLLBACK_FAILED":
        # The stack was complete before the import, so it is protected.
        why = f"{why.removesuffix('run ')}let two people check that its resources may go, run "
        unprotect = (
            "`aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"{aws}`, then "
        )
    return (
        f"{why}{unprotect}`aws cloudformation delete-stack {aws}` (for a resource that cannot go: "
        f"--retain-resources), and when the stack is gone, `sceptre launch {group}`"
    )
