"""When a config was validated with the worker's own credentials last, as one item of the state table. Pure.

Connect's answer to a validation does not name a refused login, only the worker's log does (seen with Debezium
3.6.1.Final: `Failed to resolve Oracle database version`). A line about a validation is held against the
worker's version only if it was written while one of these ran: a rotation validates with another password.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Partition key of the item in the state table.
VALIDATION_KEY = "validation"
#: By how many seconds the clocks of a function and a worker may differ.
_CLOCKS_SECONDS = 2.0


@dataclass(frozen=True)
class ValidationMark:
    """The last such validation, in seconds since 1970.

    While it runs `ended` is the latest time at which it can end: a function that is killed meanwhile leaves
    it, and what a later validation is refused must not be held against the worker's version.
    """

    began: float = 0.0
    ended: float = 0.0

    @classmethod
    def begun(cls, began: float, seconds: float) -> "ValidationMark":
        """One that begins now and takes at most so many seconds."""
        return cls(began, began + seconds)

    def covers(self, at: float) -> bool:
        """Whether something that was written at `at` may be about it."""
        if not self.began:
            return False
        return self.began - _CLOCKS_SECONDS <= at <= self.ended + _CLOCKS_SECONDS

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API, which takes no floats: milliseconds."""
        return {"id": VALIDATION_KEY, "began": int(self.began * 1000), "ended": int(self.ended * 1000)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "ValidationMark":
        """The inverse of `to_item`. A damaged item covers nothing."""
        try:
            return cls(int(item["began"]) / 1000, int(item["ended"]) / 1000)
        except (LookupError, TypeError, ValueError, OverflowError):
            return cls()
