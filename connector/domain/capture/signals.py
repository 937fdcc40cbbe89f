"""Signals: records on the stage's signal topic that a running connector obeys. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES

#: The captured tables as an operator writes them.
TABLES: tuple[str, ...] = tuple(f"{schema}.{table}" for schema, table in CAPTURED_TABLES)


@dataclass(frozen=True)
class Signal:
    """One record for the signal topic. Debezium obeys it only when the key is its `topic.prefix`."""

    key: str
    value: str


def captured(tables: Sequence[str]) -> tuple[str, ...]:
    """`tables` if all of them are captured, each once; all captured ones for none."""
    unknown = [table for table in tables if table not in TABLES]
    if unknown:
        raise OperatorError(
            f"table {unknown[0]!r} is not captured, so nothing can be done about it; captured: "
            f"{', '.join(TABLES)}"
        )
    return tuple(dict.fromkeys(tables)) or TABLES


def elsewhere(table: str) -> bool:
    """Whether a name is `SCHEMA.TABLE` of a schema that has no captured table."""
    schema, dot, name = table.partition(".")
    return bool(schema and dot and name) and schema not in {owner for owner, _ in CAPTURED_TABLES}


def snapshot(
    stage: Stage, tables: Sequence[str], identifier: str, *, where: str = "", catalog: str = ""
) -> Signal:
    """Let the connector take a snapshot of these tables, and then continue from its offset.

    `where` is a condition on the rows of the one table, in SQL; `catalog` is the name that Debezium puts
    before the schema, the pluggable database's or the database's.

    A blocking snapshot: an incremental one needs a table for its marks, and the Oracle database must not be
    changed. Tables are given as expressions, since Debezium puts the database's name before the schema.
    """
    collections = [f"(?:.+[.])?{re.escape(table)}" for table in captured(tables)]
    data: dict[str, Any] = {"type": "BLOCKING", "data-collections": collections}
    if where:
        (table,) = captured(tables)
        # Of a blocking snapshot the filter is the whole statement, and the table's name is no expression
        # (RelationalSnapshotChangeEventSource.getBlockingSnapshottingTask of 3.6.1.Final).
        statement = f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 - an operator's own condition
        name = f'"{catalog.upper()}".{table}'
        data["additional-conditions"] = [{"data-collection": name, "filter": statement}]
    content = {"id": identifier, "type": "execute-snapshot", "data": data}
    return Signal(stage.topics.prefix, json.dumps(content))
