"""A point in time before which a request must have answered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from connector.domain.errors import DeadlineExceeded

Clock = Callable[[], float]

T = TypeVar("T")


@dataclass(frozen=True)
class Deadline:
    """When to stop, on a monotonic clock."""

    at: float
    now: Clock = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def within(cls, seconds: float) -> "Deadline":
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that remain; negative when it has passed."""
        return self.at - self.now()

    def sooner(self, seconds: float) -> "Deadline":
        """The deadline that many seconds from now, or this one if it is earlier."""
        return replace(self, at=min(self.at, self.now() + seconds))

    def timeout(self, what: str, *, at_most: float) -> float:
        """Seconds to wait for one call: `at_most`, or what remains. Raises when nothing does."""
        left = self.left
        if left <= 0:
            raise DeadlineExceeded(f"the time limit was reached before {what}")
        return min(left, at_most)

    def poll(self, probe: Callable[[], T], until: Callable[[T], bool], *, every: float, at_most: float) -> T:
        """The first value of `probe` that satisfies `until`, or the last one when the time is up.

        Probes at least once, then every so many seconds, for `at_most` seconds or until this deadline.
        """
        end = self.sooner(at_most)
        while True:
            value = probe()
            if until(value) or end.left <= 0:
                return value
            self.sleep(every)
