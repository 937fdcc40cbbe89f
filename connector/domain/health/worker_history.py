"""The events of the worker that a stage remembers: so that one incident is mailed once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.domain.health.worker_event import EventKind, WorkerEvent

#: How many events are remembered. ECS starts a failing task every minute or so.
_KEPT = 30
#: An incident of the worker ends after so many seconds without a further event. ECS waits up to 27 minutes
#: between two starts of a task that fails ("Amazon ECS service throttle logic"), and a worker whose heap
#: fills may live for longer: where several tasks have stopped within an hour, an hour has to pass.
QUIET_SECONDS = 600
LOOP_QUIET_SECONDS = 3600


@dataclass(frozen=True)
class PastEvent:
    """One event. `at` is in seconds since 1970."""

    at: int
    kind: str
    key: str


@dataclass(frozen=True)
class WorkerHistory:
    """The newest events, oldest first; and how many of each kind the open incident has had."""

    events: tuple[PastEvent, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def knows(self, event: WorkerEvent) -> bool:
        """Whether an event was recorded before: EventBridge may deliver one twice."""
        return bool(event.key) and any((e.kind, e.key) == (event.kind, event.key) for e in self.events)

    def recorded(self, event: WorkerEvent, now: float) -> "WorkerHistory":
        """The history with one more event. None is from the future, where it would keep an incident open."""
        at = int(now if event.at is None else max(0.0, min(event.at, now)))
        events = sorted((*self.events, PastEvent(at, event.kind, event.key)), key=lambda e: e.at)
        counts = {**self.counts, event.kind: self.counts.get(event.kind, 0) + 1}
        return WorkerHistory(tuple(events[-_KEPT:]), counts)

    def without(self, event: WorkerEvent) -> "WorkerHistory":
        """The history as if an event had not come, because its mail could not be sent."""
        kept = [e for e in self.events if (e.kind, e.key) != (event.kind, event.key)]
        counts = {**self.counts, event.kind: max(0, self.counts.get(event.kind, 0) - 1)}
        return WorkerHistory(tuple(kept), counts)

    def closed(self) -> "WorkerHistory":
        """The history after an incident: the next one counts anew, and still knows of a loop."""
        return replace(self, counts={})

    def quiet(self, now: float) -> bool:
        """Whether the last event is long enough ago for an incident to be over."""
        if not self.counts or not self.events:
            return True
        last = self.events[-1].at
        stops = [e for e in self.events if EventKind(e.kind).of_task and e.at > last - LOOP_QUIET_SECONDS]
        return now - last >= (LOOP_QUIET_SECONDS if len(stops) > 1 else QUIET_SECONDS)

    @property
    def summary(self) -> str:
        """How many events of each kind the incident has had, as a text; empty without one."""
        return ", ".join(f"{count} {kind}" for kind, count in self.counts.items() if count)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {"events": [[e.at, e.kind, e.key] for e in self.events], "counts": dict(self.counts)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "WorkerHistory":
        """The inverse of `to_item`; raises what an item of another shape makes it raise."""
        return cls(
            tuple(PastEvent(int(at), EventKind(kind).value, str(key)) for at, kind, key in item["events"]),
            {EventKind(kind).value: int(count) for kind, count in item["counts"].items()},
        )
