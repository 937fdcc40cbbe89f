"""Act: restart what failed, or register what is missing, after claiming it from the restart budget."""

import time

from connector.domain.admin_api import State
from connector.domain.diagnosis.redaction import without_values
from connector.domain.errors import WmsError
from connector.domain.health.budget import ACT_WITHIN_SECONDS, Budget
from connector.domain.health.error_classes import classify
from connector.domain.health.remediation import Action, Outcome, Remediation
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import claim_restart, replace_item
from lambda_src.connect_admin.registration.put_connector import register
from lambda_src.logins import check_may_log_in, halt_after
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session


def act(
    session: Session, remediation: Remediation, budget: Budget | None, *, clock: Clock = time.time
) -> Outcome:
    """Do what was decided, at most once among all runs that decided it. Never raises `WmsError`."""
    if remediation.action is Action.STOP and remediation.login is not None:
        # A stop is no restart: it counts for nothing, and a second one changes nothing.
        tasks = {task.address: task for task in session.service.tasks}
        worker = tasks.get(remediation.address)
        text = halt_after(session, remediation.login, worker, clock())
        return Outcome(attempted=False, text=text, stopped=True)
    if remediation.action is Action.NOTHING or budget is None:
        return Outcome()
    table = session.aws.table(session.environment.table)
    now = clock()
    refusal = budget.refusal(now)
    if refusal is not None:
        return Outcome(text=refusal.reason)
    try:
        if not claim_restart(table, budget, now):
            return Outcome(text="another health check is acting at the same time")
    except WmsError as error:
        return Outcome(text=f"the restart could not be counted, so it was not made: {error}")
    if clock() - now > ACT_WITHIN_SECONDS:
        return Outcome(text="counting the restart took too long, so it was not made; it still counts")
    return _restart(session) if remediation.action is Action.RESTART else _register(session)


def observed(session: Session, budget: Budget | None, now: float, *, healthy: bool) -> None:
    """Record in the budget whether the stage was healthy; another run may have recorded it already."""
    if budget is None:
        return
    changed = budget.observed(now, healthy=healthy)
    if changed is not budget:
        replace_item(session.aws.table(session.environment.table), changed.to_item())


def _restart(session: Session) -> Outcome:
    try:
        check_may_log_in(session)
        session.connect().restart_failed(CONNECTOR)
    except WmsError as error:
        return Outcome(True, without_values(f"Connect refused the restart: {error}"))
    return Outcome(True, "restarted the failed connector or task")


def _register(session: Session) -> Outcome:
    """The admin function's own use case: it refuses while the stage is being torn down."""
    try:
        answer = register(session)
    except WmsError as error:
        message = without_values(f"registering the connector failed: {error}")
        return Outcome(True, message, classify(str(error)).name)
    if answer.state is State.FAILED:
        message = without_values(f"registering the connector was refused: {answer.summary}")
        return Outcome(True, message, classify(answer.summary).name)
    return Outcome(True, f"registered the connector: {answer.summary}")
