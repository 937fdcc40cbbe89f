"""Before a launch starts or replaces workers: try what can be tried, and say what is about to happen."""

from connector.aws import admin_function, calls
from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.errors import ServerError
from connector.domain.stage.backup import Reason
from connector.domain.stage.launch_plan import announcement
from connector.domain.stage.stage import Stage
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
    if why and not stage.ephemeral:
        _back_up(stack.connection_manager, stage, show)


def _back_up(connection: calls.Port, stage: Stage, show: Show) -> None:
    """Write a backup of what the workers stream from; a launch goes on without it, and says so."""
    request = Request(Operation.BACKUP, stage=stage.name, why=Reason.LAUNCH.value)
    try:
        answer = admin_function.invoke_once(connection, stage.names.connect_admin, request)
    except ServerError as error:
        answer = Answer(State.FAILED, str(error))
    show(answer.summary if answer.state is State.DONE else f"no backup was written: {answer.summary}")
