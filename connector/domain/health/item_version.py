"""The version of an item of the state table, as the reader of a conditional write needs it. Pure."""

from collections.abc import Mapping
from typing import Any


def read_version(item: Mapping[str, Any]) -> tuple[int, tuple[Any, ...]]:
    """The version, or 0 and the value that is in its place."""
    read = item.get("version")
    try:
        version = int(read)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        version = 0
    if version >= 1 and version == read:
        return version, ()
    return 0, (read,) if "version" in item else ()
