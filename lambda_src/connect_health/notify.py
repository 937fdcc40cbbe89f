"""Notify: write the health state, and mail what is due, once among runs at the same time."""

from dataclasses import replace
from typing import Any, Protocol

from connector.domain.health.incident import Next, Notification, advance
from connector.domain.health.mail import Mail, incident_mail, recovery_mail
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Outcome
from connector.domain.health.verdict import Verdict
from connector.domain.stage.stage import Stage
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.state_table import Table, replace_item
from lambda_src.runtime.redactor import Redactor


class Sns(Protocol):
    """The part of boto3's client that is used here."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any: ...  # noqa: N803 - boto3's


def topic_arn(function_arn: str, stage: Stage) -> str:
    """ARN of the stage's topic, which is in the account and region of its function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:sns:{region}:{account}:{stage.names.sns_topic}"


def notify(
    stage: Stage,
    seen: Observation,
    verdict: Verdict,
    outcome: Outcome,
    *,
    now: float,
    table: Table,
    sns: Sns,
    topic: str,
    redactor: Redactor,
) -> Notification:
    """Write the health state and send the mail that is due. Only the run whose write succeeds sends it.

    A message that SNS refuses is an error, and the next check sends it again.
    """
    if seen.health_state is None:
        return Notification.NOTHING
    # The text is stored and mailed later, when a secret in it may no longer be known: redact it now.
    outcome = replace(outcome, text=redactor.redact(outcome.text))
    advanced = advance(seen.health_state, seen, verdict, outcome, now)
    if not replace_item(table, advanced.state.to_item(), replaced_version=seen.health_state.replaced_version):
        return Notification.NOTHING
    mail = _mail(stage, seen, verdict, advanced, now)
    if mail is None:
        return Notification.NOTHING
    try:
        with aws_errors("sns:Publish"):
            sns.publish(TopicArn=topic, Subject=mail.subject, Message=redactor.redact(mail.text))
    except Exception:
        unnotified = advanced.state.next(incident=seen.health_state.incident)
        replace_item(table, unnotified.to_item())
        raise
    return advanced.notification


def _mail(stage: Stage, seen: Observation, verdict: Verdict, advanced: Next, now: float) -> Mail | None:
    before, after = seen.health_state, advanced.state
    if advanced.notification in (Notification.INCIDENT, Notification.GROWN):
        return incident_mail(stage, verdict, after, seen.budget, now, new_findings=advanced.new_findings)
    if advanced.notification is Notification.RECOVERY and before is not None and before.incident is not None:
        return recovery_mail(stage, before.incident, after, before, now)
    return None
