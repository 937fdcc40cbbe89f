"""A drill: a mail as the health function would send it, with the same text and through the same topic.

It changes neither the state of incidents nor the restart budget nor a metric, so a drill during an incident
does not hide the incident.
"""

import time
from collections.abc import Mapping
from typing import Any

from connector.domain.capture.signals import TABLES
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError
from connector.domain.health import worker_stops
from connector.domain.health.budget import Budget
from connector.domain.health.drills import KEY, Mailed, OtherMail, metric_of, parse
from connector.domain.health.error_classes import SKIPPED, WORKER, named
from connector.domain.health.event_mail import event_mail
from connector.domain.health.finding import Finding
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.mail import Mail, drill_mail, incident_mail, recovery_mail
from connector.domain.health.mail_context import MailContext
from connector.domain.health.maintenance import summary_mail
from connector.domain.health.maintenance_window import Window
from connector.domain.health.observation import Observation
from connector.domain.health.reminder import reminder_mail
from connector.domain.health.rotation_mail import rotation_mail
from connector.domain.health.rotation_state import Rotation
from connector.domain.health.skipped_changes import Skipped
from connector.domain.health.skipped_lines import Skip
from connector.domain.health.skipped_mail import skipped_mail
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verdict import Verdict
from connector.domain.health.worker_event import EventKind, WorkerEvent
from lambda_src.clients.aws import aws_errors
from lambda_src.connect_health.notify import Sns


def is_drill(event: object) -> bool:
    """Whether an event asks for a drill, well or badly; the schedule's events do not."""
    return isinstance(event, Mapping) and KEY in event


def drill(event: object, context: MailContext, sns: Sns, topic: str) -> dict[str, Any]:
    """Mail what the event asks for. An invalid event is refused with an answer, not with an error."""
    try:
        wanted = parse(event)
    except OperatorError as error:
        return {"refused": str(error)}
    mail = drill_mail(compose(context, wanted, time.time()))
    with aws_errors("sns:Publish"):
        answer = sns.publish(TopicArn=topic, Subject=mail.subject, Message=mail.text)
    return Mailed(mail.subject, str(answer.get("MessageId", ""))).to_payload()


_MADE_UP = "none: this is made up for the drill"


def compose(context: MailContext, wanted: ErrorClass | OtherMail, now: float) -> Mail:
    """The mail as it would be sent about something made up: a finding, a skip of a table, an event."""
    if isinstance(wanted, OtherMail):
        return _other(context, wanted, now)
    if wanted in SKIPPED:
        at = int(now * 1000)
        return skipped_mail(context, [Skipped(Skip(wanted.name), TABLES[0], at, at)], now)
    finding = Finding.failed(metric_of(wanted), _MADE_UP, wanted)
    return incident_mail(context, Verdict((finding,)), HealthState(), Budget(), now)


def _other(context: MailContext, wanted: OtherMail, now: float) -> Mail:
    began = int(now) - _LASTED_SECONDS
    incident = Incident(began, "ConnectorTaskFailed")
    match wanted:
        case OtherMail.RECOVERED:
            return recovery_mail(context, incident, HealthState(), HealthState(), now)
        case OtherMail.JOINED:
            finding = Finding.failed("DbTcpUnreachable", _MADE_UP, named("unreachable"))
            state = HealthState(incident=incident)
            return incident_mail(context, Verdict((finding,)), state, Budget(), now, new_findings=(finding,))
        case OtherMail.HALTED:
            halt = Halt(HaltedBy.OPERATOR, began, _MADE_UP)
            return reminder_mail(context, Observation(halt=halt), Verdict(), now)
        case OtherMail.MAINTENANCE:
            window = Window(began, int(now), _MADE_UP, "a drill")
            return summary_mail(context, window, Observation(), Verdict(), now)
        case OtherMail.ROTATION:
            return rotation_mail(context, Rotation(ended=int(now), reason=_MADE_UP, error_class="login"))
    kind = EventKind(wanted.value)
    event = WorkerEvent(kind, "drill", _EVENT_CLASSES[kind], now, reason=_MADE_UP)
    return event_mail(context, event, HealthState(), now, workers="not looked at", joined=False)


#: How long what is made up has lasted, in seconds.
_LASTED_SECONDS = 600
_EVENT_CLASSES = {
    EventKind.TASK_STOPPED: WORKER,
    EventKind.TASK_NOT_STARTED: worker_stops.SECRET,
    EventKind.SERVICE_TROUBLE: worker_stops.CAPACITY,
    EventKind.DEPLOYMENT_FAILED: worker_stops.DEPLOYMENT,
    EventKind.LOG_MISSING: named("log missing"),
    EventKind.UNREADABLE: worker_stops.UNREADABLE,
}
