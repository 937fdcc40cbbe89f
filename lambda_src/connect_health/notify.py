"""Notify: write the health state, and mail what is due, once among runs at the same time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from connector.domain.errors import WmsError
from connector.domain.health.incident import Next, Notification, advance
from connector.domain.health.mail import Mail, incident_mail, recovery_mail
from connector.domain.health.mail_context import MailContext, context_in
from connector.domain.health.maintenance_window import HeldMail
from connector.domain.health.metrics import UNCONFIRMED
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Outcome
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verdict import Verdict
from connector.domain.health.worker_event import WorkerEvent
from connector.domain.secrets.redactor import Redactor
from connector.domain.stage.stage import Stage
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.state_table import Table, read_health_state, replace_item
from lambda_src.maintenance import hold
from lambda_src.runtime.environment import Environment

#: How often a state is written at most, while runs for events change it.
_ATTEMPTS = 5


class Sns(Protocol):
    """The part of boto3's client that is used here."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any: ...  # noqa: N803 - boto3's

    def get_topic_attributes(self, *, TopicArn: str) -> Any: ...  # noqa: N803


def topic_arn(function_arn: str, stage: Stage) -> str:
    """ARN of the stage's topic, which is in the account and region of its function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:sns:{region}:{account}:{stage.names.sns_topic}"


def mail_context(environment: Environment, topic: str, paths: Iterable[str] = ()) -> MailContext:
    """What the stage's mails say of where it is. `paths`: the secrets that are in use."""
    return context_in(
        topic,
        environment.stage,
        docs_url=environment.docs_url,
        secret_prefix=environment.secret_prefix,
        kind=environment.settings.kind,
        paths=paths,
    )


def notify(
    context: MailContext,
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
    before, advanced = _written(table, seen, verdict, outcome, now)
    if advanced is None:
        return Notification.NOTHING
    mail = _mail(context, seen, verdict, advanced, before=before, now=now)
    if mail is None:
        return Notification.NOTHING
    try:
        sent = send(sns, topic, mail, redactor, table=table, now=now)
    except Exception:
        withdraw(table, before.incident, advanced.state.incident)
        raise
    return advanced.notification if sent else Notification.HELD


def unconfirmed(sns: Sns, topic: str) -> Mapping[str, float]:
    """How many addresses of the topic for people have not been confirmed, as a metric.

    Nothing if SNS does not say: then the alarm keeps its state, and the check goes on.
    """
    try:
        with aws_errors("sns:GetTopicAttributes"):
            attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        return {UNCONFIRMED: float(attributes["SubscriptionsPending"])}
    except (WmsError, LookupError, ValueError):
        return {}


def send(sns: Sns, topic: str, mail: Mail, redactor: Redactor, *, table: Table, now: float) -> bool:
    """Publish a mail, redacted, unless a maintenance window holds it; whether it was published.

    Raises `ServerError` when SNS refuses it.
    """
    text = redactor.redact(mail.text)
    if not mail.urgent and hold(table, HeldMail(int(now), mail.subject, text)):
        return False
    with aws_errors("sns:Publish"):
        sns.publish(TopicArn=topic, Subject=mail.subject, Message=text)
    return True


def withdraw(
    table: Table, before: Incident | None, after: Incident | None, *, event: WorkerEvent | None = None
) -> None:
    """Take back that people were notified, and the event that they were to be notified of.

    What other runs have written since then stays. An incident that has changed again was mailed by another
    run, so it stays too.
    """
    for _ in range(_ATTEMPTS):
        state = read_health_state(table)
        if state.incident != after:
            return
        worker = state.worker if event is None else state.worker.without(event)
        if replace_item(table, state.next(incident=before, worker=worker).to_item()):
            return


def _written(
    table: Table, seen: Observation, verdict: Verdict, outcome: Outcome, now: float
) -> tuple[HealthState, Next | None]:
    """The state before, and what was written; nothing if another check was faster.

    What only a run for an event has changed meanwhile is taken over: else a worker that stops each minute
    would keep checks from counting.
    """
    before = seen.health_state or HealthState()
    for _ in range(_ATTEMPTS):
        advanced = advance(before, seen, verdict, outcome, now)
        if replace_item(table, advanced.state.to_item(), replaced_version=before.replaced_version):
            return before, advanced
        found = read_health_state(table)
        if not found.same_check(before):
            break
        before = found
    return before, None


def _mail(
    context: MailContext,
    seen: Observation,
    verdict: Verdict,
    advanced: Next,
    *,
    before: HealthState,
    now: float,
) -> Mail | None:
    after = advanced.state
    if advanced.notification in (Notification.INCIDENT, Notification.GROWN):
        return incident_mail(context, verdict, after, seen.budget, now, new_findings=advanced.new_findings)
    if advanced.notification is Notification.RECOVERY and before.incident is not None:
        return recovery_mail(
            context, before.incident, after, before, now, rest=verdict.rest, measured=verdict.metrics
        )
    return None
