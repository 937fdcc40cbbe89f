"""Watches data topics and notes when each change of a row arrives."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from connector.domain.capture.envelope import payload

#: Debezium's `op` codes (https://debezium.io/documentation/reference/stable/connectors/oracle.html).
OPERATIONS = {"r": "snapshot", "c": "insert", "u": "update", "d": "delete"}


@dataclass(frozen=True)
class Arrival:
    """One change event as a consumer sees it. `at` is this machine's clock, in seconds."""

    topic: str
    operation: str
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    at: float


def topics_of(bootstrap: str) -> set[str]:
    """Names of all topics of a cluster, Kafka's own left out."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    try:
        return {topic for topic in consumer.topics() if not topic.startswith("__")}
    finally:
        consumer.close()


def consumer_of(bootstrap: str, topics: Iterable[str], **options: Any) -> KafkaConsumer:
    """A consumer at the beginning of topics, for committed records only, without a consumer group."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
        **options,
    )
    partitions = [
        TopicPartition(topic, partition)
        for topic in topics
        for partition in sorted(consumer.partitions_for_topic(topic) or {0})
    ]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    return consumer


def records_of(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    """What the values of a topic say now, without their envelope; a tombstone is left out."""
    consumer = consumer_of(bootstrap, [topic])
    try:
        ends = consumer.end_offsets(consumer.assignment())
        found: list[dict[str, Any]] = []
        # By position: with exactly-once the last offset is a marker that no consumer gets.
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            batches = consumer.poll(timeout_ms=100)
            records = (record for batch in batches.values() for record in batch)
            found += [payload(json.loads(record.value)) for record in records if record.value is not None]
        return found
    finally:
        consumer.close()


class Watch:
    """Reads topics from their beginning and keeps what it has seen."""

    def __init__(self, bootstrap: str, topics: Sequence[str]) -> None:
        self._consumer = consumer_of(bootstrap, topics)
        self.seen: list[Arrival] = []

    def wait_for(self, enough: Callable[[Sequence[Arrival]], bool], seconds: float) -> bool:
        """Read until `enough(all seen)` or the deadline; returns whether it was enough."""
        deadline = time.monotonic() + seconds
        while not enough(self.seen):
            if time.monotonic() >= deadline:
                return False
            self.seen.extend(self._poll())
        return True

    def close(self) -> None:
        """Release the connection."""
        self._consumer.close()

    def _poll(self) -> Iterator[Arrival]:
        batches = self._consumer.poll(timeout_ms=100)
        now = time.time()
        for records in batches.values():
            for record in records:
                if record.value is not None:  # a tombstone follows each delete
                    yield _arrival(record, now)


def _arrival(record: Any, now: float) -> Arrival:
    value = payload(json.loads(record.value))
    return Arrival(
        topic=record.topic,
        operation=OPERATIONS.get(value["op"], value["op"]),
        key=payload(json.loads(record.key)) if record.key else {},
        before=value.get("before"),
        after=value.get("after"),
        at=now,
    )
