"""What is on topics: all records of a small one, and which have any."""

from collections.abc import Mapping
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import UnsupportedCodecError
from kafka.protocol.consumer import OffsetSpec

from lambda_src.runtime.deadline import Deadline

_READ_SECONDS = 15.0
_POLL_MS = 500


def read_records(
    settings: Mapping[str, Any], deadline: Deadline, topic: str, *, readable_only: bool = False
) -> list[tuple[str, str | None]]:
    """Key and value of every committed record on partition 0, in order; raises kafka-python's errors.

    `readable_only`: pass over a record in a compression that needs a library which the functions do not have.
    The notifications are kept uncompressed (`Catalogue.specs`), but what a worker of this release writes
    before its first registration is as the worker compressed it.
    """
    what = f"reading topic {topic}"
    milliseconds = int(deadline.timeout(what, at_most=_READ_SECONDS) * 1000)
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        **settings,
        # Without a group nothing is committed, and no right on a group is needed.
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        bootstrap_timeout_ms=milliseconds,
        request_timeout_ms=milliseconds,
    )
    found: list[tuple[str, str | None]] = []
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        # Not the number of records: a transaction's marker takes an offset, too.
        while consumer.position(partition) < end:
            deadline.timeout(what, at_most=_READ_SECONDS)
            try:
                records = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
            except UnsupportedCodecError:
                if not readable_only:
                    raise
                consumer.seek(partition, consumer.position(partition) + 1)
                continue
            found += [(_text(record.key) or "", _text(record.value)) for record in records]
    finally:
        consumer.close()
    return found


def with_records(client: KafkaAdminClient, partitions: Mapping[str, int]) -> frozenset[str]:
    """Of topics with their numbers of partitions, those that have a record; raises kafka-python's errors."""
    parts = [TopicPartition(topic, each) for topic, count in partitions.items() for each in range(count)]
    if not parts:
        return frozenset()
    first = client.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST))
    last = client.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
    return frozenset(part.topic for part in parts if last[part].offset > first[part].offset)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
