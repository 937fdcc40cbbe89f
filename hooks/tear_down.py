"""`!wms_retire`: delete connector, workers and topics before an ephemeral stage's connector stack is deleted.

Besides it: `!wms_note_launch`, which distinguishes a launch from a deletion, and `!wms_tidy`, after the stack
is deleted.
"""

from sceptre.hooks import Hook

from connector.aws import stacks
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import stack_progress, teardown
from connector.operations.turns import TURNS
from connector.sceptre import launches
from connector.sceptre import stack as sceptre_stack


class MarkLaunch(Hook):  # type: ignore[misc]
    """Remember that this run launches the stack."""

    def run(self) -> None:
        launches.LAUNCHES.mark(self.stack)


class TearDownStage(Hook):  # type: ignore[misc]
    """Tear down what an ephemeral stage has outside its stacks, unless a launch replaces the stack."""

    def run(self) -> None:
        stack = self.stack
        with sceptre_stack.one_line_errors(stack.name):
            sceptre_stack.check_name(stack)
            stage = sceptre_stack.stage_of(stack)
            if not stage.ephemeral:
                teardown.leave_named(stack, stage)
            elif launches.LAUNCHES.is_launch(stack):
                self.logger.info("a launch replaces %s: topics and connector stay", stack.external_name)
            else:
                owned, marked = EphemeralStage(stage), TURNS.of(stack, self.logger.info).marked
                teardown.tear_down_stage(
                    stack.connection_manager, stack.external_name, owned, self.logger, marked=marked
                )
        stack_progress.watch(stack, self.logger.info)


class TearDownLeftovers(Hook):  # type: ignore[misc]
    """Remove what belongs to the ephemeral stage and to no stack, once the connector's stack is deleted."""

    def run(self) -> None:
        stack = self.stack
        with sceptre_stack.one_line_errors(stack.name):
            stage, connection = sceptre_stack.stage_of(stack), stack.connection_manager
            if stage.ephemeral and stacks.describe_stack(connection, stack.external_name) is None:
                teardown.tear_down_leftovers(connection, stage, self.logger)
