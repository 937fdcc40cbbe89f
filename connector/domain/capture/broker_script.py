"""What the owners of the Kafka cluster must grant a stage: topics, groups, transactional ids, the port.

Nothing here connects to a broker. The names come from the stage's own catalogue, so that what is asked for is
what is used.
"""

from collections.abc import Sequence
from typing import Any

from connector.domain.capture.acls import acls, transactional_ids
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import TopicSpec

#: The security group whose members (tasks and Lambdas) connect to the brokers.
CLIENT_GROUP = "client"
#: How Connect makes its own topics.
_COMPACT = {"cleanup.policy": "compact"}


def broker_script(
    stage: Stage, auth: KafkaAuth, settings: ConnectorSettings, ports: Sequence[int] = ()
) -> str:
    """The request to the cluster's owners as text, ending with a newline.

    `ports`: the broker string's, where the cluster has chosen others than MSK's.
    """
    parts = [
        f"# wms-connector: what stage {stage.name} needs of the Kafka cluster ({auth.value}).",
        _ingress(stage, sorted(set(ports)) or [auth.port]),
        _topics(stage, settings),
        _listed(
            "Consumer groups" + ("" if settings.kind == "debezium" else " (the first is used)"),
            stage.topics.using(stage.topics.connect_group).groups,
        ),
        _listed("Transactional ids (exactly-once)", transactional_ids(stage.topics.connect_group)),
        *_previous_group(stage),
        _rights(stage, auth, settings),
        *_limits(auth),
    ]
    return "\n\n".join(parts) + "\n"


def broker_needs(
    stage: Stage, auth: KafkaAuth, settings: ConnectorSettings, ports: Sequence[int] = ()
) -> dict[str, Any]:
    """The same for a program. `acls` is empty where the brokers decide by a role's policy, or by nothing."""
    by_acl = auth not in (KafkaAuth.IAM, KafkaAuth.PLAINTEXT)
    return {
        "stage": stage.name,
        "kafka_auth": auth.value,
        "ports": sorted(set(ports)) or [auth.port],
        "security_group": stage.names.security_group(CLIENT_GROUP),
        "topics": [
            {"name": spec.name, "partitions": spec.partitions, "configs": dict(spec.configs)}
            for spec in _all_topics(stage, settings)
        ]
        + [{"name": name, "partitions": 1, "configs": _COMPACT} for name in _connect_topics(stage)],
        "groups": [*stage.topics.using(stage.topics.connect_group).groups],
        "transactional_ids": [*transactional_ids(stage.topics.connect_group)],
        "acls": [
            {"resource": each.resource.value, "name": each.name, "operations": [*each.operations]}
            for each in (acls(stage, settings) if by_acl else ())
        ],
    }


def _ingress(stage: Stage, ports: Sequence[int]) -> str:
    group = stage.names.security_group(CLIENT_GROUP)
    return f"# Ingress\nallow tcp {', '.join(map(str, ports))} to the brokers from the security group {group}"


def wanted_topics(stage: Stage, settings: ConnectorSettings) -> Sequence[TopicSpec]:
    """The topics that registration makes for a stage with these settings."""
    return stage.topics.specs(
        settings.kind,
        jdbc_topics=settings.jdbc_topics,
        data_partitions=settings.data_partitions,
        data_retention_days=settings.data_retention_days,
        heartbeat_table=bool(settings.heartbeat_table),
        max_record_mib=settings.max_record_mib,
    )


def _all_topics(stage: Stage, settings: ConnectorSettings) -> Sequence[TopicSpec]:
    specs = wanted_topics(stage, settings)
    if settings.kind != "debezium":
        return specs
    return (*specs, *stage.topics.comparison_specs(max_record_mib=settings.max_record_mib))


def _connect_topics(stage: Stage) -> Sequence[str]:
    return [stage.topics.one(f"connect_{what}") for what in ("config", "offsets", "status")]


def _topics(stage: Stage, settings: ConnectorSettings) -> str:
    lines = [
        "# Topics (registration or a comparison creates missing ones; replication: the brokers' default)"
    ]
    lines += [_topic_line(spec) for spec in _all_topics(stage, settings)]
    lines += [
        f"{name}  partitions=1 cleanup.policy=compact  (Connect's own)" for name in _connect_topics(stage)
    ]
    return "\n".join(lines)


def _topic_line(spec: TopicSpec) -> str:
    configs = " ".join(f"{key}={value}" for key, value in sorted(spec.configs.items()))
    return f"{spec.name}  partitions={spec.partitions} {configs}"


def _previous_group(stage: Stage) -> tuple[str, ...]:
    """The names of a stage that keeps the Connect group of an earlier release."""
    group = stage.topics.previous_group
    if not group:
        return ()
    title = "If an earlier release launched this stage, its workers keep these names until it is torn down"
    names = (group, *stage.topics.roles["connect_previous"], *transactional_ids(group))
    return (_listed(f"{title}: the same rights on them (group, topics, transactional ids)", names),)


def _listed(title: str, found: tuple[str, ...]) -> str:
    return "\n".join([f"# {title}", *found])


def _limits(auth: KafkaAuth) -> tuple[str, ...]:
    """What the brokers do not protect, or cannot do, with this kind of authentication."""
    if auth is KafkaAuth.IAM:
        # "Semantics of IAM authorization policy actions and resources", MSK's Developer Guide.
        text = (
            "below Kafka 3.8, MSK's IAM access control does not allow WriteTxnMarkers: commits work, but no "
            "client can abort a hanging transaction (kafka-transactions.sh abort); that needs SCRAM or mTLS"
        )
    elif auth in (KafkaAuth.TLS, KafkaAuth.PLAINTEXT):
        text = (
            f"to {auth.value} brokers all clients are User:ANONYMOUS, and ACLs cannot tell stages apart: "
            "whoever reaches the port can read, write and delete the topics of every stage on this cluster. "
            "Only this project's own code keeps a branch off them. Where stages share a cluster, use iam or "
            "scram, or give branches a cluster of their own"
        )
    else:
        return ()
    return (f"# Limits\n{text}",)


def _rights(stage: Stage, auth: KafkaAuth, settings: ConnectorSettings) -> str:
    if auth is KafkaAuth.IAM:
        return (
            "# Rights\nnothing to grant on the brokers: the roles of this stage have policies "
            "for exactly the names above"
        )
    if auth is KafkaAuth.PLAINTEXT:
        return "# Rights\nnone: without authentication every client may do everything"
    principal = "<the user in the secret kafkaCredentials>" if auth is KafkaAuth.SCRAM else "ANONYMOUS"
    lines = [
        f"# Rights (ACLs for User:{principal}; without any ACL on the cluster none is needed)",
        "# All names are literal. Topic * is every topic: a launch refuses a cluster whose topics conflict.",
        *map(str, acls(stage, settings)),
    ]
    return "\n".join(lines)
