"""What ECS, or a line of its log, tells about the worker in an event: parsed, and judged. Pure.

An event comes from EventBridge as it is, through no input transformer: those do not escape what they put into
a text. Its fields: Amazon ECS Developer Guide, "Amazon ECS task state change events", "... service action
events", "... service deployment state change events".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.redaction import without_values
from connector.domain.health import metrics, worker_stops
from connector.domain.health.error_classes import WORKER
from connector.domain.health.printable import printable

#: How an event of EventBridge is recognised: its envelope always has these. See "AWS service event metadata".
_ENVELOPE = ("source", "detail-type", "detail")
_SCHEDULE = ("aws.events", "Scheduled Event")
#: How much of an id or an ARN tells one event from the others, in characters from its end.
_KEY = 200


class EventKind(StrEnum):
    """What happened, as the rule and the runbook's section are called."""

    TASK_STOPPED = metrics.TASK_STOPPED
    TASK_NOT_STARTED = metrics.TASK_NOT_STARTED
    SERVICE_TROUBLE = metrics.SERVICE_TROUBLE
    DEPLOYMENT_FAILED = metrics.DEPLOYMENT_FAILED
    #: A line of the worker's log: `log_lines` reads it.
    LOG_MISSING = metrics.LOG_MISSING
    #: An event in a form that this version does not know.
    UNREADABLE = "UnreadableEvent"

    @property
    def of_task(self) -> bool:
        """Whether a task has stopped, so that the next one may stop too."""
        return self in (EventKind.TASK_STOPPED, EventKind.TASK_NOT_STARTED)


@dataclass(frozen=True)
class WorkerEvent:
    """One event. All texts are one printable line, empty where ECS said nothing.

    `key` is the same when EventBridge delivers an event twice, which it may. `at`: seconds since 1970, None
    if the event has no time that can be read. `subject`: the ARN of the task or the service.
    `code`: ECS's stop code of a task, or the name of a service's event. `reason`: ECS's words, or the line of
    the log. `planned`: a deployment or a change of the desired count is why.
    """

    kind: EventKind
    key: str
    cause: ErrorClass
    at: float | None = None
    account: str = ""
    region: str = ""
    subject: str = ""
    code: str = ""
    reason: str = ""
    planned: bool = False

    @property
    def told(self) -> str:
        """The words of ECS or of the log with the code, without the values of rows."""
        words = without_values(self.reason) or "no reason given"
        return f"{words} ({self.code})" if self.code else words


def is_event(event: object) -> bool:
    """Whether a function was started by an event of EventBridge's that is not a schedule's."""
    if not isinstance(event, Mapping) or not any(key in event for key in _ENVELOPE):
        return False
    return (event.get("source"), event.get("detail-type")) != _SCHEDULE


def parse(event: object) -> WorkerEvent:
    """The event that started the function. One that cannot be read has a kind of its own."""
    content = event if isinstance(event, Mapping) else {}
    detail = content.get("detail")
    reader = _READERS.get(str(content.get("detail-type")))
    if content.get("source") != "aws.ecs" or reader is None:
        return _unreadable(event, content, "it is of no kind that a rule of the stage asks for")
    if not isinstance(detail, Mapping):
        return _unreadable(event, content, "it has no detail")
    return reader(event, content, detail)


def _task(event: object, content: Mapping[str, Any], detail: Mapping[str, Any]) -> WorkerEvent:
    if detail.get("lastStatus") != "STOPPED":
        return _unreadable(event, content, "it is about a task that has not stopped")
    code, reason = _text(detail.get("stopCode")), _text(detail.get("stoppedReason"))
    told = _joined([reason, *_of_containers(detail.get("containers"))])
    started = not worker_stops.never_started(code, told)
    arn = _text(detail.get("taskArn"))
    return WorkerEvent(
        EventKind.TASK_STOPPED if started else EventKind.TASK_NOT_STARTED,
        # Not the event's id: ECS sends a further event when it corrects something about a stopped task.
        arn[-_KEY:] or _id(content),
        _cause_of_stop(code, told) if started else worker_stops.spoken_of(told),
        subject=arn,
        code=code,
        reason=told,
        planned=worker_stops.planned(reason),
        **_envelope(content),
    )


def _cause_of_stop(code: str, told: str) -> ErrorClass:
    """The class of a task that ran: what ECS's words tell, else that the worker ended, whose log says why."""
    if worker_stops.reclaimed(code, told):
        return worker_stops.RECLAIMED
    cause = diagnose(told).error_class
    return WORKER if cause is UNKNOWN else cause


def _service(event: object, content: Mapping[str, Any], detail: Mapping[str, Any]) -> WorkerEvent:
    if detail.get("eventType") not in ("WARN", "ERROR"):
        return _unreadable(event, content, "it tells neither of a warning nor of an error")
    code, reason = _text(detail.get("eventName")), _text(detail.get("reason"))
    cause = worker_stops.spoken_of(f"{code} {reason}")
    return _of_service(EventKind.SERVICE_TROUBLE, content, code, reason, cause)


def _deployment(event: object, content: Mapping[str, Any], detail: Mapping[str, Any]) -> WorkerEvent:
    if detail.get("eventType") != "ERROR":
        return _unreadable(event, content, "it tells of no error")
    code, reason = _text(detail.get("eventName")), _text(detail.get("reason"))
    return _of_service(EventKind.DEPLOYMENT_FAILED, content, code, reason, worker_stops.DEPLOYMENT)


def _of_service(
    kind: EventKind, content: Mapping[str, Any], code: str, reason: str, cause: ErrorClass
) -> WorkerEvent:
    """Events about a service name it in `resources` only."""
    resources = content.get("resources")
    named = resources if isinstance(resources, Sequence) and not isinstance(resources, str) else [resources]
    return WorkerEvent(
        kind,
        _id(content),
        cause,
        subject=_joined(map(_text, named)),
        code=code,
        reason=reason,
        **_envelope(content),
    )


def _unreadable(event: object, content: Mapping[str, Any], why: str) -> WorkerEvent:
    """An event that is mailed as it is: it came through a rule of the stage, so it may matter."""
    reason = f"{why}: {_text(event)}"
    return WorkerEvent(
        EventKind.UNREADABLE, _id(content), worker_stops.UNREADABLE, reason=reason, **_envelope(content)
    )


_READERS = {
    "ECS Task State Change": _task,
    "ECS Service Action": _service,
    "ECS Deployment State Change": _deployment,
}


def _envelope(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": _seconds(content.get("time")),
        "account": _text(content.get("account")),
        "region": _text(content.get("region")),
    }


def _id(content: Mapping[str, Any]) -> str:
    return _text(content.get("id"))[-_KEY:]


def _of_containers(containers: object) -> list[str]:
    """The containers' own reasons and exit codes; what is no list of containers stays as it is."""
    if not isinstance(containers, list) or not all(isinstance(each, Mapping) for each in containers):
        return [_text(containers)]
    codes = [f"exit code {_text(c['exitCode'])}" for c in containers if c.get("exitCode") is not None]
    return [*(_text(each.get("reason")) for each in containers), *codes]


def _joined(texts: Any) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _text(value: object) -> str:
    """A value of any kind as one line; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return printable(value)
    try:
        return printable(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return printable(f"a {type(value).__name__} that is no JSON")


def _seconds(time: object) -> float | None:
    """Seconds since 1970 of a time in ISO 8601, which is UTC if it names no zone."""
    try:
        at = datetime.fromisoformat(str(time))
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
