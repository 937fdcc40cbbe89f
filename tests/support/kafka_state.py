"""What a Kafka cluster holds: configs, records and committed offsets, to be compared after something ran."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

from tests.support.consumer import Consumer


@dataclass(frozen=True)
class Partition:
    """First and next offset, and a digest of every record in between."""

    first: int
    end: int
    digest: str


@dataclass(frozen=True)
class Topic:
    configs: Mapping[str, str]
    partitions: Mapping[int, Partition]


def topics(bootstrap: str, names: Iterable[str], ends: Mapping[str, Topic] | None = None) -> dict[str, Topic]:
    """Each topic as it is; with `ends` only the records that it had then, for it may have got more."""
    wanted = sorted(names)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        found = admin.describe_configs(resources, config_filter="all")["topic"]
    finally:
        admin.close()
    configs = {name: {key: str(entry["value"]) for key, entry in found[name].items()} for name in wanted}
    return {name: Topic(configs[name], _partitions(bootstrap, name, ends)) for name in wanted}


def _partitions(bootstrap: str, name: str, ends: Mapping[str, Topic] | None) -> dict[int, Partition]:
    with Consumer(bootstrap, [name]) as consumer:
        firsts, limits = consumer.firsts(), consumer.ends()
        if ends is not None:
            known = ends[name].partitions
            limits = {where: min(end, known[where.partition].end) for where, end in limits.items()}
        records = consumer.read_to(limits)
    return {
        where.partition: Partition(
            firsts[where], end, _digest(r for r in records if r.partition == where.partition)
        )
        for where, end in limits.items()
    }


def _digest(records: Iterable[Any]) -> str:
    seen = hashlib.sha256()
    for record in records:
        seen.update(repr((record.offset, record.key, record.value, record.headers)).encode())
    return seen.hexdigest()


def transactional_ids(bootstrap: str) -> set[str]:
    """Every id under which somebody has written transactions: the keys of the brokers' own topic."""
    with Consumer(bootstrap, ["__transaction_state"], exclude_internal_topics=False) as consumer:
        # A key is a version and a length, two bytes each, and the id.
        return {record.key[4:].decode() for record in consumer.read_to()}


def groups(bootstrap: str) -> dict[str, dict[str, int]]:
    """Group -> topic-partition -> committed offset."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        names = [group["group_id"] for group in admin.list_groups()]
        return {
            name: {f"{tp.topic}-{tp.partition}": found.offset for tp, found in _offsets(admin, name).items()}
            for name in names
        }
    finally:
        admin.close()


def _offsets(admin: Any, group: str) -> Mapping[TopicPartition, Any]:
    found = admin.list_group_offsets(group)
    return dict(found.get(group, found)) if isinstance(found, dict) else {}


def make(bootstrap: str, names: Iterable[str], records: int = 3) -> None:
    """Foreign topics, with records and a config of their own."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    configs = {"retention.ms": "86400123"}
    wanted = {
        name: {"num_partitions": 2, "replication_factor": 1, "configs": configs} for name in sorted(names)
    }
    admin.create_topics(wanted)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for name in wanted:
        for number in range(records):
            producer.send(name, key=str(number).encode(), value=f"{name} {number}".encode())
    producer.flush(30)
    producer.close()


def commit(bootstrap: str, group: str, topic: str, offset: int) -> None:
    """A group of somebody's that has read a topic."""
    # A consumer of the group waits for its coordinator, which the admin client does not.
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.commit({partition: OffsetAndMetadata(offset, "", -1)})
    consumer.close()
