"""The Kafka cluster as use cases know it, and the settings of a client. `kafka_admin` is the real one.

Apart from that module, because kafka-python takes longer to import than everything else together, and not
every invocation asks the brokers.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from connector.domain.capture.refused_rights import AllowedRights
from connector.domain.errors import ServerError
from connector.domain.secrets.brokers import RECONNECT_BACKOFF_MS, Brokers, KafkaAuth
from connector.domain.secrets.redacted import Redacted
from connector.domain.stage.teardown import Plan
from connector.domain.stage.topics import TopicSpec
from lambda_src.runtime.deadline import Deadline

#: The brokers' code for a topic that does not exist.
UNKNOWN_TOPIC = 3
#: The brokers' code for a topic with which the client may not do this.
TOPIC_REFUSED = 29
#: Less than the workers' limit, so that a client has several attempts to connect.
_RECONNECT_BACKOFF_MAX_MS = 4000

Redact = Callable[[str], str]


#: Takes the key and the value of one record.
Take = Callable[[bytes | None, bytes | None], None]


@dataclass(frozen=True)
class RecordRange:
    """The offsets of one partition from `at` to the one before `end`."""

    topic: str
    partition: int
    at: int
    end: int


class KafkaAdmin(Protocol):
    """What use cases ask of a Kafka cluster. Every method raises `ServerError`."""

    def cluster_id(self) -> str:
        """The cluster's own id."""
        ...

    def topic_names(self) -> frozenset[str]:
        """Every topic that may be seen."""
        ...

    def live_group(self, group: str) -> bool:
        """Whether a consumer group has members, as far as it may be seen."""
        ...

    def groups(self) -> frozenset[str]:
        """Every consumer group that may be seen."""
        ...

    def delete_topics(self, plan: Plan) -> None:
        """Delete the topics that the plan names, a batch at a time; one that is gone already is fine.

        A topic may be listed for a moment longer.
        """
        ...

    def delete_groups(self, plan: Plan) -> tuple[str, ...]:
        """Delete the groups that the plan names; answers those that still have members."""
        ...

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """Topic -> number of partitions, for those that exist."""
        ...

    def filled(self, partitions: Mapping[str, int]) -> frozenset[str]:
        """Of these topics, each with its number of partitions, those that have a record on any of them."""
        ...

    def configs(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Topic -> its configs, defaults included."""
        ...

    def newest(self, topic: str) -> float | None:
        """When the newest record of a topic with one partition was written, in seconds since 1970.

        None when it is empty; `ServerError` with status 3 when it does not exist.
        """
        ...

    def records(self, topic: str, *, readable_only: bool = False) -> Sequence[tuple[str, str | None]]:
        """Key and value of every committed record on partition 0 of a topic, in order: for a small topic.

        `readable_only`: pass over records in a compression that the functions cannot read. Without it they
        are an error, for who judges by what is on a topic must have all of it.
        """
        ...

    def ranges(
        self, topics: Sequence[str], *, committed: bool = True
    ) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Topic -> of each partition the first offset that it still has, and the end.

        The end is the offset after the last record; with `committed` that where an open transaction begins.
        """
        ...

    def read(self, part: RecordRange, take: Take, *, seconds: float, most: int) -> int:
        """Hand committed records to `take` until the end of `part`, for so many seconds and records at most.

        The offset from which to go on. `ServerError` if records from the beginning of `part` are gone.
        """
        ...

    def create(self, specs: Sequence[TopicSpec]) -> None:
        """Create all topics or, if the brokers refuse one, none; one that exists already is fine.

        Replication is the brokers' default.
        """
        ...

    def alter(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Set configs of topics: topic -> key -> value; other keys stay as they are."""
        ...

    def add_partitions(self, totals: Mapping[str, int]) -> None:
        """Give topics more partitions: topic -> how many it is to have."""
        ...

    def rights(self, topics: Sequence[str]) -> AllowedRights:
        """What this client may do with these topics, with all topics, with the cluster. Changes nothing."""
        ...

    def send(self, topic: str, key: str, value: str) -> None:
        """Write one record to partition 0 and wait until the brokers have it.

        The record is never sent twice: after an error it is unknown whether it has arrived.
        """
        ...

    def send_all(self, topic: str, records: Sequence[tuple[str, str | None]]) -> None:
        """As `send`, each key and value in order; an empty key is none. An error leaves the first of them."""
        ...


OpenKafka = Callable[[Mapping[str, Any], Deadline, Redact], AbstractContextManager[KafkaAdmin]]


def prepare() -> None:
    """Import the real client now: the limits of time that follow are for answers."""
    import lambda_src.clients.kafka_admin  # noqa: F401, PLC0415


def open_kafka(
    settings: Mapping[str, Any], deadline: Deadline, redact: Redact
) -> AbstractContextManager[KafkaAdmin]:
    """The real cluster. Raises `ServerError` when it cannot be connected to."""
    from lambda_src.clients.kafka_admin import Kafka  # noqa: PLC0415 - a cold start is shorter

    return Kafka(settings, deadline, redact)


def client_settings(
    brokers: Brokers,
    auth: KafkaAuth,
    credentials: tuple[Redacted, Redacted] | None,
    authority: str | None = None,
) -> dict[str, Any]:
    """kafka-python's settings for one way of authenticating, without timeouts.

    `authority`: PEM certificates to trust in place of the system's. Raises `ServerError` if they are none.
    """
    settings: dict[str, Any] = {
        "bootstrap_servers": brokers.bootstrap,
        "client_id": "wms-connect-admin",
        "security_protocol": auth.protocol,
    }
    if auth is not KafkaAuth.PLAINTEXT:
        settings["ssl_context"] = _trusting(authority)
    if auth is KafkaAuth.IAM:
        settings["sasl_mechanism"] = "AWS_MSK_IAM"
        settings["reconnect_backoff_ms"] = RECONNECT_BACKOFF_MS
        settings["reconnect_backoff_max_ms"] = _RECONNECT_BACKOFF_MAX_MS
    if auth is KafkaAuth.SCRAM and credentials is not None:
        username, password = credentials
        settings["sasl_mechanism"] = "SCRAM-SHA-512"
        settings["sasl_plain_username"] = username.reveal()
        settings["sasl_plain_password"] = password.reveal()
    return settings


def _trusting(authority: str | None) -> ssl.SSLContext:
    """With an authority of its own it alone, as the worker does: what passes here passes there."""
    try:
        return ssl.create_default_context(cadata=authority)
    except ssl.SSLError as error:
        raise ServerError(
            f"the certificate in the secret kafkaTls cannot be read ({error.reason}); write it anew as PEM"
        ) from None
