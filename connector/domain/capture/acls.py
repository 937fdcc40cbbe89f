"""What a stage must be allowed on brokers that decide by ACLs: nothing that is not used.

Kafka implies Describe in Read, Write, Delete and Alter, DescribeConfigs in AlterConfigs, and IdempotentWrite
on the cluster in Write on any topic (Kafka's documentation, "Authorization and ACLs"; KIP-679): none is asked
for beside what implies it.
"""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage

#: The name that stands for every topic of the cluster.
EVERY = "*"


class Resource(StrEnum):
    """What an ACL is about, in Kafka's words; the cluster has no name."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional id"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class Acl:
    """Operations, in Kafka's words, that are allowed on one resource."""

    resource: Resource
    name: str
    operations: tuple[str, ...]

    def __str__(self) -> str:
        what = (
            self.resource.value if self.resource is Resource.CLUSTER else f"{self.resource.value} {self.name}"
        )
        return f"{what.rstrip()}: {', '.join(self.operations)}"


#: Registration makes the topic, compares its settings with the wanted ones, and puts them right.
_PREPARE = ("Create", "Alter", "AlterConfigs")
#: What is done with a topic of each role, besides.
_USE = {
    "schema_history": ("Read", "Write"),
    "signal": ("Read", "Write"),
    # A function reads how far a snapshot is, and what a comparison compares.
    "notification": ("Read", "Write"),
    "data": ("Read", "Write"),
    "comparison": ("Read", "Write"),
}
#: Connect makes its own three topics and compares their clean-up policy.
_CONNECT = ("Create", "DescribeConfigs", "Read", "Write")


def transactional_ids(group: str) -> tuple[str, ...]:
    """Ids under which exactly-once writes: the leader's, and that of each connector's only task."""
    names = (aws_names.CONNECTOR, aws_names.COMPARISON_CONNECTOR)
    return (f"connect-cluster-{group}", *(f"{group}-{name}-0" for name in names))


def acls(stage: Stage, settings: ConnectorSettings) -> tuple[Acl, ...]:
    """Every ACL of the one user as whom worker and functions connect.

    An earlier release's Connect group is included; an ephemeral stage may delete what is its own.
    """
    delete = ("Delete",) if stage.ephemeral else ()
    topics = stage.topics
    specs = topics.specs(
        settings.kind, jdbc_topics=settings.jdbc_topics, heartbeat_table=bool(settings.heartbeat_table)
    )
    compared = topics.comparison_specs() if settings.kind == "debezium" else ()
    found = [
        Acl(Resource.TOPIC, spec.name, (*_PREPARE, *_USE.get(spec.role, ("Write",)), *delete))
        for spec in (*specs, *compared)
    ]
    for group in topics.connect_groups:
        found += [
            Acl(Resource.TOPIC, f"{group}.{what}", (*_CONNECT, *delete))
            for what in ("config", "offsets", "status")
        ]
    groups = topics.groups if settings.kind == "debezium" else topics.connect_groups
    found += [Acl(Resource.GROUP, group, ("Read", *delete)) for group in groups]
    for group in topics.connect_groups:
        found += [Acl(Resource.TRANSACTIONAL_ID, each, ("Write",)) for each in transactional_ids(group)]
    # A launch refuses a cluster whose topics or workers conflict with the stage's.
    found.append(Acl(Resource.TOPIC, EVERY, ("Describe",)))
    found.append(Acl(Resource.CLUSTER, "", ("Describe",)))
    return tuple(found)
