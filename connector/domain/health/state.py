"""What one health check stores for the next, as one item of the state table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.domain.health.item_version import read_version
from connector.domain.health.old_names import up_to_date
from connector.domain.health.scn import ScnMemory
from connector.domain.health.worker_event import EventKind
from connector.domain.health.worker_history import WorkerHistory

#: Partition key of the item in the state table. It stays: deployed stages have their state under it.
STATE_KEY = "health-memory"
#: How many past values of the lag are kept, for its trend.
LAGS_KEPT = 6


@dataclass(frozen=True)
class Incident:
    """An incident that people were notified of. `since` is in seconds since 1970.

    `notified`: metric and class of each finding that a mail about it has named.
    """

    since: int
    title: str
    notified: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HealthState:
    """The past, as far as a check needs it. Times are seconds since 1970."""

    #: Metric -> since when every check has found it. Under `metric/class`, while an incident is open: since
    #: when it was new.
    found_since: Mapping[str, int] = field(default_factory=dict)
    #: Since when Connect has answered every check, but not about the connector.
    unknown_since: int | None = None
    #: Since when every check has found that connector or task does not run, although nothing has failed.
    idle_since: int | None = None
    #: Since when connector or task have been found failed in every check.
    failed_since: int | None = None
    #: When, and what the lag was in seconds; newest last.
    lags: tuple[tuple[int, int], ...] = ()
    #: The last lag in milliseconds, as Debezium measured it: the same figure again is no new one.
    lag_ms: int | None = None
    #: What dates the connector's position in the database's log.
    scn: ScnMemory = field(default_factory=ScnMemory)
    #: What was tried since something went wrong, oldest first.
    tried: tuple[str, ...] = ()
    #: The error class for which Connect refused the registration last.
    refused: str = ""
    incident: Incident | None = None
    #: What ECS told in events; the rest of the state is the checks' alone.
    worker: WorkerHistory = field(default_factory=WorkerHistory)
    #: 0 while there is no item, or none with a version.
    version: int = 0
    #: The version in the table if no check can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = field(default=(), compare=False)

    def next(self, **changes: Any) -> "HealthState":
        """The state to write, one version on."""
        return replace(self, version=self.version + 1, replaced_version=(), **changes)

    @property
    def worker_incident(self) -> Incident | None:
        """The open incident if only events of ECS's keep it open: no check has found anything, or not lately.

        It ends when a worker has run for long enough; what is wrong now is for a check to say.
        """
        if self.incident is None or not self.worker.counts:
            return None
        of_events = all(metric in set(EventKind) for metric, _ in self.incident.notified)
        return self.incident if of_events or not self.found_since else None

    def same_check(self, other: "HealthState") -> bool:
        """Whether no check has run between two states: events may have."""
        events: dict[str, Any] = {"incident": None, "worker": WorkerHistory(), "version": 0}
        return replace(self, **events) == replace(other, **events)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        incident = self.incident
        return {
            "id": STATE_KEY,
            "version": self.version,
            "found_since": dict(self.found_since),
            "unknown_since": self.unknown_since,
            "idle_since": self.idle_since,
            "failed_since": self.failed_since,
            "lags": [list(pair) for pair in self.lags],
            "lag_ms": self.lag_ms,
            "scn": self.scn.to_item(),
            "tried": list(self.tried),
            "refused": self.refused,
            "incident": None if incident is None else _incident_item(incident),
            "worker": self.worker.to_item(),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "HealthState":
        """The inverse of `to_item`. An invalid item gives an empty state: that only costs a repeated mail.

        The version before counted checks: what it had found begins its grace time anew.
        """
        item = up_to_date(item)
        version, replaced_version = read_version(item)
        try:
            incident, scn, worker = item["incident"], item.get("scn"), item.get("worker")
            return cls(
                found_since={str(key): int(since) for key, since in item.get("found_since", {}).items()},
                unknown_since=_number(item.get("unknown_since")),
                idle_since=_number(item.get("idle_since")),
                failed_since=_number(item.get("failed_since")),
                lags=tuple((int(at), int(lag)) for at, lag in item["lags"]),
                lag_ms=_number(item.get("lag_ms")),
                scn=ScnMemory() if scn is None else ScnMemory.from_item(scn),
                tried=tuple(map(str, item["tried"])),
                refused=str(item["refused"]),
                incident=None if incident is None else _incident(incident),
                worker=WorkerHistory() if worker is None else WorkerHistory.from_item(worker),
                version=version,
                replaced_version=replaced_version,
            )
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            return cls(version=version, replaced_version=replaced_version)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _incident_item(incident: Incident) -> dict[str, Any]:
    notified = [list(pair) for pair in incident.notified]
    return {"since": incident.since, "title": incident.title, "notified": notified}


def _incident(item: Mapping[str, Any]) -> Incident:
    notified = tuple((str(metric), str(cause)) for metric, cause in item.get("notified", ()))
    return Incident(int(item["since"]), str(item["title"]), notified)
