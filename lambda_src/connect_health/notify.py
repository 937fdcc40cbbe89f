"""Tell: write down what comes of a check, and mail what is to be mailed, once among runs at the same time."""

from dataclasses import replace
from typing import Any, Protocol

from connector.domain.health.incident import Next, Tell, follow
from connector.domain.health.mail import Mail, incident_mail, recovery_mail
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Outcome
from connector.domain.health.verdict import Verdict
from connector.domain.stage.stage import Stage
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.state_table import Table, replace_item
from lambda_src.runtime.redactor import Censor


class Sns(Protocol):
    """The part of boto3's client that is used here."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any: ...  # noqa: N803 - boto3's


def topic_arn(function_arn: str, stage: Stage) -> str:
    """The stage's topic, which is where its function is."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:sns:{region}:{account}:{stage.names.sns_topic}"


def tell(
    stage: Stage,
    seen: Observation,
    verdict: Verdict,
    outcome: Outcome,
    *,
    now: float,
    table: Table,
    sns: Sns,
    topic: str,
    censor: Censor,
) -> Tell:
    """What was told. Who writes the memory tells.

    A message that SNS refuses is an error, and due again in the next check.
    """
    if seen.memory is None:
        return Tell.NOTHING
    # What is remembered is mailed later, when a secret that is in it may be known no longer.
    outcome = replace(outcome, text=censor.clean(outcome.text))
    following = follow(seen.memory, seen, verdict, outcome, now)
    if not replace_item(table, following.memory.to_item(), over=seen.memory.over):
        return Tell.NOTHING
    mail = _mail(stage, seen, verdict, following, now)
    if mail is None:
        return Tell.NOTHING
    try:
        with aws_errors("sns:Publish"):
            sns.publish(TopicArn=topic, Subject=mail.subject, Message=censor.clean(mail.text))
    except Exception:
        untold = following.memory.next(incident=seen.memory.incident)
        replace_item(table, untold.to_item())
        raise
    return following.tell


def _mail(stage: Stage, seen: Observation, verdict: Verdict, following: Next, now: float) -> Mail | None:
    before, after = seen.memory, following.memory
    if following.tell in (Tell.INCIDENT, Tell.GROWN):
        return incident_mail(stage, verdict, after, seen.budget, now, news=following.news)
    if following.tell is Tell.RECOVERY and before is not None and before.incident is not None:
        return recovery_mail(stage, before.incident, after, before, now)
    return None
