"""Run a stage's health check now, as its schedule does."""

from collections.abc import Mapping
from typing import Any

from connector.aws import account
from connector.aws.admin_function import NoFunction
from connector.aws.health_function import invoke_health
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed

#: Without the fields of EventBridge's events, which start other runs.
_EVENT = {"started_by": "wms-connector check"}


def health_check(stage: Stage) -> dict[str, Any]:
    """What the check answers, with `healthy`: whether it found nothing wrong."""
    # A check whose answer was lost has been made: it is not made twice.
    port = account.Account(attempts={"lambda": 1})
    try:
        found = invoke_health(port, stage, _EVENT, "a check")
    except NoFunction:
        raise not_deployed(port, stage, "health function") from None
    if not isinstance(found, Mapping):
        raise ServerError(f"the health Lambda of {stage.name} answered {type(found).__name__}, not an object")
    return {**found, "healthy": bool(found.get("healthy", found.get("summary") == "healthy"))}
