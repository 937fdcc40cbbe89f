"""The mail drill: the request to the health function, and its answer. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health import worker_stops
from connector.domain.health.error_classes import OBSERVED, SKIPPED
from connector.domain.health.old_names import error_class

#: The only key of an event that requests a drill.
KEY = "drill"

#: Every class of error about which people can be notified.
CLASSES: tuple[ErrorClass, ...] = (*ERROR_CLASSES, UNKNOWN, *OBSERVED)

#: By which metric the health check finds it, where that is not a failed task.
_METRICS: Mapping[str, str] = {
    "worker": "EcsServiceUnhealthy",
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


def parse(event: object) -> ErrorClass:
    """The class that an event requests; anything but exactly one known class is refused."""
    if not isinstance(event, Mapping) or set(event) != {KEY}:
        raise OperatorError(f"a drill's event must be {{{KEY!r}: <class>}} without any other key")
    name = event[KEY]
    found = [cause for cause in CLASSES if isinstance(name, str) and cause.name == error_class(name)]
    if not found:
        known = ", ".join(cause.name for cause in CLASSES)
        raise OperatorError(f"{name!r} is not an error class; known: {known}")
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
