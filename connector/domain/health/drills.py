"""The mail drill: the request to the health function, and its answer. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health import metrics, worker_stops
from connector.domain.health.error_classes import OBSERVED, SKIPPED
from connector.domain.health.old_names import error_class
from connector.domain.health.rest_findings import HALTED, MAINTENANCE

#: The only key of an event that requests a drill.
KEY = "drill"

#: Every class of error about which people can be notified.
CLASSES: tuple[ErrorClass, ...] = (*ERROR_CLASSES, UNKNOWN, *OBSERVED)


class OtherMail(StrEnum):
    """The mails that are not those of an error class, as a drill calls them: one for each form of text."""

    TASK_STOPPED = metrics.TASK_STOPPED
    TASK_NOT_STARTED = metrics.TASK_NOT_STARTED
    SERVICE_TROUBLE = metrics.SERVICE_TROUBLE
    DEPLOYMENT_FAILED = metrics.DEPLOYMENT_FAILED
    LOG_MISSING = metrics.LOG_MISSING
    UNREADABLE = "UnreadableEvent"
    #: A further error joins an incident that was mailed.
    JOINED = "joined"
    RECOVERED = "recovered"
    #: The reminder of a connector that an operator has halted.
    HALTED = HALTED
    #: The summary of a maintenance window.
    MAINTENANCE = MAINTENANCE
    #: A changed secret that the workers do not get.
    ROTATION = metrics.SECRET_CHANGED


#: The name of every mail that the health function can send.
MAILS: tuple[str, ...] = (*(cause.name for cause in CLASSES), *OtherMail)
#: One mail of each form: that of a class, that of skipped changes, and all others.
ONE_OF_EACH_KIND: tuple[str, ...] = ("login", SKIPPED[0].name, *OtherMail)

#: By which metric the health check finds it, where that is not a failed task.
_METRICS: Mapping[str, str] = {
    "worker": "EcsServiceUnhealthy",
    "worker-service-missing": "EcsServiceUnhealthy",
    "connector missing": "ConnectorStateFailed",
    "config drift": "ConfigDrifted",
    "lag": "ReplicationLagSeconds",
    "archived-log-expiring": "ScnHeadroomMinutes",
    "transaction-buffer": "TransactionBufferPercent",
    "stalled": "HeartbeatMissing",
    "heartbeat-table-stale": "HeartbeatMissing",
    "unreachable": "DbTcpUnreachable",
    "brokers": "BrokersUnreachable",
    "no-session": "SourceDisconnected",
    **{cause.name: "ChangesSkipped" for cause in SKIPPED},
    **{cause.name: "EcsServiceUnhealthy" for cause in worker_stops.CLASSES},
}


def metric_of(cause: ErrorClass) -> str:
    """The metric whose finding a drill of this class makes up."""
    return _METRICS.get(cause.name, "ConnectorTaskFailed")


def parse(event: object) -> ErrorClass | OtherMail:
    """The mail that an event requests; anything but the name of exactly one is refused."""
    if not isinstance(event, Mapping) or set(event) != {KEY}:
        raise OperatorError(f"a drill's event must be {{{KEY!r}: <name of a mail>}} without any other key")
    name = event[KEY]
    if isinstance(name, str) and name in set(OtherMail):
        return OtherMail(name)
    found = [cause for cause in CLASSES if isinstance(name, str) and cause.name == error_class(name)]
    if not found:
        raise OperatorError(f"{name!r} is no mail of the health function; known: {', '.join(MAILS)}")
    return found[0]


@dataclass(frozen=True)
class Mailed:
    """What the health function answers: the subject, and SNS's id of the message."""

    subject: str
    message_id: str

    def to_payload(self) -> dict[str, Any]:
        """As the Lambda returns it."""
        return {KEY: {"subject": self.subject, "message_id": self.message_id}}

    @classmethod
    def from_payload(cls, payload: object) -> "Mailed":
        """The inverse of `to_payload`; a refusal is an error with its message."""
        content = payload if isinstance(payload, Mapping) else {}
        if "refused" in content:
            raise ServerError(str(content["refused"]))
        try:
            return cls(str(content[KEY]["subject"]), str(content[KEY]["message_id"]))
        except (KeyError, TypeError):
            raise ServerError(
                "the health function is an older version that has no drill: it made a check; launch the stage"
            ) from None
