"""`!wms_outcome`: after a create or update, stop the plan if the stack failed, and protect named stages.

Sceptre runs `after_create` also after a create that failed, and launches dependents of a failed stack;
only an exception stops the plan.
"""

from sceptre.hooks import Hook

from connector.operations import stack_outcome
from connector.operations.turns import TURNS
from connector.sceptre import stack as sceptre_stack


class ReportOutcome(Hook):  # type: ignore[misc]
    """Raise CloudFormation's own reason when the stack did not reach a complete state."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            TURNS.of(self.stack, self.logger.info).check_outcome(self.stack.external_name)
            stack_outcome.report(self.stack)


class ReportDeletion(Hook):  # type: ignore[misc]
    """`!wms_deleted`, after a deletion: raise CloudFormation's own reason if the stack is still there."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            stack_outcome.report_deletion(self.stack)


class RefuseBusy(Hook):  # type: ignore[misc]
    """`!wms_not_busy`, after a launch: raise if the stack is in progress, which Sceptre takes for an end."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            stack_outcome.refuse_busy(self.stack)


class RememberState(Hook):  # type: ignore[misc]
    """`!wms_note_state`, before an update: remember when the stack was last changed."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            stack_outcome.remember_state(self.stack)
