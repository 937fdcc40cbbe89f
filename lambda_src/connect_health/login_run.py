"""A run for lines of the worker's log that may tell of a refused login: stop the connector, mail once.

Not a check: it looks at nothing else, so that the connector stops before its account is locked.
"""

import random
import time
from collections.abc import Sequence

from connector.domain.errors import ServerError
from connector.domain.health.finding import Finding
from connector.domain.health.incident import Next, Notification, join_refusal
from connector.domain.health.log_batch import parse_batch
from connector.domain.health.mail import incident_mail
from connector.domain.health.observation import Task
from connector.domain.health.refused_login import RefusedLogin, refused_login
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict
from lambda_src.clients.state_table import (
    Table,
    read_budget,
    read_halt,
    read_health_state,
    read_record,
    read_validation,
    replace_item,
)
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.notify import mail_context, send, withdraw
from lambda_src.logins import halt_after, operator_halts, remember_worker, secret_of, task_with_id
from lambda_src.runtime.deadline import Clock
from lambda_src.runtime.probes import Probe, run
from lambda_src.session import Session

#: The metric of which the connector's halt is a finding: the next check finds the same.
_METRIC = "ConnectorStateFailed"
#: Seconds for what is read before anything is done.
_SECONDS = 12.0
#: A task that has stopped, or does so.
_ENDED = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
#: How often the state is written at most, while other runs change it.
_ATTEMPTS = 12
_WAIT_SECONDS = 0.5


def login_run(
    event: object, session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Handle one batch of lines. Raises `WmsError` when it cannot be recorded or mailed: a dead letter."""
    batch = parse_batch(event)
    told = [(at, found) for at, line in batch.events if (found := refused_login(line)) is not None]
    if not told:
        return _answer(None, Notification.NOTHING, "no line tells of a refused login")
    table = session.aws.table(session.environment.table)
    of_task = [(at, found) for at, found in told if not found.validation]
    if not of_task:
        return _of_validation(session, batch.task, told, clock())
    at, refused = of_task[-1]
    seen, errors = run(
        [
            Probe("secrets", session.know_confidential, _SECONDS),
            Probe("record", lambda: read_record(table), _SECONDS),
            Probe("task", lambda: task_with_id(session, batch.task), _SECONDS),
        ]
    )
    record, task = seen.get("record"), seen.get("task")
    if record is not None and record.retiring:
        return _answer(refused, Notification.NOTHING, "the stage is being torn down")
    halt = read_halt(table)
    if halt.by is None and at <= halt.at * 1000:
        return _answer(refused, Notification.NOTHING, "the line is older than the end of the last halt")
    if "task" not in errors and _is_replaced(session, task, refused.secret):
        remember_worker(session, refused, task, clock())
        return _answer(refused, Notification.NOTHING, f"worker {batch.task} was replaced by a newer one")
    by_operator = operator_halts(session, halt)
    done = session.redactor.redact(halt_after(session, refused, task, clock()))
    if by_operator:
        return _answer(refused, Notification.NOTHING, f"an operator has halted the connector; {done}")
    finding = Finding.failed(_METRIC, session.redactor.redact(refused.cause), refused.error_class)
    before, advanced = _recorded(session, table, finding, done, clock)
    if advanced.notification is Notification.NOTHING:
        return _answer(refused, Notification.NOTHING, f"it was mailed before; {done}")
    mail = incident_mail(
        mail_context(session.environment, topic, session.secrets.versions),
        Verdict((finding,)),
        advanced.state,
        read_budget(table),
        clock(),
        new_findings=advanced.new_findings,
    )
    try:
        sent = send(clients.sns, topic, mail, session.redactor, table=table, now=clock())
    except Exception:
        withdraw(table, before.incident, advanced.state.incident)
        raise
    return _answer(refused, advanced.notification if sent else Notification.HELD, done)


def _of_validation(
    session: Session, task: str, told: Sequence[tuple[int, RefusedLogin]], now: float
) -> CheckAnswer:
    """Remember what a worker was refused with that validated a config; whoever asked for it is told."""
    mark = read_validation(session.aws.table(session.environment.table))
    refused = next((found for at, found in told if mark.covers(at / 1000)), None)
    if refused is None:
        return _answer(told[-1][1], Notification.NOTHING, "a validation with another login was refused")
    known = remember_worker(session, refused, task_with_id(session, task), now)
    done = "its version is remembered" if known else "its version is not known"
    return _answer(refused, Notification.NOTHING, f"a validation was refused; {done}")


def _is_replaced(session: Session, task: Task | None, secret: str) -> bool:
    """Whether a worker has stopped and a newer one runs with another version of the secret.

    One that ends because it is refused is replaced, too: by a worker with the same version.
    """
    if task is not None and task.status not in _ENDED:
        return False
    service = session.observe_service()
    running = [] if service is None else [each for each in service.tasks if each.status == "RUNNING"]
    if task is None:
        # ECS has forgotten it, after an hour or so.
        return bool(running)
    had = secret_of(session, task, secret)
    newer = [each for each in running if (each.created_at or 0) > (task.created_at or 0)]
    return any((now := secret_of(session, each, secret)).version and now != had for each in newer)


def _recorded(
    session: Session, table: Table, finding: Finding, done: str, clock: Clock
) -> tuple[HealthState, Next]:
    """The state before, and what was written; written anew as long as another run has been faster."""
    for _ in range(_ATTEMPTS):
        before = read_health_state(table)
        advanced = join_refusal(before, finding, done, clock())
        if advanced.state is before:
            return before, advanced
        if replace_item(table, advanced.state.to_item(), replaced_version=before.replaced_version):
            return before, advanced
        session.deadline.sleep(random.uniform(0, _WAIT_SECONDS))  # noqa: S311
    raise ServerError(f"other runs changed the health state {_ATTEMPTS} times; the refusal is not recorded")


def _answer(refused: RefusedLogin | None, notification: Notification, why: str) -> CheckAnswer:
    facts = {"event": "LoginRefused", "notified": notification.value}
    if refused is not None:
        cause = refused.error_class
        facts |= {"class": cause.name, "owner": cause.owner.value}
    summary = f"refused login ({'none' if refused is None else refused.error_class.name}): {why}"
    return CheckAnswer(summary, {}, notification is not Notification.NOTHING, facts)
