"""`!wms_retire`, before an ephemeral stage's connector stack goes: its connector, workers and topics go.

Besides it: `!wms_note_launch`, which tells a launch from a deletion, and `!wms_tidy`, after the stack has
gone.
"""

from sceptre.hooks import Hook

from connector.aws import stacks
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import teardown
from connector.sceptre import launches
from connector.sceptre import stack as glue


class NoteLaunch(Hook):  # type: ignore[misc]
    """Remember that this run launches the stack."""

    def run(self) -> None:
        launches.note(self.stack)


class RetireStage(Hook):  # type: ignore[misc]
    """Tear down what an ephemeral stage has outside its stacks, unless a launch replaces the stack."""

    def run(self) -> None:
        stack = self.stack
        with glue.one_line_errors(stack.name):
            glue.check_name(stack)
            stage = glue.stage_of(stack)
            if not stage.ephemeral:
                teardown.leave_named(stack, stage)
            elif launches.noted(stack):
                self.logger.info("a launch replaces %s: topics and connector stay", stack.external_name)
            else:
                owned = EphemeralStage(stage)
                teardown.tear_down_stage(stack.connection_manager, stack.external_name, owned, self.logger)


class Tidy(Hook):  # type: ignore[misc]
    """Remove what belongs to the ephemeral stage and to no stack, once the connector's stack is gone."""

    def run(self) -> None:
        stack = self.stack
        with glue.one_line_errors(stack.name):
            stage = glue.stage_of(stack)
            connection = stack.connection_manager
            if stage.ephemeral and stacks.describe_stack(connection, stack.external_name) is None:
                teardown.tidy(connection, stage, self.logger)
