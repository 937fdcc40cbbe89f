"""A run for one event about the worker: join it to the incident or open one, and mail once. Not a check.

What a check does would come too early: the worker that stopped is not replaced yet. So nothing is restarted
and nothing is found as by a check; it needs neither Connect nor brokers nor database.
"""

import random
import time

from connector.domain.errors import ServerError
from connector.domain.health.event_mail import event_mail
from connector.domain.health.incident import Next, Notification, join
from connector.domain.health.state import HealthState
from connector.domain.health.worker_event import WorkerEvent, parse
from lambda_src.clients.state_table import Table, read_health_state, read_record, replace_item
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.notify import mail_context, send, withdraw
from lambda_src.runtime.deadline import Clock
from lambda_src.runtime.probes import Probe, run
from lambda_src.session import Session

#: Seconds for what a mail is better with but can go without: secrets to redact, the service, the record.
_SECONDS = 12.0
#: How often the state is written at most, while other runs change it, and the longest wait between two.
_ATTEMPTS = 12
_WAIT_SECONDS = 0.5


def worker_run(
    event: object, session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Handle one event of ECS's. Raises `WmsError` as `event_run` does."""
    return event_run(parse(event), session, clients, topic, clock=clock)


def event_run(
    found: WorkerEvent, session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Mail what is new. Raises `WmsError` when it cannot be recorded or mailed: then it is a dead letter."""
    table = session.aws.table(session.environment.table)
    if found.planned:
        return _answer(found, Notification.NOTHING, "a deployment or a change of the desired count is why")
    seen, errors = run(
        [
            Probe("secrets", session.know_confidential, _SECONDS),
            Probe("record", lambda: read_record(table), _SECONDS),
            Probe("service", session.observe_service, _SECONDS),
        ]
    )
    record, service = seen.get("record"), seen.get("service")
    if record is not None and record.retiring:
        return _answer(found, Notification.NOTHING, "the stage is being torn down")
    before, advanced = _recorded(session, table, found, clock)
    if advanced.state is before:
        return _answer(found, Notification.NOTHING, "it was handled before")
    if advanced.notification is Notification.NOTHING:
        return _answer(found, Notification.NOTHING, "it joins an incident that was mailed")
    workers = "there is no service" if service is None else service.describe()
    workers = f"not known: {errors['service']}" if "service" in errors else workers
    joined = advanced.notification is Notification.GROWN
    context = mail_context(session.environment, topic, session.secrets.versions)
    mail = event_mail(context, found, advanced.state, clock(), workers=workers, joined=joined)
    try:
        sent = send(clients.sns, topic, mail, session.redactor, table=table, now=clock())
    except Exception:
        withdraw(table, before.incident, advanced.state.incident, event=found)
        raise
    return _answer(found, advanced.notification if sent else Notification.HELD, found.told)


def _recorded(session: Session, table: Table, event: WorkerEvent, clock: Clock) -> tuple[HealthState, Next]:
    """The state before, and what was written; written anew as long as another run has been faster."""
    for attempt in range(_ATTEMPTS):
        before = read_health_state(table)
        advanced = join(before, event, clock())
        if advanced.state is before:
            return before, advanced
        if replace_item(table, advanced.state.to_item(), replaced_version=before.replaced_version):
            return before, advanced
        if session.deadline.left <= 0:
            break
        # Runs for events that came together would otherwise stay together.
        session.deadline.sleep(random.uniform(0, _WAIT_SECONDS * min(1.0, (attempt + 1) / 4)))  # noqa: S311
    raise ServerError(f"other runs changed the health state {_ATTEMPTS} times; the event is not recorded")


def _answer(event: WorkerEvent, notification: Notification, why: str) -> CheckAnswer:
    facts = {
        "event": event.kind.value,
        "class": event.cause.name,
        "owner": event.cause.owner.value,
        "notified": notification.value,
    }
    summary = f"{event.kind.value} ({event.cause.name}): {why}"
    return CheckAnswer(summary, {}, notification is not Notification.NOTHING, facts)
