"""The Connect worker's log: the reason for a failure that CloudFormation and Connect do not know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from connector.aws import calls
from connector.domain.admin_api import LogEvent
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.health.causes import TASK_PATTERN

#: How far back events of the task are read, in seconds: as far as the health check with 5 min heartbeats.
_TASK_SECONDS = 900
#: What goes into a request: a function's payload is limited, and only the newest event counts.
_MOST_EVENTS, _MOST_CHARACTERS = 50, 8000


def task_events(connection: calls.Port, log_group: str, now: datetime) -> tuple[LogEvent, ...] | None:
    """The newest events that the connector's task has logged lately; None when they cannot be read."""
    query = {
        "logGroupName": log_group,
        "filterPattern": TASK_PATTERN,
        "startTime": int((now.timestamp() - _TASK_SECONDS) * 1000),
    }
    try:
        pages = calls.pages(connection, "logs", "filter_log_events", query)
        found = [(int(e["timestamp"]), str(e["message"])) for page in pages for e in page["events"]]
    except (ClientError, BotoCoreError):
        return None
    newest = sorted(found, key=lambda event: event[0])[-_MOST_EVENTS:]
    return tuple((at, message[:_MOST_CHARACTERS]) for at, message in newest)


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
    return None if newest is None else diagnose(newest["message"]).cause
