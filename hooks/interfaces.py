"""`!wms_wait_interfaces`: before the network stack is deleted, wait for the Lambdas' network interfaces."""

from sceptre.hooks import Hook

from connector.operations import interfaces
from connector.sceptre import stack as sceptre_stack


class WaitForInterfaces(Hook):  # type: ignore[misc]
    """Wait until no network interface of Lambda is in the stack's security groups, and show progress."""

    def run(self) -> None:
        stack = self.stack
        with sceptre_stack.one_line_errors(stack.name):
            interfaces.wait_for_interfaces(stack.connection_manager, stack.external_name, self.logger.info)
