"""The Connect worker's log: the reason for a failure that CloudFormation and Connect do not know.

What reads the lines is imported when there are lines: a launch that goes well, and each of its hooks imports
this module, has none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from connector.aws import calls
from connector.domain.request_values import LogEvent

#: How far back events of the task are read, in seconds: as far as the health check with 5 min heartbeats.
_TASK_SECONDS = 900
#: What goes into a request: a function's payload is limited, and only the newest event counts.
_MOST_EVENTS, _MOST_CHARACTERS = 50, 8000
#: Of lines that tell of skipped changes: a line each, which a cut one tells too. Whoever has that many
#: knows by the newest that something is wrong, and the health check reads all.
_MOST_SKIPS, _MOST_OF_A_SKIP = 500, 2000


def status_events(connection: calls.Port, log_group: str, now: datetime) -> tuple[LogEvent, ...] | None:
    """What a request for the status takes of the log, the oldest first; None when it cannot be read.

    The newest events that the connector's task has logged lately, and the lines of the last hour that tell of
    skipped changes: as far back as a first health check reads. A check that is older is a finding itself.
    """
    from connector.domain.health.causes import TASK_PATTERN  # noqa: PLC0415
    from connector.domain.health.skipped_changes import FIRST_MS  # noqa: PLC0415
    from connector.domain.health.skipped_lines import WORDS  # noqa: PLC0415
    from connector.domain.health.snapshot_lines import SNAPSHOT_WORDS  # noqa: PLC0415

    any_of = " ".join(f'?"{text}"' for text in (*WORDS, *SNAPSHOT_WORDS))
    try:
        task = _newest(connection, log_group, TASK_PATTERN, now.timestamp() * 1000 - _TASK_SECONDS * 1000)
        skips = _newest(connection, log_group, any_of, now.timestamp() * 1000 - FIRST_MS)
    except (ClientError, BotoCoreError):
        return None
    tasks = [(at, message[:_MOST_CHARACTERS]) for at, message in task[-_MOST_EVENTS:]]
    lines = [(at, message[:_MOST_OF_A_SKIP]) for at, message in skips[-_MOST_SKIPS:]]
    # One line twice is no news. In one millisecond the order of the log stays: a start of streaming follows
    # the lines about its tables.
    return tuple(sorted([*lines, *tasks], key=lambda event: event[0]))


@dataclass(frozen=True)
class LoggedLine:
    """One event of a log group; `at` is its time in milliseconds since 1970."""

    id: str
    at: int
    message: str


def events(connection: calls.Port, log_group: str, pattern: str, since: float) -> list[LoggedLine]:
    """The events since a moment, in seconds since 1970, that a filter pattern names; an empty one names all.

    The oldest first. Raises `ServerError`.
    """
    query = {"logGroupName": log_group, "filterPattern": pattern, "startTime": int(since * 1000)}
    with calls.errors():
        pages = calls.pages(connection, "logs", "filter_log_events", query)
        found = [
            (e["timestamp"], str(e.get("eventId", "")), str(e["message"])) for p in pages for e in p["events"]
        ]
    # Where AWS gives no id, as the tests' account does not, time and text stand for it.
    lines = [LoggedLine(key or f"{at} {message}", int(at), message) for at, key, message in found]
    return sorted(lines, key=lambda line: line.at)


def _newest(connection: calls.Port, log_group: str, pattern: str, since: float) -> list[LogEvent]:
    query = {"logGroupName": log_group, "filterPattern": pattern, "startTime": int(since)}
    pages = calls.pages(connection, "logs", "filter_log_events", query)
    found = [(int(e["timestamp"]), str(e["message"])) for page in pages for e in page["events"]]
    return sorted(found, key=lambda event: event[0])


#: How a line begins that is no error: time and level (connector/image/conf).
_OTHER_LEVEL = re.compile(r"\S+ (?:TRACE|DEBUG|INFO|WARN) ")


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
                # The filter finds the word anywhere, also in a line of another level.
                if _OTHER_LEVEL.match(event["message"]):
                    continue
                if newest is None or event["timestamp"] >= newest["timestamp"]:
                    newest = event
    except (ClientError, BotoCoreError):
        return None
    if newest is None:
        return None
    from connector.domain.diagnosis.diagnose import diagnose  # noqa: PLC0415

    return diagnose(newest["message"]).cause
