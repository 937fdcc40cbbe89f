"""What is on topics: all records of a small one, and which have any."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError, UnsupportedCodecError
from kafka.protocol.consumer import OffsetSpec

from connector.domain.errors import ServerError
from lambda_src.clients import lz4
from lambda_src.clients.kafka_port import RecordRange, Take
from lambda_src.runtime.deadline import Deadline

_READ_SECONDS = 15.0
_POLL_MS = 500
#: What is fetched at once, in bytes, and how many records are unpacked at once: a function has 256 MiB.
_FETCH_BYTES = 2 * 1024 * 1024
_FETCH_RECORDS = 500


def read_records(
    settings: Mapping[str, Any], deadline: Deadline, topic: str, *, readable_only: bool = False
) -> list[tuple[str, str | None]]:
    """Key and value of every committed record on partition 0, in order; raises kafka-python's errors.

    `readable_only`: pass over a record in a compression that needs a library which the functions do not have.
    The notifications are kept uncompressed (`Catalogue.specs`), but what a worker of this release writes
    before its first registration is as the worker compressed it.
    """
    what = f"reading topic {topic}"
    partition = TopicPartition(topic, 0)
    found: list[tuple[str, str | None]] = []
    with _consumer(settings, deadline, what) as consumer:
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
    return found


def kept_ranges(
    settings: Mapping[str, Any], deadline: Deadline, partitions: Mapping[str, int], *, committed: bool
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Topic -> of each partition the first offset kept and the one after the last, or the last committed."""
    parts = [TopicPartition(topic, each) for topic, count in partitions.items() for each in range(count)]
    if not parts:
        return {}
    level = "read_committed" if committed else "read_uncommitted"
    with _consumer(settings, deadline, "the offsets of topics", isolation_level=level) as consumer:
        # Of a consumer that reads what is committed, the end is where the first open transaction begins.
        first, end = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    return {
        topic: [(first[part], end[part]) for part in parts if part.topic == topic] for topic in partitions
    }


def read_range(
    settings: Mapping[str, Any], deadline: Deadline, part: RecordRange, take: Take, most: int
) -> int:
    """Hand the committed records of a range to `take`: `most` or a few more, and none after the deadline.

    The offset from which to go on; raises kafka-python's errors, and `ServerError` if records are gone.
    """
    lz4.install()
    partition, left = TopicPartition(part.topic, part.partition), most
    with _consumer(
        settings,
        deadline,
        f"reading topic {part.topic}",
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        max_poll_records=_FETCH_RECORDS,
        # In Python a checksum takes two fifths of a comparison (py-spy). Brokers have checked it when
        # the batch came, and TLS checks what it carries.
        check_crcs=False,
    ) as consumer:
        consumer.assign([partition])
        consumer.seek(partition, part.at)
        while (at := int(consumer.position(partition))) < part.end and left > 0 and deadline.left > 0:
            try:
                records = consumer.poll(timeout_ms=_POLL_MS).get(partition, ())
            except OffsetOutOfRangeError:
                raise ServerError(
                    f"topic {part.topic} has lost records that were still to be read: its retention is over"
                ) from None
            for record in records:
                if record.offset < part.end:
                    take(record.key, record.value)
            left -= len(records)
    return min(at, part.end)


@contextmanager
def _consumer(
    settings: Mapping[str, Any], deadline: Deadline, what: str, **more: Any
) -> Iterator[KafkaConsumer]:
    """A consumer of what is committed. Without a group nothing is stored, and no right on one is needed."""
    milliseconds = int(deadline.timeout(what, at_most=_READ_SECONDS) * 1000)
    consumer = KafkaConsumer(
        **settings,
        group_id=None,
        enable_auto_commit=False,
        bootstrap_timeout_ms=milliseconds,
        request_timeout_ms=milliseconds,
        **{"isolation_level": "read_committed", **more},
    )
    try:
        yield consumer
    finally:
        consumer.close()


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
