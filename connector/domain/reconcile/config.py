"""The config of the connector that reads the tables once, beside the stage's. Pure."""

import re
from collections.abc import Mapping, Sequence

from connector.domain.capture.envelope import converters
from connector.domain.stage.stage import Stage

#: What only a stream needs: signals, notifications, heartbeats and their router, the topic of the history.
_OF_THE_STREAM = re.compile(r"(?:signal|notification|(?:topic\.)?heartbeat|transforms|schema\.history)\b")
#: What the envelope's converters set: the schema is left out.
_CONVERTERS = frozenset(converters("schema"))


def comparison_config(stage: Stage, config: Mapping[str, str], tables: Sequence[str]) -> dict[str, str]:
    """The stage's own config with a snapshot alone, on the comparison's topics; `tables` as SCHEMA.TABLE.

    So a row becomes the same JSON in both. The history is kept in memory: nothing is read after the snapshot.
    A refused login or any other error ends it at once: trying again is what locks an account.
    """
    kept = {
        key: value
        for key, value in config.items()
        if not _OF_THE_STREAM.match(key) and key not in _CONVERTERS
    }
    return {
        **kept,
        "topic.prefix": stage.topics.comparison_prefix,
        "table.include.list": ",".join(re.escape(table) for table in tables),
        "schema.include.list": ",".join(dict.fromkeys(table.partition(".")[0] for table in tables)),
        "snapshot.mode": "initial_only",
        "include.schema.changes": "false",
        "schema.history.internal": "io.debezium.relational.history.MemorySchemaHistory",
        "schema.history.internal.store.only.captured.tables.ddl": "true",
        "heartbeat.interval.ms": "0",
        "errors.max.retries": "0",
        # Half of Debezium's defaults: the stage's connector has its queue in the same heap.
        "max.queue.size": "4096",
        "max.batch.size": "1024",
    }
