"""The ways of running the connector that the benchmarks compare, as changes to what the product has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.capture.settings import ConnectorSettings

#: What the product sets for speed. Without it Kafka's, Connect's and Debezium's defaults hold, and the
#: guarantee is the same: exactly-once, and with the transactions that are open when the snapshot begins.
WORKER_TUNING = (
    "producer.compression.type",
    "producer.linger.ms",
    "producer.batch.size",
)
CONNECTOR_TUNING = ("poll.interval.ms",)


@dataclass(frozen=True)
class Way:
    """Lines of worker.properties and keys of the connector's config that are not ours; None: left out."""

    name: str
    worker: Mapping[str, str | None] = field(default_factory=dict)
    connector: Mapping[str, str | None] = field(default_factory=dict)
    settings: ConnectorSettings = field(default_factory=ConnectorSettings)
    #: Text of bin/entrypoint.sh and what stands in its place.
    script: Mapping[str, str] = field(default_factory=dict)


OURS = Way("ours")
DEFAULTS = Way("defaults", dict.fromkeys(WORKER_TUNING), dict.fromkeys(CONNECTOR_TUNING))

OUR_COMPRESSION = "lz4"
#: Lines of worker.properties for each compression; levels are the defaults (gzip 6, zstd 3) and the quickest.
COMPRESSIONS: Mapping[str, Mapping[str, str | None]] = {
    "none": {"producer.compression.type": "none"},
    "gzip": {"producer.compression.type": "gzip"},
    "gzip, level 1": {"producer.compression.type": "gzip", "producer.compression.gzip.level": "1"},
    "lz4": {"producer.compression.type": "lz4"},
    "zstd": {"producer.compression.type": "zstd"},
    "zstd, level 1": {"producer.compression.type": "zstd", "producer.compression.zstd.level": "1"},
}


def _worker(**lines: str) -> Way:
    """Ours with other lines of worker.properties; `_` stands for a dot."""
    return _named({key.replace("_", "."): value for key, value in lines.items()}, {})


def _connector(**keys: str) -> Way:
    """Ours with other keys of the connector's config; `_` stands for a dot."""
    return _named({}, {key.replace("_", "."): value for key, value in keys.items()})


def _named(worker: Mapping[str, str | None], connector: Mapping[str, str | None]) -> Way:
    name = ", ".join(f"{key}={value}" for key, value in {**worker, **connector}.items())
    return Way(name, worker, connector)


#: Intervals of the connector's poll.
POLLS = tuple(_connector(poll_interval_ms=value) for value in ("5", "10", "50", "100", "500"))
#: One setting after the other, differing from ours.
SETTINGS: tuple[Way, ...] = (
    *POLLS[:3],
    _connector(max_batch_size="512", max_queue_size="2048"),
    _connector(max_batch_size="8192", max_queue_size="32768"),
    _connector(query_fetch_size="2000", snapshot_fetch_size="2000"),
    _connector(transaction_boundary="interval", transaction_boundary_interval_ms="100"),
    _worker(producer_linger_ms="5"),
    *(_worker(producer_batch_size=value) for value in ("16384", "524288")),
    *(Way(f"compression: {name}", lines) for name, lines in COMPRESSIONS.items() if name != OUR_COMPRESSION),
    Way("collector: serial", script={"-XX:+UseG1GC": "-XX:+UseSerialGC"}),
    Way("collector: parallel", script={"-XX:+UseG1GC": "-XX:+UseParallelGC"}),
    Way("heap: 35 % of the container", script={"MaxRAMPercentage=70": "MaxRAMPercentage=35"}),
)
