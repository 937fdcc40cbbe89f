"""Entry point of the health check: `lambda_src.connect_health.handler.handler`, called on a schedule."""

import time
from typing import Any

from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_health.check import CheckClients, check
from lambda_src.connect_health.drill import drill, is_drill
from lambda_src.connect_health.notify import topic_arn
from lambda_src.runtime.invocation import Context, Invocation
from lambda_src.session import Session

#: What is kept back to publish, notify and log, in seconds.
_SPARE_SECONDS = 12.0


class HealthCheckError(Exception):
    """The check could not be made."""


def handler(event: object, context: Context) -> dict[str, Any]:
    """Make one check, or mail one drill. An unexpected error is raised, so that Lambda counts it."""
    started = time.monotonic()
    invocation = Invocation.of(context)
    redactor = invocation.redactor
    try:
        environment = invocation.environment
        clients = CheckClients.real()
        topic = topic_arn(invocation.function_arn, environment.stage)
        if is_drill(event):
            return drill(event, environment.stage, clients.sns, topic)
        deadline = invocation.deadline(spare=_SPARE_SECONDS)
        session = Session(environment, invocation.account, deadline, redactor, aws=clients.aws)
        answer = check(session, clients, topic)
    except Exception:
        invocation.log.exception("the health check failed")
        # Without the cause's message, which Lambda would log unredacted; the line above is redacted.
        raise HealthCheckError(f"see the log under request {invocation.request_id}") from None
    seconds = round(time.monotonic() - started, 3)
    facts = {"verdict": "health", "connector": CONNECTOR, "seconds": seconds, **answer.facts}
    invocation.log_result(answer.summary, facts, failed=answer.wrong)
    payload: dict[str, Any] = redactor.redact_values({"summary": answer.summary, **answer.facts})
    return {**payload, "metrics": dict(answer.metrics), "seconds": seconds}
