"""The worker's newest error about a task that makes no progress, from its log group.

Connect reports RUNNING for as long as Debezium retries a failing connection; only the log has the reason.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connector.domain.health.causes import TASK_PATTERN, is_consequence, of_task, trace_of
from connector.domain.request_values import LogEvent
from lambda_src.clients.aws import aws_errors

#: Debezium repeats a failed connection every few seconds, each time for as long as the driver waits.
SECONDS = 180
#: A page may be empty although more follow: a group has a stream for each task that ever ran. The probe's
#: time limit may end the search earlier.
_PAGES = 50
#: How much of a log is read at once, in milliseconds: what was read so far counts when the time is up.
_PART_MS = 6 * 3600 * 1000
_LEVELS = (" WARN ", " ERROR ")
_TRACE = "Exception"


class Logs(Protocol):
    """The part of boto3's client that is used here."""

    def filter_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        startTime: int,  # noqa: N803
        filterPattern: str,  # noqa: N803
        **page: Any,
    ) -> Any: ...


@dataclass(frozen=True)
class GivenLog:
    """`Logs` over the events that a caller has read, for a function that has no right to read them."""

    events: Sequence[LogEvent]

    def filter_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803
        startTime: int,  # noqa: N803
        filterPattern: str,  # noqa: N803
        **page: Any,
    ) -> Any:
        """All events since a time, on one page; the caller has applied the pattern."""
        del logGroupName, filterPattern, page
        return {"events": [{"timestamp": at, "message": text} for at, text in self.events if at >= startTime]}


def last_failure(logs: Logs, group: str, now: float, *, seconds: float = SECONDS, about: str = "") -> str:
    """The trace that a task logged last, as several lines; empty when it logged none recently.

    With `about` only events that hold this text count.
    """
    found: list[Mapping[str, Any]] = []
    page: dict[str, str] = {}
    for _ in range(_PAGES):
        with aws_errors(f"logs:FilterLogEvents of {group}"):
            answer = logs.filter_log_events(
                logGroupName=group, startTime=int((now - seconds) * 1000), filterPattern=TASK_PATTERN, **page
            )
        events = answer.get("events", [])
        found += [event for event in events if about in event["message"] and is_trace(event["message"])]
        if not answer.get("nextToken"):
            break
        page = {"nextToken": answer["nextToken"]}
    return newest(found)


def is_trace(line: str) -> bool:
    """Whether a line is a task's trace."""
    return of_task(line) and _TRACE in line and any(level in line for level in _LEVELS)


def newest(events: Sequence[Mapping[str, Any]]) -> str:
    """The trace of the newest event; of several in the same millisecond, the last one.

    One that only tells that the connector itself had closed its connection counts if there is no other.
    """
    if not events:
        return ""
    events = [event for event in events if not is_consequence(str(event["message"]))] or events
    last = max(enumerate(events), key=lambda numbered: (numbered[1]["timestamp"], numbered[0]))[1]
    return trace_of(str(last["message"]))


def events_with(
    logs: Logs, group: str, since: int, until: int, words: Sequence[str], *, seconds: float
) -> tuple[tuple[LogEvent, ...], int]:
    """The events that hold any of these texts, and until when the log was read; times in milliseconds.

    What is not read within `seconds`, or within so many pages, is left for the next call.
    """
    # Any of these, each exactly so (CloudWatch Logs, "Filter pattern syntax": optional terms, exact phrases).
    pattern = " ".join(f'?"{text}"' for text in words)
    ends, found, read_to, pages = time.monotonic() + seconds, list[LogEvent](), since, 0
    while read_to < until:
        part_ends, page = min(until, read_to + _PART_MS), dict[str, Any]()
        while True:
            if pages == _PAGES or time.monotonic() > ends:
                return tuple(found), read_to
            with aws_errors(f"logs:FilterLogEvents of {group}"):
                answer = logs.filter_log_events(
                    logGroupName=group, startTime=read_to, filterPattern=pattern, endTime=part_ends, **page
                )
            pages += 1
            found += [(int(e["timestamp"]), str(e["message"])) for e in answer.get("events", [])]
            if not answer.get("nextToken"):
                break
            page = {"nextToken": answer["nextToken"]}
        read_to = part_ends
    return tuple(found), read_to
