"""The messages that docs/topics.md shows: real ones, with what differs from run to run set to one value.

`tests/local/oracle/test_connector.py` compares them with what the real connector writes on the stand-in:
each field, its type, and whether it is optional.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.domain.stage.stage import Stage

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "messages"
#: What the documents call an ephemeral stage; the tests have one of another name.
EPHEMERAL = Stage("feature-xyz")

#: Of a moment, of a place in the redo log, of a release: as they would be in one example.
_EXAMPLE: Mapping[str, Any] = {
    "ts_ms": 1767323045912,
    "ts_us": 1767323045912345,
    "ts_ns": 1767323045912345678,
    "commit_ts_ms": 1767323045700,
    "start_ts_ms": 1767323045600,
    "txSeq": 1,
    "scn": "2103456",
    "commit_scn": "2103460",
    "start_scn": "2103455",
    "txId": "05000a00b1020000",
    "transaction_id": "05000a00b1020000",
    "ssn": 1,
    "redo_thread": 1,
    "rs_id": "0x00001f.00000a2b.0010",
    "row_id": "AAASNjAAEAAAAInAAA",
    "db": "ORCLPDB1",
}


def documented(stage: Stage, name: str, key: bytes, value: bytes) -> tuple[Path, str]:
    """Where a message stands in docs/reference, and how: a named stage's is main's."""
    kind = "ephemeral" if stage.ephemeral else "named"
    text = json.dumps({"key": json.loads(key), "value": _settled(json.loads(value))}, indent=2) + "\n"
    if stage.ephemeral:
        text = text.replace(stage.topics.prefix, EPHEMERAL.topics.prefix)
    return REFERENCE / f"{kind}-{name}.json", text


def _settled(content: dict[str, Any]) -> dict[str, Any]:
    """The message with one moment and one place. A null stays one: what is optional is not filled in."""
    payload = content["payload"]
    for part in (payload, payload["source"]):
        for field, example in _EXAMPLE.items():
            if part.get(field) is not None:
                assert type(part[field]) is type(example), (field, part[field])
                part[field] = example
    return content


def message(name: str) -> dict[str, Any]:
    """A message that is kept: its `key` and its `value`."""
    found: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def shown(name: str, *, schema: bool) -> str:
    """A message as the page shows it: the payloads whole, the value's schema without its fields."""
    found = message(name)
    value = found["value"]
    outline = {key: part for key, part in value["schema"].items() if key != "fields"}
    fields = [part["field"] for part in value["schema"]["fields"]]
    head = {"schema": {**outline, "fields": [f"... {', '.join(fields)} ..."]}} if schema else {}
    text = json.dumps({**head, "payload": value["payload"]} if schema else value["payload"], indent=2)
    key = json.dumps(found["key"] if schema else found["key"]["payload"])
    return f"\n```text\nkey\n{key}\n\nvalue\n{text}\n```\n\n"


def columns() -> list[tuple[str, str, str, str]]:
    """Of each column in a row: name, type, whether it is optional, and an example."""
    value = message("named-insert")["value"]
    (row,) = (part for part in value["schema"]["fields"] if part["field"] == "after")
    return [
        (
            f"`{part['field']}`",
            part["type"] + (f", `{part['name']}`" if "name" in part else ""),
            "yes" if part["optional"] else "no",
            f"`{json.dumps(value['payload']['after'][part['field']])}`",
        )
        for part in row["fields"]
    ]


def names() -> list[str]:
    """All that are kept."""
    return sorted(path.stem for path in REFERENCE.glob("*.json"))
