"""Entry point of the health check: `lambda_src.connect_health.handler.handler`, called on a schedule."""

import os
from typing import Any, Protocol, cast

import boto3

from lambda_src.aws import CLIENT_CONFIG
from lambda_src.censor import Censor
from lambda_src.connect_admin.environment import Environment
from lambda_src.connect_admin.session import Session
from lambda_src.connect_health.observe import observe
from lambda_src.connect_health.publish import CloudWatch, publish
from lambda_src.connect_health.verdict import decide
from lambda_src.deadline import Deadline
from lambda_src.logs import invocation_logger

#: What is kept back to publish and log, in seconds.
_SPARE_SECONDS = 12.0


class HealthCheckError(Exception):
    """The check could not be made."""


class Context(Protocol):
    """The part of the Lambda context that is used here."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(_event: object, context: Context) -> dict[str, Any]:
    """Observe, decide, publish. What nobody foresaw is raised: it counts as an error of the function."""
    censor = Censor()
    log = invocation_logger(censor, stage=os.environ.get("STAGE", ""), request=context.aws_request_id)
    try:
        environment = Environment.parse(os.environ)
        deadline = Deadline.within(context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS)
        account = context.invoked_function_arn.split(":")[4]
        seen = observe(Session(environment, account, deadline, censor))
        verdict = decide(seen, environment.settings)
        cloudwatch = cast(CloudWatch, boto3.client("cloudwatch", config=CLIENT_CONFIG))
        publish(cloudwatch, environment.stage.names.health_namespace, verdict.metrics)
    except Exception:
        log.exception("the health check failed")
        # Without the words of the cause: Lambda would log them as they are, the line above is cleaned.
        raise HealthCheckError(f"see the log under request {context.aws_request_id}") from None
    (log.error if verdict.findings else log.info)(verdict.summary, extra={"facts": {"verdict": "health"}})
    return {"summary": censor.clean(verdict.summary), "metrics": dict(verdict.metrics)}
