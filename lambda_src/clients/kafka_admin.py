"""The real Kafka cluster, with kafka-python: what `kafka_port` promises.

No message names a broker: hosts and the broker string are confidential, so messages say "the brokers".
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.net.compat import KafkaNetClient
from kafka.protocol.consumer import OffsetSpec

from connector.domain.capture.acls import Acl, Resource
from connector.domain.capture.refused_rights import AllowedRights
from connector.domain.errors import ServerError
from connector.domain.stage.teardown import Plan
from connector.domain.stage.topics import TopicSpec
from lambda_src.clients.kafka_port import TOPIC_REFUSED, UNKNOWN_TOPIC, RecordRange, Redact, Take
from lambda_src.clients.kafka_records import kept_ranges, read_range, read_records, with_records
from lambda_src.clients.kafka_refusals import LastFailure, operations_of, refusal, translated
from lambda_src.runtime.deadline import Deadline

_ALREADY_EXISTS = 36
#: A topic that nobody has: whoever may see every topic is told that it does not exist.
NOBODYS_TOPIC = "wms.rights.of.nobody"
#: Topics in one request to delete: a broker answers each request within the client's limit of time.
_BATCH = 10
_CONNECT_SECONDS = 12.0
_REQUEST_SECONDS = 15.0


class Kafka:
    """The real client; a context manager, because it owns a thread and sockets."""

    def __init__(self, settings: Mapping[str, Any], deadline: Deadline, redact: Redact) -> None:
        self._redact = redact
        self._settings = dict(settings)
        self._deadline = deadline
        self._parts: list[KafkaNetClient] = []
        self._failure = LastFailure()
        connect = deadline.timeout("connecting to the brokers", at_most=_CONNECT_SECONDS)
        request = deadline.timeout("the brokers' answer", at_most=_REQUEST_SECONDS)
        with self._errors("a connection"), self._failure.capturing():
            try:
                self._client = KafkaAdminClient(
                    **settings,
                    bootstrap_timeout_ms=int(connect * 1000),
                    request_timeout_ms=int(request * 1000),
                    kafka_client=self._remember,
                )
            except BaseException:
                # The client's constructor starts a thread before it connects, and leaves it behind.
                self._stop_parts()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def cluster_id(self) -> str:
        with self._errors("the cluster's id"):
            return str(self._client.describe_cluster()["cluster_id"])

    def topic_names(self) -> frozenset[str]:
        with self._errors("the list of topics"):
            return frozenset(self._client.list_topics())

    def live_group(self, group: str) -> bool:
        return self._group_states().get(group, "Dead") not in ("Dead", "Empty")

    def groups(self) -> frozenset[str]:
        return frozenset(self._group_states())

    def _group_states(self) -> Mapping[str, str]:
        # Not describe_groups: kafka-python 3.0 reads members as consumers' and fails on Connect's.
        with self._errors("the list of groups"):
            groups = self._client.list_groups()
        return {found["group_id"]: found["group_state"] for found in groups}

    def delete_topics(self, plan: Plan) -> None:
        for first in range(0, len(plan.delete), _BATCH):
            batch = plan.delete[first : first + _BATCH]
            with self._errors("deleting topics"):
                answer = self._client.delete_topics(list(batch), raise_errors=False)
            for topic in answer["topics"]:
                if topic["error_code"] not in (0, UNKNOWN_TOPIC):
                    message = self._redact(topic.get("error_message") or "")
                    right = Acl(Resource.TOPIC, topic["name"], ("Delete",))
                    raise refusal(f"deleting topic {topic['name']}", topic["error_code"], message, right)

    def delete_groups(self, plan: Plan) -> tuple[str, ...]:
        if not plan.delete:
            return ()
        with self._errors("deleting groups"):
            answer = self._client.delete_groups(list(plan.delete))
        # The client answers with the name of the error's class.
        busy = [group for group, kind in answer.items() if kind == "NonEmptyGroupError"]
        for group, kind in answer.items():
            if kind not in ("OK", "GroupIdNotFoundError", "NonEmptyGroupError"):
                right = Acl(Resource.GROUP, group, ("Delete",))
                raise refusal(f"deleting group {group}", getattr(kafka_errors, kind).errno, "", right)
        return tuple(sorted(busy))

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        with self._errors("describing topics"):
            described = self._client.describe_topics(list(topics))
        found = {}
        for topic in described:
            code = topic["error_code"]
            # A topic that does not exist is described, with an error code, not refused.
            if code == UNKNOWN_TOPIC:
                continue
            if code:
                right = Acl(Resource.TOPIC, topic["name"], ("Describe",))
                raise refusal(f"describing topic {topic['name']}", code, "", right)
            found[topic["name"]] = len(topic["partitions"])
        return found

    def filled(self, partitions: Mapping[str, int]) -> frozenset[str]:
        needed = (Acl(Resource.TOPIC, topic, ("Describe",)) for topic in partitions)
        with self._errors("the offsets of topics", *needed):
            return with_records(self._client, partitions)

    def configs(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        if not topics:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
        with self._errors("the configs of topics"):
            answer = self._client.describe_configs(resources, config_filter="all").get("topic", {})
        # The client drops the error code of a refused resource and answers no config for it.
        refused = [name for name in topics if not answer.get(name)]
        if refused:
            right = Acl(Resource.TOPIC, refused[0], ("AlterConfigs",))
            raise ServerError(
                f"the brokers return no configs of topic {refused[0]}; missing right: {right}, which brings "
                "DescribeConfigs along (with IAM: kafka-cluster:DescribeTopicDynamicConfiguration)"
            )
        return {
            name: {key: str(entry["value"]) for key, entry in entries.items()}
            for name, entries in answer.items()
        }

    def newest(self, topic: str) -> float | None:
        partition = TopicPartition(topic, 0)
        # By time, not by offset: with exactly-once the last offset is a commit marker, not a record.
        with self._errors(f"the newest record of topic {topic}", Acl(Resource.TOPIC, topic, ("Describe",))):
            found = self._client.list_partition_offsets({partition: OffsetSpec.MAX_TIMESTAMP})[partition]
        return found.timestamp / 1000 if found.timestamp >= 0 else None

    def records(self, topic: str, *, readable_only: bool = False) -> Sequence[tuple[str, str | None]]:
        with self._errors(f"the records of topic {topic}", Acl(Resource.TOPIC, topic, ("Read",))):
            return read_records(self._settings, self._deadline, topic, readable_only=readable_only)

    def ranges(
        self, topics: Sequence[str], *, committed: bool = True
    ) -> Mapping[str, Sequence[tuple[int, int]]]:
        needed = (Acl(Resource.TOPIC, topic, ("Read",)) for topic in topics)
        with self._errors("the offsets of topics", *needed):
            partitions = self.partitions(topics)
            return kept_ranges(self._settings, self._deadline, partitions, committed=committed)

    def read(self, part: RecordRange, take: Take, *, seconds: float, most: int) -> int:
        with self._errors(f"the records of topic {part.topic}", Acl(Resource.TOPIC, part.topic, ("Read",))):
            return read_range(self._settings, self._deadline.sooner(seconds), part, take, most)

    def create(self, specs: Sequence[TopicSpec]) -> None:
        wanted = {
            spec.name: {
                "num_partitions": spec.partitions,
                "replication_factor": -1,
                "configs": dict(spec.configs),
            }
            for spec in specs
        }
        # The brokers check each topic by itself: without a dry run they would create the topics not refused.
        self._create(wanted, validate_only=True)
        self._create(wanted, validate_only=False)

    def _create(self, wanted: Mapping[str, Any], *, validate_only: bool) -> None:
        with self._errors("creating topics"):
            answer = self._client.create_topics(dict(wanted), raise_errors=False, validate_only=validate_only)
        for topic in answer["topics"]:
            if topic["error_code"] not in (0, _ALREADY_EXISTS):
                message = self._redact(topic.get("error_message") or "")
                right = Acl(Resource.TOPIC, topic["name"], ("Create",))
                raise refusal(f"creating topic {topic['name']}", topic["error_code"], message, right)

    def alter(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, topic, dict(configs))
            for topic, configs in changes.items()
        ]
        with self._errors("changing the configs of topics"):
            answer = self._client.alter_configs(resources, raise_on_unknown=False).get("topic", {})
        for topic, result in answer.items():
            if result != "OK":
                message = (
                    f"the brokers refused to change the configs of topic {topic}: {self._redact(result)}"
                )
                if "AuthorizationFailed" in result:
                    message += f"; missing right: {Acl(Resource.TOPIC, topic, ('AlterConfigs',))}"
                raise ServerError(message)

    def add_partitions(self, totals: Mapping[str, int]) -> None:
        needed = (Acl(Resource.TOPIC, topic, ("Alter",)) for topic in totals)
        with self._errors("adding partitions", *needed):
            self._client.create_partitions(dict(totals))

    def send(self, topic: str, key: str, value: str) -> None:
        self.send_all(topic, [(key, value)])

    def send_all(self, topic: str, records: Sequence[tuple[str, str | None]]) -> None:
        seconds = self._deadline.timeout("writing a record", at_most=_REQUEST_SECONDS)
        with self._errors(f"a record on topic {topic}", Acl(Resource.TOPIC, topic, ("Write",))):
            producer = KafkaProducer(
                **self._settings,
                acks="all",
                retries=0,
                # An idempotent producer needs a right on the cluster, and protects only against retries.
                enable_idempotence=False,
                bootstrap_timeout_ms=int(seconds * 1000),
                max_block_ms=int(seconds * 1000),
                request_timeout_ms=int(seconds * 1000),
                delivery_timeout_ms=int(seconds * 1000) + 1000,
            )
            try:
                # One after the other: an error must leave no gap between those that have arrived.
                for key, value in records:
                    self._deadline.timeout("writing a record", at_most=_REQUEST_SECONDS)
                    encoded = None if value is None else value.encode()
                    producer.send(topic, key=key.encode() or None, value=encoded, partition=0).get(
                        seconds + 1
                    )
            finally:
                producer.close(timeout=1)

    def rights(self, topics: Sequence[str]) -> AllowedRights:
        with self._errors("the rights of this client"):
            described = self._client.describe_topics([*topics, NOBODYS_TOPIC])
            cluster = self._client.describe_cluster()
        found = {topic["name"]: topic for topic in described}
        nobodys = found.pop(NOBODYS_TOPIC)["error_code"]
        missing = [name for name, topic in found.items() if topic["error_code"] == UNKNOWN_TOPIC]
        # Nothing may be done with a topic that may not be seen; a broker that does not say is not judged.
        said = {
            name: [] if topic["error_code"] == TOPIC_REFUSED else topic["authorized_operations"]
            for name, topic in found.items()
            if name not in missing
        }
        of_cluster = cluster["authorized_operations"]
        return AllowedRights(
            topics={name: operations_of(each) for name, each in said.items() if each is not None},
            not_creatable=self._not_creatable(missing),
            # Whoever may not see a topic is not told that it does not exist.
            every_topic=frozenset() if nobodys == TOPIC_REFUSED else frozenset({"Describe"}),
            cluster=None if of_cluster is None else operations_of(of_cluster),
        )

    def _not_creatable(self, topics: Sequence[str]) -> frozenset[str]:
        """Of topics that do not exist: those that a dry run may not create."""
        if not topics:
            return frozenset()
        wanted = {name: {"num_partitions": 1, "replication_factor": -1, "configs": {}} for name in topics}
        with self._errors("the rights of this client"):
            answer = self._client.create_topics(wanted, raise_errors=False, validate_only=True)
        return frozenset(topic["name"] for topic in answer["topics"] if topic["error_code"] == TOPIC_REFUSED)

    def _remember(self, **settings: Any) -> KafkaNetClient:
        client = KafkaNetClient(**settings)
        self._parts.append(client)
        return client

    def _stop_parts(self) -> None:
        for part in self._parts:
            part.close()
            part._net.stop(timeout_ms=1000)  # noqa: SLF001 - nothing public stops the thread

    @contextmanager
    def _errors(self, what: str, *needed: Acl) -> Iterator[None]:
        try:
            yield
        except (kafka_errors.KafkaError, OSError) as error:
            raise translated(what, error, self._redact(self._failure.text or str(error)), needed) from None
