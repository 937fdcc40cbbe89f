"""How often the health check may restart: at most `LIMIT` times in any rolling hour, ever more slowly. Pure.

A restart is claimed before it is made, by replacing the budget as it was read (`version`): of several runs
at once one gets its claim, the others lose theirs. A claim stays spent whether a restart followed or not.
Times are seconds since 1970. An operator's restarts are not claimed and do not count.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.domain.errors import ServerError

#: Partition key of the item in the state table.
BUDGET_KEY = "restart-budget"

LIMIT = 3
WINDOW_SECONDS = 3600
#: A claim is acted upon within this time or not at all; claims count for that much longer than the window,
#: or a late restart and an early one of the next hour would lie within one hour.
ACT_WITHIN_SECONDS = 60
#: The wait after the first restart; each further one waits twice as long, up to the longest.
FIRST_WAIT_SECONDS = 300
LONGEST_WAIT_SECONDS = 3600
#: After so long a time of health, earlier restarts no longer slow down the next one.
STABLE_SECONDS = 3600


@dataclass(frozen=True)
class Refusal:
    """Why no restart may be made now. `spent`: the hour's budget is used up, else it is only too early."""

    reason: str
    spent: bool


@dataclass(frozen=True)
class Budget:
    """Claims, oldest first; restarts since the last stable time; since when all is well, if it is."""

    claims: tuple[int, ...] = ()
    repetitions: int = 0
    healthy_since: int | None = None
    #: 0 while there is no item; each change counts one further.
    version: int = 0

    def left(self, now: float) -> int:
        """How many restarts the present hour still has."""
        return max(0, LIMIT - len(self._counted(now)))

    def refusal(self, now: float) -> Refusal | None:
        """Why a restart may not be claimed at `now`; None when it may."""
        counted = self._counted(now)
        if len(counted) >= LIMIT:
            minutes = _minutes(counted[-LIMIT] + WINDOW_SECONDS + ACT_WITHIN_SECONDS - now)
            return Refusal(f"{LIMIT} restarts in the last hour; the next may be made in {minutes}", True)
        if self.claims and (wait := self.claims[-1] + self._wait() - now) > 0:
            return Refusal(f"the last restart is too recent; the next may be made in {_minutes(wait)}", False)
        return None

    def claimed(self, now: float) -> "Budget":
        """The budget with one more claim, for the caller to write before it acts."""
        # Never before an earlier one, even if this clock is behind the one that made it.
        at = max(math.ceil(now), *self.claims, 0)
        kept = [claim for claim in self.claims if claim > at - 2 * WINDOW_SECONDS]
        return Budget((*kept, at), self.repetitions + 1, None, self.version + 1)

    def observed(self, now: float, *, healthy: bool) -> "Budget":
        """The budget after a look at the stage; the same object when nothing about it changes."""
        if not self.repetitions:
            return self
        if not healthy:
            return self if self.healthy_since is None else self._changed(healthy_since=None)
        if self.healthy_since is None:
            return self._changed(healthy_since=math.ceil(now))
        if now - self.healthy_since >= STABLE_SECONDS:
            return self._changed(repetitions=0, healthy_since=None)
        return self

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": BUDGET_KEY,
            "version": self.version,
            "claims": list(self.claims),
            "repetitions": self.repetitions,
            "healthy_since": self.healthy_since,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Budget":
        """The inverse of `to_item`. A damaged item is an error: it must give no new restarts."""
        try:
            since = item["healthy_since"]
            return cls(
                tuple(sorted(int(claim) for claim in item["claims"])),
                int(item["repetitions"]),
                None if since is None else int(since),
                int(item["version"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"the restart budget in the state table is damaged ({error}); "
                f"delete the item {BUDGET_KEY} once somebody has looked at the connector"
            ) from None

    def _counted(self, now: float) -> tuple[int, ...]:
        return tuple(c for c in self.claims if c > now - WINDOW_SECONDS - ACT_WITHIN_SECONDS)

    def _wait(self) -> float:
        """Seconds between the last restart and the next."""
        if not self.repetitions:
            return 0
        return min(FIRST_WAIT_SECONDS * 2.0 ** min(self.repetitions - 1, 16), LONGEST_WAIT_SECONDS)

    def _changed(self, **changes: Any) -> "Budget":
        return replace(self, version=self.version + 1, **changes)


def _minutes(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds / 60))} min"
