"""What one health check leaves to the next, as one item of the state table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: Partition key of the item in the state table.
MEMORY_KEY = "health-memory"
#: How many past values of the lag are kept, for its trend.
LAGS_KEPT = 6


@dataclass(frozen=True)
class Incident:
    """An incident that people were told of. `since` is in seconds since 1970."""

    since: int
    title: str


@dataclass(frozen=True)
class Memory:
    """The past, as far as a check needs it. Times are seconds since 1970."""

    #: Metric -> in how many checks in a row it has been a finding.
    streaks: Mapping[str, int] = field(default_factory=dict)
    #: Checks in a row in which Connect answered, but not about the connector.
    untold: int = 0
    #: When, and what the lag was in seconds; newest last.
    lags: tuple[tuple[int, int], ...] = ()
    #: When the connector's position was last seen, and how old it was in seconds.
    position: tuple[int, int] | None = None
    #: What was tried since something went wrong, oldest first.
    tried: tuple[str, ...] = ()
    #: The class of trouble for which Connect refused the registration last.
    refused: str = ""
    incident: Incident | None = None
    #: 0 while there is no item.
    version: int = 0

    def next(self, **changes: Any) -> "Memory":
        """The memory to write, one version on."""
        return replace(self, version=self.version + 1, **changes)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        incident = self.incident
        return {
            "id": MEMORY_KEY,
            "version": self.version,
            "streaks": dict(self.streaks),
            "untold": self.untold,
            "lags": [list(pair) for pair in self.lags],
            "position": None if self.position is None else list(self.position),
            "tried": list(self.tried),
            "refused": self.refused,
            "incident": None if incident is None else {"since": incident.since, "title": incident.title},
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Memory":
        """The inverse of `to_item`. What makes no sense is forgotten: it only costs a repeated mail."""
        version = int(item.get("version", 0))
        try:
            incident = item["incident"]
            position = item["position"]
            return cls(
                streaks={str(name): int(count) for name, count in item["streaks"].items()},
                untold=int(item["untold"]),
                lags=tuple((int(at), int(lag)) for at, lag in item["lags"]),
                position=None if position is None else (int(position[0]), int(position[1])),
                tried=tuple(map(str, item["tried"])),
                refused=str(item["refused"]),
                incident=incident and Incident(int(incident["since"]), str(incident["title"])),
                version=version,
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls(version=version)
