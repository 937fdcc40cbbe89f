"""What can be seen of the source of the kind `jdbc`, which has no metrics of its own. Pure.

The connector polls for ever and stays RUNNING whether or not the database answers. Two things show more: its
validation, for which it opens a connection to list the tables, and the offsets that Connect stores for it: of
each table the newest timestamp that it has read. Source: Confluent's kafka-connect-jdbc, TableRecommender in
JdbcSourceConnectorConfig, OffsetProtocols ("table") and TimestampIncrementingOffset ("timestamp", in ms).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.domain.health.finding import Finding
from connector.domain.stage.topics import JDBC_TABLES

#: The names of its two checks, which `verify` makes.
SOURCE, LAG = "source", "lag"

#: Rows of one poll (batch.max.rows): as many that wait for the brokers mean that these are slower.
_BATCH = 1000
_NEXT_STEP = "read the worker's log and docs/secrets.md (dbInfo); the health check cannot see this"
_WAIT = "wait until the first load has ended; if the number stays, look at the brokers' load"


@dataclass(frozen=True)
class PolledSource:
    """`error`: why the connector gets no connection; empty when it does.

    `newest`: table -> the newest SYS_ADD_TS that it has read, in seconds since 1970. The connector reads the
    column as UTC.
    """

    error: str = ""
    newest: Mapping[str, float] = field(default_factory=dict)


def newest_read(offsets: Iterable[Mapping[str, Any]]) -> Mapping[str, float]:
    """Table -> the newest timestamp read, from what Connect stores; what is not understood is left out.

    Offsets of the kind `debezium` stay stored beside them.
    """
    found: dict[str, float] = {}
    for pair in offsets:
        partition, offset = pair.get("partition"), pair.get("offset")
        if not isinstance(partition, Mapping) or not isinstance(offset, Mapping):
            continue
        table, moment = partition.get("table"), offset.get("timestamp")
        if isinstance(table, str) and isinstance(moment, int | float) and not isinstance(moment, bool):
            found[table] = moment / 1000
    return found


def polled_checks(
    source: PolledSource | None, error: str, in_flight: float | None, now: float
) -> list[Finding]:
    """Both checks. `error`: why the source was not looked at; `in_flight`: rows that the brokers lack."""
    if error:
        return [Finding.unsure(name, error) for name in (SOURCE, LAG)]
    if source is None:
        return []
    return [_source(source), _lag(source, in_flight, now)]


def _source(source: PolledSource) -> Finding:
    if source.error:
        return Finding(SOURCE, ok=False, reason=source.error, next_step=_NEXT_STEP)
    return Finding.passed(SOURCE, "the connector opens a connection to the database", value=None)


def _lag(source: PolledSource, in_flight: float | None, now: float) -> Finding:
    """A table without new rows looks like one that is not read: an age alone is no error."""
    tables = [f"{schema}.{table}" for schema, table in JDBC_TABLES]
    unread = [table for table in tables if table not in source.newest]
    if in_flight is not None and in_flight >= _BATCH:
        reason = f"it has not caught up: {in_flight:.0f} rows wait for the brokers"
        return Finding(LAG, ok=False, reason=reason, next_step=_WAIT)
    if unread:
        return Finding.unsure(LAG, f"of {', '.join(unread)} no row has been read yet")
    ages = (f"{table} {_ago(now - moment)}" for table, moment in sorted(source.newest.items()))
    return Finding.passed(LAG, f"SYS_ADD_TS of the newest row read: {', '.join(ages)}", value=None)


def _ago(seconds: float) -> str:
    if seconds < 0:
        return f"{-seconds / 60:.0f} min ahead (is it not UTC?)"
    return f"{seconds / 60:.0f} min ago" if seconds >= 60 else f"{seconds:.0f} s ago"
