"""Refuse to delete a named stage's stack, and a foundation that is in use."""

from connector.aws import calls
from connector.aws.place import place
from connector.domain.errors import OperatorError
from connector.domain.stage import aws_names
from connector.sceptre import launches
from connector.sceptre import stack as sceptre_stack


def guard(stack: sceptre_stack.SceptreStack) -> None:
    """Raise `OperatorError` unless the stack may be deleted."""
    if sceptre_stack.is_foundation(stack):
        guard_foundation(stack)
    else:
        guard_stage(stack)


def guard_stage(stack: sceptre_stack.SceptreStack) -> None:
    """Raise unless the stage is ephemeral, or a launch replaces this stack, which was never complete."""
    stage = sceptre_stack.stage_of(stack)
    if stage.ephemeral or launches.replaces(stack):
        return
    raise OperatorError(
        f"stage {stage.name!r} is a named stage; this tool does not delete named stages; "
        "nothing was changed. Only stages below config/ephemeral/ can be deleted; a launch replaces a "
        "stack that was never complete"
    )


def guard_foundation(stack: sceptre_stack.SceptreStack) -> None:
    """Raise while any stage of this account and region still uses the foundation."""
    if sceptre_stack.never_completed(stack):
        return
    standing = [name for name in _stack_names(stack.connection_manager) if _belongs_to_stage(name)]
    if standing:
        shown = ", ".join(sorted(standing)[:3]) + (", ..." if len(standing) > 3 else "")
        raise OperatorError(
            f"the foundation is in use by {len(standing)} stacks ({shown}) in "
            f"{place(stack.connection_manager)}; nothing was changed. Delete the ephemeral "
            "stages first; named stages always need it"
        )


def _belongs_to_stage(stack_name: str) -> bool:
    return any(
        stack_name.startswith(f"{aws_names.PROJECT}-{component}-") for component in aws_names.COMPONENTS
    )


def _stack_names(connection: calls.Port) -> list[str]:
    pages = calls.pages(connection, "cloudformation", "describe_stacks")
    return [stack["StackName"] for page in pages for stack in page["Stacks"]]
