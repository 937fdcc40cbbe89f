"""The mail about an event of the worker's service: it opens an incident, or has joined one. Pure."""

from connector.domain.health.mail import Mail, joins, subject, trend
from connector.domain.health.mail_context import MailContext
from connector.domain.health.moments import moment
from connector.domain.health.state import HealthState
from connector.domain.health.worker_event import EventKind, WorkerEvent

#: After so many seconds a mail says that its event is an older one.
_LATE_SECONDS = 300
_LAST = (
    "No further mail follows until this incident ends, however often it happens, unless an error of another "
    "class joins it."
)
_OPENING = {
    EventKind.TASK_STOPPED: "a worker stopped, and neither a deployment nor scaling is why.",
    EventKind.TASK_NOT_STARTED: "a worker's task never started, so it has no log. ECS tries again.",
    EventKind.SERVICE_TROUBLE: "ECS has trouble with the worker's service.",
    EventKind.DEPLOYMENT_FAILED: "a deployment of the worker failed; ECS goes back to the version before.",
    EventKind.LOG_MISSING: "the database lacks a redo log that the connector needs: its task will fail.",
    EventKind.UNREADABLE: "ECS sent an event about the worker that the health check cannot read.",
}


def event_mail(
    context: MailContext, event: WorkerEvent, state: HealthState, now: float, *, workers: str, joined: bool
) -> Mail:
    """What somebody who is woken needs: what ECS or the log says, what it means, the command to run.

    `state` has the event's incident; `joined`: it was open before. `workers`: how many run now, as a text.
    """
    stage, cause, at = context.stage, event.cause, now if event.at is None else event.at
    late = f", reported {round((now - at) / 60)} minutes late" if now - at > _LATE_SECONDS else ""
    earlier = sum(state.worker.counts.values()) > 1
    lines = [
        f"Stage {stage.name}, {moment(at)}{late}: {_OPENING[event.kind]}",
        "",
        *(joins(state.incident) if joined and state.incident else []),
        f"Cause:        {cause.name}: {cause.meaning}",
        f"Last error:   {context.text(event.told)}",
        *([f"{'Task:' if event.kind.of_task else 'Service:':<13} {event.subject}"] if event.subject else []),
        f"Workers now:  {workers}",
        *([f"So far:       {state.worker.summary}"] if earlier else []),
        f"Lag:          {trend(state, {}, now)}",
        context.data(cause),
        "",
        *context.steps(cause),
        *context.links(event.kind),
        "",
        _LAST,
    ]
    return Mail(subject(f"{stage.names.service}: {event.kind} ({cause.name})"), "\n".join(lines))
