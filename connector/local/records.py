"""Reads a topic for a person: keys and values as they are, without a consumer group."""

import difflib
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer

from connector.domain.errors import OperatorError
from connector.local.arrivals import consumer_of, topics_of


@dataclass(frozen=True)
class TopicRecord:
    """One record; a value of None is a tombstone. `at` is its time in milliseconds since 1970."""

    partition: int
    offset: int
    at: int
    key: str | None
    value: str | None

    def line(self) -> str:
        """The record in one line: partition and offset, time, key, value."""
        when = datetime.fromtimestamp(self.at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
        value = "(tombstone)" if self.value is None else self.value
        return f"{self.partition}:{self.offset} {when} {self.key or '-'} {value}"

    def to_json(self) -> dict[str, Any]:
        """The record as JSON, key and value as what they hold."""
        return {**vars(self), "key": _content(self.key), "value": _content(self.value)}


def read(bootstrap: str, topic: str, *, follow: bool, last: int | None) -> Iterator[TopicRecord]:
    """The records of a topic, at most the `last` of each partition; with `follow` for ever.

    Raises OperatorError for a topic that does not exist.
    """
    there = topics_of(bootstrap)
    if topic not in there:
        close = difflib.get_close_matches(topic, there, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise OperatorError(f"the cluster has no topic {topic!r}; {meant}Topics: {', '.join(sorted(there))}")
    consumer = consumer_of(bootstrap, [topic])
    try:
        ends = consumer.end_offsets(consumer.assignment())

        def behind() -> bool:
            # By position: with exactly-once the last offset is a marker that no consumer gets.
            return any(consumer.position(partition) < end for partition, end in ends.items())

        if last is not None:
            yield from _last(consumer, behind, last)
        while follow or behind():
            yield from _poll(consumer)
    finally:
        consumer.close()


def _last(consumer: KafkaConsumer, behind: Callable[[], bool], last: int) -> list[TopicRecord]:
    """The last records of each partition, in the order of their times.

    All are read for them. Markers and records of broken-off transactions have offsets too, so a count back
    from the end finds too few.
    """
    kept: dict[int, deque[TopicRecord]] = {}
    while behind():
        for record in _poll(consumer):
            kept.setdefault(record.partition, deque(maxlen=last)).append(record)
    return sorted((record for records in kept.values() for record in records), key=lambda record: record.at)


def _poll(consumer: KafkaConsumer) -> Iterator[TopicRecord]:
    for records in consumer.poll(timeout_ms=200).values():
        for found in records:
            yield TopicRecord(
                found.partition, found.offset, found.timestamp, _text(found.key), _text(found.value)
            )


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", errors="replace")


def _content(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
