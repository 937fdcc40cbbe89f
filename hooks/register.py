"""`!wms_register`: after the connector stack stands, the connector is registered and seen to work.

`!wms_check_cluster`, before that stack is made or changed: a cluster on which the stage may not live is
refused.
"""

from sceptre.hooks import Hook

from connector.aws.admin_function import Clock
from connector.operations import registration
from connector.sceptre import stack as sceptre_stack


class RegisterConnector(Hook):  # type: ignore[misc]
    """Ask the admin Lambda for each step of registration until it is done, showing progress."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            connection, stage = self.stack.connection_manager, sceptre_stack.stage_of(self.stack)
            registration.register_stage(connection, stage, desired_count(self.stack), self.logger.info)


class CheckCluster(Hook):  # type: ignore[misc]
    """Ask the admin Lambda whether the stage may live on the cluster that its broker string names."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            ask = registration.invoker(self.stack.connection_manager, sceptre_stack.stage_of(self.stack))
            registration.check_cluster(ask, Clock(), self.logger.info)


def desired_count(stack: sceptre_stack.SceptreStack) -> int | None:
    """The setting `desired_count`, read as the connector's template reads it, which also validates it."""
    try:
        value = int(stack.stack_group_config.get("desired_count"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if value > 0 else None
