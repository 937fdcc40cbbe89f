"""A drill: the mail that an error class would send, with the same text and through the same topic.

It changes neither the state of incidents nor the restart budget nor a metric, so a drill during an incident
does not hide the incident.
"""

import time
from collections.abc import Mapping
from typing import Any

from connector.domain.capture.signals import TABLES
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError
from connector.domain.health.budget import Budget
from connector.domain.health.drills import KEY, Mailed, metric_of, parse
from connector.domain.health.error_classes import SKIPPED
from connector.domain.health.finding import Finding
from connector.domain.health.mail import Mail, drill_mail, incident_mail
from connector.domain.health.skipped_changes import Skipped
from connector.domain.health.skipped_lines import Skip
from connector.domain.health.skipped_mail import skipped_mail
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict
from connector.domain.stage.stage import Stage
from lambda_src.clients.aws import aws_errors
from lambda_src.connect_health.notify import Sns


def is_drill(event: object) -> bool:
    """Whether an event asks for a drill, well or badly; the schedule's events do not."""
    return isinstance(event, Mapping) and KEY in event


def drill(event: object, stage: Stage, sns: Sns, topic: str) -> dict[str, Any]:
    """Mail what the event asks for. An invalid event is refused with an answer, not with an error."""
    try:
        cause = parse(event)
    except OperatorError as error:
        return {"refused": str(error)}
    mail = compose(stage, cause, time.time())
    with aws_errors("sns:Publish"):
        answer = sns.publish(TopicArn=topic, Subject=mail.subject, Message=mail.text)
    return Mailed(mail.subject, str(answer.get("MessageId", ""))).to_payload()


def compose(stage: Stage, cause: ErrorClass, now: float) -> Mail:
    """The mail of an incident that consists of one made-up finding, or of one made-up skip of a table."""
    if cause in SKIPPED:
        at = int(now * 1000)
        return drill_mail(skipped_mail(stage, [Skipped(Skip(cause.name), TABLES[0], at, at)], now))
    reason = "none: this error is made up for the drill"
    finding = Finding.failed(metric_of(cause), reason, cause)
    return drill_mail(incident_mail(stage, Verdict((finding,)), HealthState(), Budget(), now))
