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
    """The last such validation, in seconds since 1970; `ended` is 0 while it runs."""

    began: float = 0.0
    ended: float = 0.0

    def covers(self, at: float) -> bool:
        """Whether something that was written at `at` may be about it."""
        if not self.began or at < self.began - _CLOCKS_SECONDS:
            return False
        return not self.ended or at <= self.ended + _CLOCKS_SECONDS

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
