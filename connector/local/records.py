"""Reads a topic for a person: keys and values as they are, without a consumer group."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
        if last is not None:
            for partition, first in consumer.beginning_offsets(consumer.assignment()).items():
                consumer.seek(partition, max(first, ends[partition] - last))
        # By position: with exactly-once the last offset is a marker that no consumer gets.
        while follow or any(consumer.position(partition) < end for partition, end in ends.items()):
            for records in consumer.poll(timeout_ms=200).values():
                for found in records:
                    yield TopicRecord(
                        found.partition, found.offset, found.timestamp, _text(found.key), _text(found.value)
                    )
    finally:
        consumer.close()


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", errors="replace")


def _content(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
