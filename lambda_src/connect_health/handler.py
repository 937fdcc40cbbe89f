"""Entry point of the health function: `lambda_src.connect_health.handler.handler`.

The schedule, events about the worker and about secrets, lines of its log and the fire drill start it. A
further kind of event is a further kind of run in `_run`; what no kind claims is a check, which looks at
everything itself.
"""

import time
from dataclasses import replace
from typing import Any

from connector.domain.health.log_batch import is_log_batch
from connector.domain.health.secret_event import is_secret_event
from connector.domain.health.worker_event import is_event
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.drill import drill, is_drill
from lambda_src.connect_health.notify import mail_context, topic_arn
from lambda_src.connect_health.rotation_run import CHECK_SECONDS, check_run, rotation_run
from lambda_src.runtime.invocation import Context, Invocation
from lambda_src.session import Session

#: What is kept back to publish, notify and log, in seconds.
_SPARE_SECONDS = 12.0


class HealthCheckError(Exception):
    """The check could not be made."""


def handler(event: object, context: Context) -> dict[str, Any]:
    """Make one check, handle one event of ECS's, or mail one drill.

    An unexpected error is raised, so that Lambda counts it.
    """
    started = time.monotonic()
    invocation = Invocation.of(context)
    redactor = invocation.redactor
    try:
        environment = invocation.environment
        clients = CheckClients.real()
        topic = topic_arn(invocation.function_arn, environment.stage)
        if is_drill(event):
            return drill(event, mail_context(environment, topic), clients.sns, topic)
        deadline = invocation.deadline(spare=_SPARE_SECONDS)
        session = Session(environment, invocation.account, deadline, redactor, aws=clients.aws)
        answer = _run(event, session, clients, topic)
    except Exception:
        invocation.log.exception("the health check failed")
        # Without the cause's message, which Lambda would log unredacted; the line above is redacted.
        raise HealthCheckError(f"see the log under request {invocation.request_id}") from None
    seconds = round(time.monotonic() - started, 3)
    facts = {"verdict": "health", "connector": CONNECTOR, "seconds": seconds, **answer.facts}
    invocation.log_result(answer.summary, facts, failed=answer.wrong)
    payload: dict[str, Any] = redactor.redact_values({"summary": answer.summary, **answer.facts})
    return {**payload, "healthy": not answer.wrong, "metrics": dict(answer.metrics), "seconds": seconds}


def _run(event: object, session: Session, clients: CheckClients, topic: str) -> CheckAnswer:
    if is_secret_event(event):
        return rotation_run(session, clients, topic)
    within = replace(session, deadline=session.deadline.sooner(CHECK_SECONDS))
    if is_log_batch(event):
        from lambda_src.connect_health.login_run import login_run  # noqa: PLC0415 - most runs are the schedule's

        return login_run(event, within, clients, topic)
    if is_event(event):
        from lambda_src.connect_health.worker_run import worker_run  # noqa: PLC0415

        return worker_run(event, within, clients, topic)
    return check_run(session, clients, topic)
