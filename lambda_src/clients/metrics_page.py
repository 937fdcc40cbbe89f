"""A worker's metrics page (Prometheus text from the JMX agent) and what it says about the source.

The names are those that `connector/image` gives them. Debezium registers its MBeans once a task has begun
to read the database: a task that waits for an unreachable database has none, while Connect calls it
RUNNING.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.domain.health.observation import Source
from connector.domain.stage.aws_names import CONNECTOR, METRICS_PORT
from lambda_src.clients.transport import Transport
from lambda_src.runtime.deadline import Deadline

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')
#: Of the JVM, by the agent itself: in bytes, -1 when there is no limit.
_HEAP_LIMIT = "jvm_memory_max_bytes"
#: A pool of the heap: "G1 Old Gen", as the image runs G1. Objects that outlive a few collections end there.
_POOL, _OLD, _SURVIVORS = "jvm_memory_pool_used_bytes", "Old Gen", "Survivor Space"
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True)
class Sample:
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


def parse(text: str) -> Iterator[Sample]:
    """The samples of a page; other lines are ignored."""
    for line in text.splitlines():
        match = None if line.startswith("#") else _SAMPLE.fullmatch(line)
        if match is None:
            continue
        try:
            value = float(match["value"])
        except ValueError:
            continue
        labels = {key: _unescape(raw) for key, raw in _LABEL.findall(match["labels"] or "")}
        yield Sample(match["name"], labels, value)


def source_of(samples: Sequence[Sample], server: str) -> Source:
    """The source of the connector whose `topic.prefix` is `server`, with what Connect says of its task."""
    values = {(s.labels.get("context"), s.name): s.value for s in samples if s.labels.get("server") == server}
    connected = values.get(("streaming", "debezium_metrics_connected"))
    return Source(
        streaming=None if connected is None else connected == 1,
        snapshot_running=values.get(("snapshot", "debezium_metrics_snapshotrunning")) == 1,
        snapshot_tables=int(values.get(("snapshot", "debezium_metrics_totaltablecount"), 0)),
        tables_left=_whole(values.get(("snapshot", "debezium_metrics_remainingtablecount"))),
        seconds_behind_source=_seconds(
            values.get(("streaming", "debezium_metrics_millisecondsbehindsource"))
        ),
        seconds_since_last_event=_seconds(
            values.get(("streaming", "debezium_metrics_millisecondssincelastevent"))
        ),
        scn=_scn(values.get(("streaming", "debezium_metrics_currentscn"))),
        snapshot_seconds=_known(values.get(("snapshot", "debezium_metrics_snapshotdurationinseconds"))),
        queue_used_ratio=_filled(
            values.get(("streaming", "debezium_metrics_queueremainingcapacity")),
            values.get(("streaming", "debezium_metrics_queuetotalcapacity")),
        ),
        buffered_changes=_known(values.get(("streaming", "debezium_metrics_numberofeventsinbuffer"))),
        heap_limit=next(
            (s.value for s in samples if s.name == _HEAP_LIMIT and s.labels.get("area") == "heap"), None
        ),
        old_generation=_pool(samples, _OLD),
        survivors=_pool(samples, _SURVIVORS),
        in_flight=_of_task(samples, "source_task_source_record_active_count"),
        written=_of_task(samples, "source_task_source_record_write_total"),
        errors=_of_task(samples, "task_error_total_record_errors"),
    )


def _pool(samples: Sequence[Sample], pool: str) -> float | None:
    """Bytes in use of the pool of the heap whose name ends in `pool`."""
    found = (s.value for s in samples if s.name == _POOL and s.labels.get("pool", "").endswith(pool))
    return next(found, None)


def _of_task(samples: Sequence[Sample], name: str) -> float | None:
    """A metric of Connect about our connector's task; None when this worker does not run the task."""
    found = [
        sample.value
        for sample in samples
        if sample.name == f"kafka_connect_{name}"
        and sample.labels.get("connector") == CONNECTOR
        and sample.value >= 0
    ]
    return sum(found) if found else None


def _seconds(milliseconds: float | None) -> float | None:
    """Debezium reports -1 for what it does not know yet."""
    return None if milliseconds is None or not milliseconds >= 0 else milliseconds / 1000


def _whole(value: float | None) -> int | None:
    return None if value is None or not value >= 0 else int(value)


def _known(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None


def _scn(value: float | None) -> int | None:
    """The agent writes Debezium's whole number as a double, which is exact below 2^53.

    Above, the next larger double: an SCN that is too large makes a position look too old, never too young.
    """
    if value is None or not 0 < value < math.inf:
        return None
    return int(value if value < 2**53 else math.nextafter(value, math.inf))


def _filled(remaining: float | None, total: float | None) -> float | None:
    return None if remaining is None or not total else 1 - remaining / total


def read_source(transport: Transport, address: str, server: str, deadline: Deadline) -> Source:
    """Ask the agent at `address`; raises `ServerError` when it does not answer."""
    seconds = deadline.timeout("reading metrics", at_most=5)
    reply = transport.request("GET", f"http://{address}:{METRICS_PORT}/metrics", None, seconds)
    if not reply.ok:
        return Source()
    return source_of(list(parse(reply.body.decode("utf-8", "replace"))), server)


def _unescape(text: str) -> str:
    return re.sub(r'\\[\\"n]', lambda match: _ESCAPES[match[0]], text)
