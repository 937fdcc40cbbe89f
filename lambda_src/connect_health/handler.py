"""Entry point of the health check: `lambda_src.connect_health.handler.handler`, called on a schedule."""

import os
import time
from typing import Any, Protocol

from connector.domain.stage.names import CONNECTOR
from lambda_src.connect_health.check import Clients, check
from lambda_src.connect_health.drill import drill, is_drill
from lambda_src.connect_health.notify import topic_arn
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.runtime.logs import invocation_logger
from lambda_src.runtime.redactor import Redactor
from lambda_src.session import Session

#: What is kept back to publish, notify and log, in seconds.
_SPARE_SECONDS = 12.0


class HealthCheckError(Exception):
    """The check could not be made."""


class Context(Protocol):
    """The part of the Lambda context that is used here."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """Make one check, or mail one drill. An unexpected error is raised, so that Lambda counts it."""
    started = time.monotonic()
    redactor = Redactor()
    log = invocation_logger(redactor, stage=os.environ.get("STAGE", ""), request=context.aws_request_id)
    try:
        environment = Environment.parse(os.environ)
        clients = Clients.real()
        arn = context.invoked_function_arn
        if is_drill(event):
            return drill(event, environment.stage, clients.sns, topic_arn(arn, environment.stage))
        deadline = Deadline.within(context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS)
        session = Session(environment, arn.split(":")[4], deadline, redactor, aws=clients.aws)
        answer = check(session, clients, topic_arn(arn, environment.stage))
    except Exception:
        log.exception("the health check failed")
        # Without the cause's message, which Lambda would log unredacted; the line above is redacted.
        raise HealthCheckError(f"see the log under request {context.aws_request_id}") from None
    seconds = round(time.monotonic() - started, 3)
    facts = {"verdict": "health", "connector": CONNECTOR, "seconds": seconds, **answer.facts}
    (log.error if answer.wrong else log.info)(answer.summary, extra={"facts": facts})
    answer_payload: dict[str, Any] = redactor.redact_values({"summary": answer.summary, **answer.facts})
    return {**answer_payload, "metrics": dict(answer.metrics), "seconds": seconds}
