"""Before a launch starts or replaces workers: try what can be tried, and say what is about to happen."""

from connector.aws.admin_function import Clock
from connector.domain.stage.launch_plan import announcement
from connector.operations import guarded_changes, registration, worker_change
from connector.operations.signs import Show
from connector.sceptre import preflight
from connector.sceptre import stack as sceptre_stack


def check(stack: sceptre_stack.SceptreStack, clock: Clock, show: Show) -> None:
    """Raise `WmsError` for what the new workers would be refused, while the old ones still stream.

    The brokers are tried by the function's own login, the database by a validation through a worker that
    streams. Of a first launch only names and ports can be tried. An update that leaves the workers alone
    tries no login: registration validates then, and replaces nothing.
    """
    stage = sceptre_stack.stage_of(stack)
    ask = registration.invoker(stack.connection_manager, stage, clock, show)
    registration.check_cluster(ask, clock, show)
    guarded_changes.check_standing(stack, ask, clock, show)
    why = worker_change.reasons(stack, lambda: preflight.template_of(stack))
    if why == ():
        return
    if why:
        show(announcement(why))
    registration.try_first(ask, clock, show)
