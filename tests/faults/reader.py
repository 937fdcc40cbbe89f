"""A consumer as downstream teams have one: committed records only, as they come, without a group."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka.errors import KafkaError

from connector.domain.capture.envelope import payload
from connector.local import schema
from lambda_src.runtime.deadline import Deadline
from tests.faults.compare import Found, Kind
from tests.faults.load import NUMBER, row_name
from tests.support.consumer import Consumer

_POLL_MS = 100


class ChangeLog:
    """What was read, as the comparison wants it. `wanted` tells which keys are its business."""

    def __init__(self, topics: Mapping[tuple[str, str], str], wanted: Callable[[int], bool]) -> None:
        self.found: list[Found] = []
        #: The newest image of each row that has one, for a look at its columns.
        self.images: dict[str, Mapping[str, Any]] = {}
        self._seen: set[tuple[str, int]] = set()
        self._tables = {topic: table for table, topic in topics.items()}
        self._wanted = wanted
        self._deleted: dict[str, int] = {}

    def has(self, row: str, number: int) -> bool:
        """Whether this change has arrived."""
        return (row, number) in self._seen

    def take(self, topic: str, key: bytes, value: bytes | None, now: float) -> None:
        """Note one record."""
        schema_name, table = self._tables[topic]
        number_of_row = int(payload(json.loads(key))[schema.key(table)])
        if not self._wanted(number_of_row):
            return
        row = row_name(schema_name, table, number_of_row)
        if value is None:
            # It says of which row it is, not of which change: of the delete before it.
            number, kind = self._deleted.get(row, 0), Kind.TOMBSTONE
        else:
            content = payload(json.loads(value))
            kind = Kind(content["op"])
            if kind is Kind.DELETE:
                number = int(content["before"][NUMBER[table]]) + 1
                self._deleted[row] = number
            else:
                number = int(content["after"][NUMBER[table]])
                self.images[row] = content["after"]
        self.found.append(Found(topic, row, number, kind, now))
        self._seen.add((row, number))


class Reader(ChangeLog):
    """Reads from where the topics end when it is made, or from their beginning."""

    def __init__(
        self,
        bootstrap: str,
        topics: Mapping[tuple[str, str], str],
        wanted: Callable[[int], bool],
        *,
        from_start: bool = False,
    ) -> None:
        super().__init__(topics, wanted)
        self._consumer = Consumer(
            bootstrap,
            topics.values(),
            from_end=not from_start,
            # An event may be larger than what a fetch gets by default.
            max_partition_fetch_bytes=16 * 1024 * 1024,
        )
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._ends.set()
        self._thread.join(30)
        self._consumer.close()

    @staticmethod
    def arrives(condition: Callable[[], bool], seconds: float) -> bool:
        """Whether the condition comes true in time: what is missing is for the comparison to say."""
        return Deadline.within(seconds).poll(condition, bool, every=0.05, at_most=seconds)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                records = self._consumer.poll(_POLL_MS)
            except KafkaError:
                time.sleep(_POLL_MS / 1000)
                continue
            now = time.time()
            for record in records:
                self.take(record.topic, record.key, record.value, now)
