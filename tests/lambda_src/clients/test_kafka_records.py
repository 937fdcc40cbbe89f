"""Which topics have records, as kafka-python answers for their partitions."""

from typing import Any, cast

from kafka import KafkaAdminClient, TopicPartition
from kafka.protocol.consumer import OffsetSpec
from kafka.structs import OffsetAndTimestamp

from lambda_src.clients.kafka_records import with_records


class Offsets:
    """First and next offset of each partition."""

    def __init__(self, **ranges: tuple[int, int]) -> None:
        self.ranges = {TopicPartition(*reversed_name(name)): found for name, found in ranges.items()}
        self.asked = 0

    def list_partition_offsets(self, specs: dict[TopicPartition, Any]) -> dict[TopicPartition, Any]:
        self.asked += 1
        place = {OffsetSpec.EARLIEST: 0, OffsetSpec.LATEST: 1}
        return {
            part: OffsetAndTimestamp(self.ranges[part][place[spec]], -1, None) for part, spec in specs.items()
        }


def reversed_name(name: str) -> tuple[str, int]:
    topic, _, partition = name.rpartition("_")
    return topic, int(partition)


def test_one_record_on_any_partition_is_enough():
    client = Offsets(a_0=(0, 0), a_1=(4, 5), b_0=(7, 7))
    assert with_records(cast(KafkaAdminClient, client), {"a": 2, "b": 1}) == {"a"}


def test_what_retention_has_deleted_is_no_record_and_without_topics_nobody_is_asked():
    client = Offsets(b_0=(7, 7))
    assert with_records(cast(KafkaAdminClient, client), {"b": 1}) == frozenset()
    assert client.asked == 2
    assert with_records(cast(KafkaAdminClient, client), {}) == frozenset()
    assert client.asked == 2
