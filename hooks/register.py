"""`!wms_register`: after the connector stack is complete, register the connector and check that it works.

`!wms_check_cluster`, before that stack is created or updated: refuse what the new workers would be refused.
"""

from sceptre.hooks import Hook

from connector.aws.admin_function import Clock
from connector.operations import before_workers, registration, stack_progress, worker_change
from connector.operations.guarded_changes import CONFIRMATIONS
from connector.operations.turns import TURNS
from connector.sceptre import stack as sceptre_stack


class RegisterConnector(Hook):  # type: ignore[misc]
    """Have the admin Lambda do each step of registration, and show progress."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            connection, stage = self.stack.connection_manager, sceptre_stack.stage_of(self.stack)
            if desired_count(self.stack) == 0:
                self.logger.info(registration.stands_still(stage))
                return
            with TURNS.of(self.stack, self.logger.info).registration():
                registration.register_stage(
                    connection,
                    stage,
                    desired_count(self.stack),
                    self.logger.info,
                    confirmed=CONFIRMATIONS.of(stage, self.stack.stack_group_config),
                    replaced=worker_change.replaced(self.stack),
                    started=worker_change.started(self.stack),
                )


class CheckCluster(Hook):  # type: ignore[misc]
    """Have the admin Lambda try what can be tried before a worker is started or replaced."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            if desired_count(self.stack) != 0:
                before_workers.check(self.stack, Clock(), self.logger.info)
        # That took minutes, in which who looks at the stack since its admission has gone.
        stack_progress.watch(self.stack, self.logger.info)


def desired_count(stack: sceptre_stack.SceptreStack) -> int | None:
    """The setting `desired_count`, read as the connector's template reads it, which also validates it."""
    try:
        return int(stack.stack_group_config.get("desired_count"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
