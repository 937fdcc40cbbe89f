"""`!wms_guard`: refuse to delete what must not be deleted by accident."""

from sceptre.hooks import Hook

from connector.operations import deletion_guard, stack_progress
from connector.operations.turns import TURNS
from connector.sceptre import launches, preflight
from connector.sceptre import stack as sceptre_stack


class GuardDeletion(Hook):  # type: ignore[misc]
    """Refuse the deletion of a named stage's stack and of a foundation that is in use.

    Sceptre also runs `before_delete` while a *launch* replaces a stack whose creation failed. Such a stack
    holds nothing worth protecting and may be deleted. A deletion stops while a launch is under way.
    """

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            preflight.check_path(self.stack)
            sceptre_stack.check_name(self.stack)
            deletion_guard.guard(self.stack)
            turn = TURNS.of(self.stack, self.logger.info)
            if launches.LAUNCHES.is_launch(self.stack):
                turn.check_launch()
            else:
                turn.check_deletion(whole=preflight.covers(self.stack))
        stack_progress.watch(self.stack, self.logger.info)
