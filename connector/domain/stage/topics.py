"""Every Kafka topic and consumer group a stage can have, by role, and how each topic is to be set up.

The catalogue is the only list of topics in the project. Registration creates what it names, the
connector config takes its names from it, refusals of stage names are computed from it, and teardown may
delete exactly what it yields for an ephemeral stage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

#: The four captured tables, as Oracle spells them: schema, table.
CAPTURED_TABLES: tuple[tuple[str, str], ...] = (
    ("MMDL", "PLAN_BASE_WVR_TBL"),
    ("MMDL", "PLAN_WVR_RVSN_TBL"),
    ("WMS", "PLAN_BASE_WVR_TBL"),
    ("WMS", "PLAN_WVR_RVSN_TBL"),
)

#: The two tables of the JDBC kind: those with a SYS_ADD_TS column that the predecessor polls.
JDBC_TABLES: tuple[tuple[str, str], ...] = tuple(t for t in CAPTURED_TABLES if t[0] == "WMS")

#: How the topics of the JDBC kind are named: with the schema before the table, or by the table alone.
JDBC_TOPICS = {"schema": "data_jdbc", "bare": "data_jdbc_bare"}

#: Kafka's and MSK's own topics, which belong to no namespace.
BROKER_TOPICS: tuple[str, ...] = (
    "__consumer_offsets",
    "__transaction_state",
    "__share_group_state",
    "__cluster_metadata",
    "__remote_log_metadata",
    "__amazon_msk_canary",
    "__amazon_msk_connect_configs",
)

#: Kafka's limit for a topic name (org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH).
MAX_TOPIC_LENGTH = 249

_HOUR_MS = 60 * 60 * 1000
_DAY_MS = 24 * _HOUR_MS
_MIB = 1024 * 1024
#: What Kafka's own default adds to one MiB: the frame of a batch.
_FRAME = 12


@dataclass(frozen=True)
class TopicSpec:
    """How one topic is to be set up.

    `configs` are Kafka topic configs as strings. A replication factor of -1 means the broker's default
    everywhere in this project, so it is not a field. `exact_partitions` marks topics whose readers break
    when there are more partitions than asked for (schema history is read from partition 0 only).
    """

    name: str
    role: str
    partitions: int
    configs: Mapping[str, str]
    exact_partitions: bool = False


@dataclass(frozen=True)
class Catalogue:
    """All topics and consumer groups of one stage.

    `namespace` is empty for a named stage and `<stage>.` for an ephemeral one; every topic and group
    starts with it. `previous_group` is the Connect group that earlier releases gave the stage, where it
    was another one: a stage that was launched then keeps it, and its teardown deletes it.
    """

    namespace: str
    connect_group: str
    previous_group: str = ""

    @property
    def prefix(self) -> str:
        """Debezium's `topic.prefix`, called P in the documents."""
        return f"{self.namespace}wms"

    @property
    def comparison_prefix(self) -> str:
        """`topic.prefix` of the connector that reads the source once, for a comparison."""
        return f"{self.prefix}.reconcile"

    @property
    def jdbc_prefix(self) -> str:
        """What precedes `<SCHEMA>.<TABLE>`, or `<TABLE>`, in the topics of the JDBC kind."""
        return f"{self.namespace}aws.wms.cdc."

    @property
    def connect_groups(self) -> tuple[str, ...]:
        """Every group under which workers of the stage may run."""
        return tuple(filter(None, (self.connect_group, self.previous_group)))

    def using(self, group: str) -> "Catalogue":
        """The catalogue of a stage whose workers run under `group`; raises `ValueError` for a foreign one."""
        if group not in self.connect_groups:
            raise ValueError(
                f"{group!r} is not a Connect group of this stage; allowed: {', '.join(self.connect_groups)}"
            )
        return replace(self, connect_group=group, previous_group="")

    @property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Role -> topic names, for everything this project, Debezium or Connect may create."""
        p, internal = self.prefix, ("config", "offsets", "status")
        previous = tuple(f"{self.previous_group}.{what}" for what in internal if self.previous_group)
        return MappingProxyType(
            {
                "data": tuple(f"{p}.{schema}.{table}" for schema, table in CAPTURED_TABLES),
                "data_jdbc": tuple(f"{self.jdbc_prefix}{schema}.{table}" for schema, table in JDBC_TABLES),
                "data_jdbc_bare": tuple(f"{self.jdbc_prefix}{table}" for _, table in JDBC_TABLES),
                "schema_change": (p,),
                "schema_history": (f"{p}.schema-changes",),
                "heartbeat": (f"{p}.heartbeat",),
                "heartbeat_table": (f"{p}.heartbeat.table",),
                "signal": (f"{p}.signal",),
                "notification": (f"{p}.notifications",),
                "transaction": (f"{p}.transaction",),
                "comparison": tuple(
                    f"{self.comparison_prefix}.{schema}.{table}" for schema, table in CAPTURED_TABLES
                ),
                **{f"connect_{what}": (f"{self.connect_group}.{what}",) for what in internal},
                **({"connect_previous": previous} if previous else {}),
            }
        )

    @property
    def groups(self) -> tuple[str, ...]:
        """Consumer groups: the Connect groups and the signal channel's.

        The reader of the schema history has a group id, `<topic.prefix>-schemahistory`, but joins no group:
        it assigns itself its partition and commits nothing (`KafkaSchemaHistory` of Debezium 3.6.1). Each
        worker of the tests on the real parts runs without a right on that name.
        """
        return (*self.connect_groups, self.signal_group)

    @property
    def signal_group(self) -> str:
        """Consumer group of Debezium's Kafka signal channel."""
        return f"{self.prefix}-signal"

    def __iter__(self) -> Iterator[str]:
        """All topic names, each once, in a stable order."""
        for names in self.roles.values():
            yield from names

    def __contains__(self, topic: object) -> bool:
        return topic in set(self)

    def one(self, role: str) -> str:
        """The single topic of a role that has just one."""
        (name,) = self.roles[role]
        return name

    def specs(
        self,
        kind: str,
        *,
        jdbc_topics: str = "schema",
        data_partitions: int = 1,
        data_retention_days: int = 7,
        heartbeat_table: bool = False,
        max_record_mib: int = 1,
    ) -> tuple[TopicSpec, ...]:
        """The topics that registration makes sure exist, for connector kind `debezium` or `jdbc`.

        Connect's own three topics are absent: the worker creates them before it answers, with settings
        it insists on.
        """
        retention = str(data_retention_days * _DAY_MS)
        data_role = "data" if kind == "debezium" else JDBC_TOPICS[jdbc_topics]
        data = [
            TopicSpec(
                name,
                data_role,
                data_partitions,
                {
                    "cleanup.policy": "delete",
                    "retention.ms": retention,
                    "max.message.bytes": str(max_record_mib * _MIB + _FRAME),
                },
            )
            for name in self.roles[data_role]
        ]
        if kind != "debezium":
            return tuple(data)
        forever = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        week = {"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS)}
        day = {"cleanup.policy": "delete", "retention.ms": str(_DAY_MS)}
        single = [
            # Without the oldest records of its schema history every restart would fail: kept for ever.
            TopicSpec(self.one("schema_history"), "schema_history", 1, forever, True),
            TopicSpec(self.one("schema_change"), "schema_change", 1, forever, True),
            TopicSpec(self.one("heartbeat"), "heartbeat", 1, day),
            *([TopicSpec(self.one("heartbeat_table"), "heartbeat_table", 1, day)] if heartbeat_table else []),
            # The signal channel reads partition 0 and its order matters.
            TopicSpec(self.one("signal"), "signal", 1, week, True),
            # The functions read it, without the libraries that other compressions than gzip need.
            TopicSpec(
                self.one("notification"), "notification", 1, {**week, "compression.type": "uncompressed"}
            ),
        ]
        return (*data, *single)

    def comparison_specs(self, *, max_record_mib: int = 1) -> tuple[TopicSpec, ...]:
        """The topics of a comparison of source and topics: made by the first one, then used again.

        They are kept because nobody may delete a topic of a named stage; their records are not.
        """
        configs = {
            "cleanup.policy": "delete",
            "retention.ms": str(_HOUR_MS),
            "max.message.bytes": str(max_record_mib * _MIB + _FRAME),
        }
        return tuple(TopicSpec(name, "comparison", 1, configs, True) for name in self.roles["comparison"])


def fold(topic: str) -> str:
    """`topic` as Kafka compares names for collisions: `.` and `_` are the same character to it."""
    return topic.replace(".", "_")


def twins(wanted: Iterable[str], existing: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs (wanted, existing) that differ only in `.` and `_`, which one cluster cannot both hold."""
    by_fold: dict[str, list[str]] = {}
    for name in existing:
        by_fold.setdefault(fold(name), []).append(name)
    return tuple(
        (name, other) for name in wanted for other in sorted(by_fold.get(fold(name), [])) if other != name
    )
