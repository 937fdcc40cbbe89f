"""The last error in the Connect worker's log: the reason for a failure that CloudFormation does not know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from connector.aws import calls
from connector.domain.health.causes import root_cause, trace_of


def last_error(connection: calls.Port, log_group: str, since: datetime) -> str | None:
    """The root cause of the newest ERROR event since then; None where there is none or it cannot be read.

    Never raises: it only adds to an error that is being reported already.
    """
    query = {
        "logGroupName": log_group,
        "filterPattern": "ERROR",
        "startTime": int(since.timestamp() * 1000),
    }
    newest: Mapping[str, Any] | None = None
    try:
        for page in calls.pages(connection, "logs", "filter_log_events", query):
            for event in page["events"]:
                if newest is None or event["timestamp"] >= newest["timestamp"]:
                    newest = event
    except (ClientError, BotoCoreError):
        return None
    return None if newest is None else root_cause(trace_of(newest["message"]))
