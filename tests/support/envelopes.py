"""Records as Debezium's Oracle connector writes them, for what reads them: key and value as JSON."""

import json
from collections.abc import Mapping
from typing import Any


def change(
    key: Mapping[str, Any],
    after: Mapping[str, Any] | None,
    *,
    scn: int,
    commit_scn: int | None = None,
    envelope: bool = True,
) -> tuple[str, str]:
    """A change, or with `commit_scn` left out a row of a snapshot; without `after` a deletion."""
    source = {"scn": str(scn), "commit_scn": None if commit_scn is None else str(commit_scn)}
    operation = "r" if commit_scn is None else "d" if after is None else "u"
    payload = {"before": None, "after": after, "source": source, "op": operation}
    return _text(dict(key), envelope), _text(payload, envelope)


def _text(payload: Mapping[str, Any], envelope: bool) -> str:
    if not envelope:
        return json.dumps(payload, separators=(",", ":"))
    schema = {"type": "struct", "fields": [{"field": name} for name in payload], "optional": False}
    return json.dumps({"schema": schema, "payload": payload}, separators=(",", ":"))
