"""A Kafka cluster that behaves, as the admin function's client sees it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connector.domain.capture.acls import Resource
from connector.domain.capture.refused_rights import AllowedRights
from connector.domain.errors import ServerError
from connector.domain.stage.teardown import Plan
from connector.domain.stage.topics import TopicSpec, fold
from lambda_src.clients.kafka_port import KafkaAdmin, RecordRange, Take

#: All that a right may be for.
OPERATIONS = (*("Read", "Write", "Create", "Delete", "Alter", "Describe", "DescribeConfigs", "AlterConfigs"),)
#: What the broker adds to each topic of its own accord.
DEFAULTS = {"cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1"}


@dataclass
class FakeTopic:
    """One topic."""

    partitions: int = 1
    configs: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeKafka:
    """The cluster; it counts what changed it."""

    id: str = "cluster-1"
    topics: dict[str, FakeTopic] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    live_groups: set[str] = field(default_factory=set)
    #: Groups without members.
    idle_groups: set[str] = field(default_factory=set)
    #: How many more times a deleted topic is still listed.
    lingers: int = 0
    lingering: set[str] = field(default_factory=set)
    unreachable: bool = False
    #: Passwords whose login the brokers refuse: they close the connection, without a word.
    closed_on: set[str] = field(default_factory=set)
    settings: dict[str, Any] = field(default_factory=dict)
    #: Records that were written: topic, key, value.
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    #: Topic -> its records, key and value.
    written: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)
    #: Topic -> how many of them its retention has taken away.
    gone: dict[str, int] = field(default_factory=dict)
    #: Rights that its owners have not granted, one operation each.
    refused: set[tuple[Resource, str, str]] = field(default_factory=set)
    #: Topic -> when its newest record was written, or the error of asking.
    newest_at: dict[str, float | Exception] = field(default_factory=dict)

    @contextmanager
    def open(self, settings: Mapping[str, Any], deadline: object, redact: object) -> Iterator[KafkaAdmin]:
        self.settings = dict(settings)
        if self.unreachable or settings.get("sasl_plain_password") in self.closed_on:
            raise ServerError("the brokers do not answer a connection: timed out", retriable=True)
        yield self

    def cluster_id(self) -> str:
        return self.id

    def topic_names(self) -> frozenset[str]:
        if self.lingers:
            self.lingers -= 1
            return frozenset(self.topics) | self.lingering
        return frozenset(self.topics)

    def groups(self) -> frozenset[str]:
        return frozenset(self.live_groups | self.idle_groups)

    def delete_topics(self, plan: Plan) -> None:
        for name in plan.delete:
            if self.topics.pop(name, None) is not None:
                self.lingering.add(name)
                self.changes.append(f"delete {name}")

    def delete_groups(self, plan: Plan) -> tuple[str, ...]:
        for name in set(plan.delete) & self.idle_groups:
            self.idle_groups.remove(name)
            self.changes.append(f"delete group {name}")
        return tuple(sorted(set(plan.delete) & self.live_groups))

    def live_group(self, group: str) -> bool:
        return group in self.live_groups

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {name: self.topics[name].partitions for name in topics if name in self.topics}

    def filled(self, partitions: Mapping[str, int]) -> frozenset[str]:
        assert all(self.topics[name].partitions == count for name, count in partitions.items())
        return frozenset(name for name in partitions if self.written.get(name))

    def configs(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {name: {**DEFAULTS, **self.topics[name].configs} for name in topics}

    def newest(self, topic: str) -> float | None:
        found = self.newest_at.get(topic)
        if isinstance(found, Exception):
            raise found
        return found

    def records(self, topic: str, *, readable_only: bool = False) -> Sequence[tuple[str, str | None]]:
        assert topic in self.topics, "nobody reads a topic that does not exist"
        return self.written.get(topic, [])

    def ranges(
        self, topics: Sequence[str], *, committed: bool = True
    ) -> Mapping[str, Sequence[tuple[int, int]]]:
        return {
            name: [(self.gone.get(name, 0), len(self.written.get(name, ())))]
            for name in topics
            if name in self.topics
        }

    def read(self, part: RecordRange, take: Take, *, seconds: float, most: int) -> int:
        assert seconds > 0
        if part.at < self.gone.get(part.topic, 0):
            raise ServerError(f"topic {part.topic} has lost records that were still to be read")
        end = min(part.end, part.at + most)
        for key, value in self.written.get(part.topic, [])[part.at : end]:
            take(key.encode(), None if value is None else value.encode())
        return end

    def create(self, specs: Sequence[TopicSpec]) -> None:
        for spec in specs:
            assert fold(spec.name) not in map(fold, self.topics), "Kafka refuses twins"
            self.topics[spec.name] = FakeTopic(spec.partitions, dict(spec.configs))
            self.changes.append(f"create {spec.name}")

    def alter(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        for name, configs in changes.items():
            self.topics[name].configs.update(configs)
            self.changes.append(f"alter {name}")

    def rights(self, topics: Sequence[str]) -> AllowedRights:
        return AllowedRights(
            topics={name: self._allowed(Resource.TOPIC, name) for name in topics if name in self.topics},
            not_creatable={
                name
                for name in topics
                if name not in self.topics and (Resource.TOPIC, name, "Create") in self.refused
            },
            every_topic=self._allowed(Resource.TOPIC, "*"),
            cluster=self._allowed(Resource.CLUSTER, ""),
        )

    def _allowed(self, resource: Resource, name: str) -> frozenset[str]:
        return frozenset(each for each in OPERATIONS if (resource, name, each) not in self.refused)

    def send(self, topic: str, key: str, value: str) -> None:
        if topic not in self.topics:
            raise ServerError("the brokers refused a record: UnknownTopicOrPartition", status=3)
        self.sent.append((topic, key, value))
        self.written.setdefault(topic, []).append((key, value))

    def send_all(self, topic: str, records: Sequence[tuple[str, str | None]]) -> None:
        if topic not in self.topics:
            raise ServerError("the brokers refused a record: UnknownTopicOrPartition", status=3)
        self.written.setdefault(topic, []).extend(records)

    def add_partitions(self, totals: Mapping[str, int]) -> None:
        for name, total in totals.items():
            assert total > self.topics[name].partitions, "Kafka only adds partitions"
            self.topics[name].partitions = total
            self.changes.append(f"grow {name}")
