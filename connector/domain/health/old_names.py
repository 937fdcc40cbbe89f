"""Names under which the version before wrote the health state; both are read for one release. Pure."""

from collections.abc import Mapping
from typing import Any

#: The name of an error class, as an incident or a refused registration may hold it -> its name now.
ERROR_CLASSES: Mapping[str, str] = {
    "untold": "no-session",
    "unread": "heartbeat-table-stale",
    "late": "lag",
    "position": "archived-log-expiring",
}
#: A field of the health state, or of its incident -> its name now.
FIELDS: Mapping[str, str] = {"told": "notified"}


def error_class(name: str) -> str:
    """The name that a class has now."""
    return ERROR_CLASSES.get(name, name)


def up_to_date(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item of the health state under the names of now. What makes no sense stays so, for its reader."""
    found = _fields(item)
    if isinstance(found.get("refused"), str):
        found["refused"] = error_class(found["refused"])
    if isinstance(incident := found.get("incident"), Mapping):
        found["incident"] = _incident(incident)
    return found


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    return {FIELDS.get(key, key): value for key, value in item.items()}


def _incident(item: Mapping[str, Any]) -> dict[str, Any]:
    found = _fields(item)
    if isinstance(found.get("notified"), list | tuple):
        found["notified"] = [_pair(pair) for pair in found["notified"]]
    return found


def _pair(pair: Any) -> Any:
    """Metric and class of a finding."""
    if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], str):
        return [pair[0], error_class(pair[1])]
    return pair
