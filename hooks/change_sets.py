"""`!wms_no_change_set`: a stage is changed by a launch only."""

from sceptre.hooks import Hook

from connector.domain.errors import OperatorError
from connector.sceptre import stack as sceptre_stack


class RefuseChangeSet(Hook):  # type: ignore[misc]
    """Refuse to make or to execute a change set of a stage's stack.

    Sceptre runs none of the hooks of an update for it: nothing would be checked beforehand, no code uploaded,
    nothing registered, and the stage be half of one commit and half of another.
    """

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            if sceptre_stack.is_foundation(self.stack):
                return
            group = sceptre_stack.group_of(self.stack)
            raise OperatorError(
                "a change set leaves out what a launch does besides the stacks (checks, code, topics, "
                f"registration); nothing was touched. Look with `sceptre diff {group}`, change with "
                f"`sceptre launch {group}`"
            )
