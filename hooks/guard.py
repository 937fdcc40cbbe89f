"""`!wms_guard`: what must not be deleted by accident is not deleted."""

from sceptre.hooks import Hook

from connector import admission, launches
from connector import sceptre_glue as glue
from connector.domain import names
from connector.domain.errors import OperatorError


class GuardDeletion(Hook):  # type: ignore[misc]
    """Refuse the deletion of a named stage's stack and of a foundation that is in use.

    Sceptre runs `before_delete` also while a *launch* replaces a stack whose creation failed; such a
    stack holds nothing worth protecting and may go.
    """

    def run(self) -> None:
        with glue.one_line_errors(self.stack.name):
            admission.check_path(self.stack)
            glue.check_name(self.stack)
            if glue.is_foundation(self.stack):
                guard_foundation(self.stack)
            else:
                guard_stage(self.stack)


def guard_stage(stack: glue.SceptreStack) -> None:
    """Raise unless the stage is ephemeral, or a launch replaces this stack, which was never once complete."""
    stage = glue.stage_of(stack)
    if stage.ephemeral or (launches.noted(stack) and glue.never_completed(stack)):
        return
    raise OperatorError(
        f"stage {stage.name!r} is a named stage and is not deleted with this tool; "
        "nothing was touched. Only stages below config/ephemeral/ can be deleted; a stack that never was "
        "complete is replaced by a launch"
    )


def guard_foundation(stack: glue.SceptreStack) -> None:
    """Raise while any stage of this account and region still stands on the foundation."""
    if glue.never_completed(stack):
        return
    standing = [name for name in _stack_names(stack.connection_manager) if _belongs_to_stage(name)]
    if standing:
        raise OperatorError(
            f"the foundation is in use by {len(standing)} stacks ({', '.join(sorted(standing)[:3])}, …); "
            "nothing was touched. Delete the ephemeral stages first; named stages keep it for good"
        )


def _belongs_to_stage(stack_name: str) -> bool:
    return any(stack_name.startswith(f"{names.PROJECT}-{component}-") for component in names.COMPONENTS)


def _stack_names(connection: glue.Connection) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while True:
        answer = connection.call("cloudformation", "describe_stacks", {"NextToken": token} if token else {})
        found += [stack["StackName"] for stack in answer["Stacks"]]
        token = answer.get("NextToken")
        if not token:
            return found
