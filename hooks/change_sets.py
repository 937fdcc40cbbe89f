"""`!wms_no_change_set`: only a launch may change a stage."""

from sceptre.hooks import Hook

from connector.domain.errors import OperatorError
from connector.sceptre import stack as sceptre_stack


class RefuseChangeSet(Hook):  # type: ignore[misc]
    """Refuse to create or to execute a change set of a stage's stack.

    Sceptre runs no update hooks for a change set. Nothing would be checked, no code uploaded and nothing
    registered, so half of the stage would be of one commit and half of another.
    """

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            if sceptre_stack.is_foundation(self.stack):
                return
            group = sceptre_stack.group_of(self.stack)
            raise OperatorError(
                "a change set leaves out what a launch does besides the stacks (checks, code, topics, "
                f"registration); nothing was changed. See the changes with `sceptre diff {group}`, make them "
                f"with `sceptre launch {group}`"
            )
