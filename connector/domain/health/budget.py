"""How often the health check may restart: at most `LIMIT` times in a rolling hour, with growing waits. Pure.

A restart is claimed before it is made, by a conditional write over the budget that was read (`version`): of
several runs at the same time only one gets its claim. A claim counts whether a restart followed or not.
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
#: A claimed restart is made within this time or not at all. Claims count for that much longer than the
#: window: otherwise a late restart and an early one of the next hour would be within one hour.
ACT_WITHIN_SECONDS = 60
#: The wait after the first restart; each further one waits twice as long, up to the longest.
FIRST_WAIT_SECONDS = 300
LONGEST_WAIT_SECONDS = 3600
#: After the stage has been healthy for so long, earlier restarts no longer delay the next one.
STABLE_SECONDS = 3600
#: The year 2100. A greater number is not a time in seconds: milliseconds, most likely.
_NO_TIME = 4_102_444_800


@dataclass(frozen=True)
class Refusal:
    """Why no restart may be made now. `spent`: the hour's budget is used up; else the last one is too recent.

    `wait`: seconds until the next one is allowed.
    """

    reason: str
    spent: bool
    wait: float


@dataclass(frozen=True)
class Budget:
    """Claims, oldest first; restarts since the stage was last stable; since when it is healthy, if it is."""

    claims: tuple[int, ...] = ()
    repetitions: int = 0
    healthy_since: int | None = None
    #: 0 while there is no item; each change adds 1.
    version: int = 0

    def left(self, now: float) -> int:
        """How many restarts are left in the current hour."""
        return max(0, LIMIT - len(self._counted(now)))

    def refusal(self, now: float) -> Refusal | None:
        """Why a restart may not be claimed at `now`; None when it may."""
        counted = self._counted(now)
        if len(counted) >= LIMIT:
            wait = counted[-LIMIT] + WINDOW_SECONDS + ACT_WITHIN_SECONDS - now
            reason = (
                f"{LIMIT} restarts were made in the last hour; the next one is allowed in {_minutes(wait)}"
            )
            return Refusal(reason, True, wait)
        if self.claims and (wait := self.claims[-1] + self._wait() - now) > 0:
            reason = f"the last restart was too recent; the next one is allowed in {_minutes(wait)}"
            return Refusal(reason, False, wait)
        return None

    def has_claimed(self, now: float, *, within: float) -> bool:
        """Whether the last restart was claimed so few seconds ago. Claims are rounded up to whole seconds."""
        return bool(self.claims) and -1 < now - self.claims[-1] < within

    def claimed(self, now: float) -> "Budget":
        """The budget with one more claim, for the caller to write before it acts."""
        # Never before an earlier one, even if this clock is behind the one that made it.
        at = max(math.ceil(now), *self.claims, 0)
        kept = [claim for claim in self.claims if claim > at - 2 * WINDOW_SECONDS]
        return Budget((*kept, at), self.repetitions + 1, None, self.version + 1)

    def observed(self, now: float, *, healthy: bool) -> "Budget":
        """The budget after a check of the stage; the same object when nothing about it changes."""
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
                _claims(item["claims"]),
                int(item["repetitions"]),
                None if since is None else int(since),
                _version(item["version"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ServerError(
                f"the restart budget in the state table is damaged ({error}); "
                f"check the connector, then delete the item {BUDGET_KEY}"
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


def _claims(values: Any) -> tuple[int, ...]:
    """Times, oldest first; anything else would make a budget that is full, or used up for ever."""
    if not isinstance(values, list):
        raise TypeError(f"claims must be a list, not {values!r}")
    claims = tuple(sorted(int(claim) for claim in values))
    if claims and not 0 <= claims[0] <= claims[-1] < _NO_TIME:
        raise ValueError(f"claims must be seconds since 1970, not {claims}")
    return claims


def _version(value: Any) -> int:
    """The version of an item that was written; the next claim could not replace an item with another one."""
    version = int(value)
    if version < 1 or version != value:
        raise ValueError(f"the version must be a whole number from 1, not {value!r}")
    return version


def _minutes(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds / 60))} min"
