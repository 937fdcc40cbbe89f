"""Reads a cluster's topics: committed records only, without a consumer group, and ends by a deadline."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition

from connector.local.arrivals import consumer_of
from tests.support.waiting import TIMEOUT_SECONDS, wait_for


class Consumer:
    """Assigned to every partition of some topics, at their beginning or at their end.

    `options` are those of KafkaConsumer.
    """

    def __init__(
        self, bootstrap: str, topics: Iterable[str], *, from_end: bool = False, **options: Any
    ) -> None:
        self._kafka: KafkaConsumer = consumer_of(bootstrap, topics, **options)
        self.partitions: list[TopicPartition] = sorted(self._kafka.assignment())
        if from_end:
            self.seek(self.ends())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the connection."""
        self._kafka.close()

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Go on from these offsets; a partition that is not among them stays where it is."""
        for partition, offset in offsets.items():
            self._kafka.seek(partition, offset)

    def firsts(self) -> dict[TopicPartition, int]:
        """The offset of each partition's first record."""
        return dict(self._kafka.beginning_offsets(self.partitions))

    def ends(self) -> dict[TopicPartition, int]:
        """The offset behind each partition's last committed record."""
        return dict(self._kafka.end_offsets(self.partitions))

    def poll(self, milliseconds: int = 100) -> list[Any]:
        """The next records, in the order of each partition; none when none has come in this time."""
        batches = self._kafka.poll(timeout_ms=milliseconds)
        return [record for records in batches.values() for record in records]

    def read(self, count: int, seconds: float = TIMEOUT_SECONDS) -> list[Any]:
        """At least so many records."""
        found: list[Any] = []

        def enough() -> bool:
            found.extend(self.poll())
            return len(found) >= count

        wait_for(enough, f"{count} records to read", seconds, every=0)
        return found

    def read_to(
        self, ends: Mapping[TopicPartition, int] | None = None, seconds: float = TIMEOUT_SECONDS
    ) -> list[Any]:
        """The records before these offsets; without any, all that are there now."""
        limits = self.ends() if ends is None else ends
        found: list[Any] = []

        def at_end() -> bool:
            found.extend(self.poll())
            return all(self._kafka.position(partition) >= end for partition, end in limits.items())

        wait_for(at_end, "the topics are read to their end", seconds, every=0)
        return [r for r in found if r.offset < limits[TopicPartition(r.topic, r.partition)]]

    def has_since(self, moment: float) -> bool:
        """Whether a record has a timestamp of this moment or later; the moment in seconds since 1970."""
        found = self._kafka.offsets_for_times(dict.fromkeys(self.partitions, int(moment * 1000)))
        return any(place is not None for place in found.values())
