"""Entry point of the health function: `lambda_src.connect_health.handler.handler`.

The schedule, events about the worker and about secrets, lines of its log and the fire drill start it; `runs`
says what each starts.
"""

import time
from typing import Any

from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.runtime.invocation import Context, Invocation


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
        from lambda_src.connect_health import runs  # noqa: PLC0415 - a cold start is shorter

        answer = runs.run(event, invocation)
    except Exception:
        invocation.log.exception("the health check failed")
        # Without the cause's message, which Lambda would log unredacted; the line above is redacted.
        raise HealthCheckError(f"see the log under request {invocation.request_id}") from None
    if isinstance(answer, dict):
        return answer
    seconds = round(time.monotonic() - started, 3)
    facts = {"verdict": "health", "connector": CONNECTOR, "seconds": seconds, **answer.facts}
    invocation.log_result(answer.summary, facts, failed=answer.wrong)
    payload: dict[str, Any] = redactor.redact_values({"summary": answer.summary, **answer.facts})
    return {**payload, "healthy": not answer.wrong, "metrics": dict(answer.metrics), "seconds": seconds}
