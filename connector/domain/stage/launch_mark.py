"""The mark of a launch that has begun, one item of the state table: a rotation waits while it is fresh. Pure.

A launch writes it first and ends a rotation that is under way; a rotation claims first and looks at the mark
then. So at least one of the two sees the other (decision 21). A launch that is cut off leaves its mark, which
counts no more after half an hour.
"""

from collections.abc import Mapping
from typing import Any

#: Partition key of the item in the state table.
LAUNCH_KEY = "launch"
#: For how long a mark counts, in seconds: a launch that changes everything takes some minutes.
LAUNCH_SECONDS = 1800.0


def launch_item(at: float) -> dict[str, Any]:
    """The item of a launch that began at `at`, in seconds since 1970; 0 ends it."""
    return {"id": LAUNCH_KEY, "at": int(at)}


def launch_began(item: Mapping[str, Any] | None) -> float:
    """When a launch has begun that has not ended; 0 if none has, or if that cannot be read."""
    try:
        return 0.0 if item is None else float(item["at"])
    except (LookupError, TypeError, ValueError, OverflowError):
        return 0.0


def launching(began: float, now: float) -> float | None:
    """When the launch began that is under way at `now`; None if none is."""
    return began if began > 0 and now - began < LAUNCH_SECONDS else None
