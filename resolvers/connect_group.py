"""`!connect_group`: the group of the stage's Connect workers, which a launch never changes."""

import logging

from sceptre.resolvers import Resolver

from connector.aws.admin_function import Clock
from connector.operations import registration
from connector.operations.connect_group import connect_group
from connector.sceptre import stack as sceptre_stack


class ConnectGroup(Resolver):  # type: ignore[misc]
    """Resolve to the Connect group that the stage record, or the cluster, shows."""

    def resolve(self) -> str:
        with sceptre_stack.one_line_errors(self.stack.name):
            stage = sceptre_stack.stage_of(self.stack)
            clock, show = Clock(), logging.getLogger(__name__).debug
            ask = registration.invoker(self.stack.connection_manager, stage, clock, show)
            return connect_group(stage, ask, clock, show)
