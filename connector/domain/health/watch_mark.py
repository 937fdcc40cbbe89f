"""That a run looks after a failed task, as one item of the state table: one run at a time. Pure.

A run that comes meanwhile changes the version, and leaves: the one that looks then looks once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.domain.health.item_version import read_version

#: Partition key of the item in the state table.
WATCH_KEY = "failure-watch"


@dataclass(frozen=True)
class WatchMark:
    """`until`: when the run that looks has ended at the latest, in seconds since 1970; 0 if none looks."""

    until: int = 0
    #: 0 while there is no item.
    version: int = 0
    #: The version in the table if no run can have written it.
    replaced_version: tuple[Any, ...] = field(default=(), compare=False)

    def next(self, until: int) -> "WatchMark":
        """The mark to write, one version on."""
        return WatchMark(until, self.version + 1)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {"id": WATCH_KEY, "until": self.until, "version": self.version}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "WatchMark":
        """The inverse of `to_item`. With a damaged item no run looks."""
        version, replaced_version = read_version(item)
        try:
            until = int(item["until"])
        except (LookupError, TypeError, ValueError, OverflowError):
            until = 0
        return cls(until, version, replaced_version)
