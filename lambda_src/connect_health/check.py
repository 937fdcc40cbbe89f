"""One check: gather, decide, act, publish, notify."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.health.halt_end import has_ended
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Outcome
from connector.domain.health.verdict import Verdict, decide
from lambda_src.clients import aws
from lambda_src.clients.ecs import Ecs
from lambda_src.clients.objects import S3
from lambda_src.clients.secrets import SecretsManager
from lambda_src.clients.state_table import Table
from lambda_src.clients.worker_log import Logs
from lambda_src.connect_health.abandoned import clear_abandoned
from lambda_src.connect_health.act import act, observed
from lambda_src.connect_health.daily_backup import daily_backup
from lambda_src.connect_health.end_maintenance import end_maintenance
from lambda_src.connect_health.notify import Sns, mail_context, notify, unconfirmed
from lambda_src.connect_health.publish import CloudWatch, publish
from lambda_src.connect_health.remind import remind
from lambda_src.connect_health.skipped import keep_and_tell
from lambda_src.logins import end_halt
from lambda_src.observe import observe
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Aws, Session


@dataclass(frozen=True)
class CheckClients:
    """The AWS clients of a check."""

    aws: Aws
    cloudwatch: CloudWatch
    sns: Sns

    @classmethod
    def real(cls) -> "CheckClients":
        """Made once per process, and not in the threads that use them, which boto3 does not allow."""
        return _real()


@lru_cache(maxsize=1)
def _real() -> CheckClients:
    secrets_manager = cast(SecretsManager, aws.client("secretsmanager"))
    ecs = cast(Ecs, aws.client("ecs"))
    logs = cast(Logs, aws.client("logs"))
    dynamodb = aws.resource("dynamodb")
    tables: dict[str, Table] = {}

    def table(name: str) -> Table:
        return tables.setdefault(name, cast(Table, dynamodb.Table(name)))

    return CheckClients(
        Aws(lambda: secrets_manager, lambda: ecs, table, lambda: logs, lambda: cast(S3, aws.client("s3"))),
        cast(CloudWatch, aws.client("cloudwatch")),
        cast(Sns, aws.client("sns")),
    )


@dataclass(frozen=True)
class CheckAnswer:
    """The result of a check. `facts` has what was done and mailed, and the owners of the findings."""

    summary: str
    metrics: Mapping[str, float]
    wrong: bool
    facts: Mapping[str, Any]


def check(
    session: Session,
    clients: CheckClients,
    topic: str,
    *,
    clock: Clock = time.time,
) -> CheckAnswer:
    """Make one check. Raises `WmsError` when what it found cannot be published or mailed."""
    environment = session.environment
    seen = observe(session, clock=clock, watch_scn=True)
    now = clock()
    verdict = decide(seen, environment.settings, now)
    outcome = act(session, verdict.remediation, seen.budget, clock=clock)
    if has_ended(seen, now):
        end_halt(session, now, only=lambda halt: halt == seen.halt)
    overdue, backup = ({}, "") if verdict.retiring else daily_backup(session, seen, now)
    values = {**verdict.metrics, **overdue}
    if not verdict.retiring:
        values |= {"AutoRestartAttempted": float(outcome.attempted), **unconfirmed(clients.sns, topic)}
    publish(clients.cloudwatch, environment.stage.names.health_namespace, values)
    if not outcome.attempted and not verdict.retiring:
        observed(session, seen.budget, now, healthy=verdict.works)
    context = mail_context(environment, topic, seen.secret_versions)
    told = _tell(
        session,
        clients,
        context,
        seen=seen,
        verdict=verdict,
        outcome=outcome,
        topic=topic,
        clock=clock,
    )
    facts = {
        "rest": verdict.rest,
        "done": outcome.text,
        "withheld": verdict.remediation.withheld,
        **told,
        "backup": backup,
        "comparison": "" if verdict.retiring else clear_abandoned(session, now),
        "causes": {f.name: _cause(f.cause) for f in verdict.findings if f.cause is not None},
        "unknown": {finding.name: finding.summary for finding in verdict.results if finding.unknown},
        "secrets_changed": list(seen.secrets_changed),
    }
    summary = with_names(verdict.summary, environment.stage)
    return CheckAnswer(summary, values, bool(verdict.findings), facts)


def _tell(
    session: Session,
    clients: CheckClients,
    context: MailContext,
    *,
    seen: Observation,
    verdict: Verdict,
    outcome: Outcome,
    topic: str,
    clock: Clock,
) -> Mapping[str, Any]:
    """Mail what is due, and end a maintenance window that is over; what of it is a fact of the check."""
    now, table = clock(), session.aws.table(session.environment.table)
    notification = notify(
        context,
        seen,
        verdict,
        outcome,
        now=now,
        table=table,
        sns=clients.sns,
        topic=topic,
        redactor=session.redactor,
    )
    if verdict.retiring:
        return {"notified": notification.value, "skipped_changes_mailed": [], "reminded": False}
    told = keep_and_tell(
        context, seen, now=now, table=table, sns=clients.sns, topic=topic, redactor=session.redactor
    )
    reminded = remind(
        context,
        seen,
        verdict,
        now=now,
        table=table,
        sns=clients.sns,
        topic=topic,
        redactor=session.redactor,
    )
    # Last, so that what this check would have mailed is in the summary.
    ended = end_maintenance(
        session, context, seen, verdict, table=table, sns=clients.sns, topic=topic, clock=clock
    )
    return {
        "notified": notification.value,
        "skipped_changes_mailed": [f"{entry.kind.value} {entry.table}" for entry in told],
        "reminded": reminded,
        "maintenance": ended or seen.maintenance.describe(now),
    }


def _cause(cause: ErrorClass) -> Mapping[str, str]:
    return {"class": cause.name, "owner": cause.owner.value}
