"""IAM statements for MSK clusters with IAM authentication (`kafka_auth: iam`), for exactly one stage's names.

The actions are those of https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html.
"""

import re
from dataclasses import dataclass

from awacs import kafka_cluster as kafka
from awacs.aws import Allow, Statement
from pydantic import Field, model_validator

from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue
from templates.shared.roles import Rights
from templates.shared.settings import RoleSettings

# A policy each: the longest names fill one with the topics alone.
_TOPICS, _BROKERS, _COMPARISON = "Topics", "Brokers", "Comparison"

_CLUSTER = re.compile(r"(arn:[\w-]+:kafka:[a-z0-9-]+:\d{12}):cluster/([\w-]+)/([\w-]+)")


@dataclass(frozen=True)
class MskCluster:
    """An MSK cluster's ARN, from which the ARNs of what it holds are made."""

    arn: str
    base: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "MskCluster":
        """The cluster called by an ARN like arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>."""
        match = _CLUSTER.fullmatch(text)
        if match is None:
            raise OperatorError(
                f"msk_cluster_arn {text!r} is not the ARN of an MSK cluster; expected "
                "arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>"
            )
        return cls(text, match[1], f"{match[2]}/{match[3]}")

    def topic(self, name: str) -> str:
        """ARN of a topic."""
        return f"{self.base}:topic/{self.path}/{name}"

    def group(self, name: str) -> str:
        """ARN of a consumer group."""
        return f"{self.base}:group/{self.path}/{name}"

    def transactional_id(self, name: str) -> str:
        """ARN of a transactional id."""
        return f"{self.base}:transactional-id/{self.path}/{name}"


def stream_as_worker(cluster: MskCluster, catalogue: Catalogue) -> Rights:
    """What the Connect worker does: its own topics, groups and transactional ids, nothing of others.

    Exactly-once: the leader's transactional id is `connect-cluster-<group>`, a task's is
    `<group>-<connector>-<task>`; there is one task.
    """
    group = catalogue.connect_group
    topics = Statement(
        Sid="StreamOwnTopics",
        Effect=Allow,
        Action=[
            kafka.CreateTopic,
            kafka.DescribeTopic,
            kafka.DescribeTopicDynamicConfiguration,
            kafka.ReadData,
            kafka.WriteData,
        ],
        Resource=_of_stream(cluster, catalogue),
    )
    comparison = Statement(
        Sid="WriteComparison",
        Effect=Allow,
        # Connect looks whether a topic is there before it writes.
        Action=[kafka.DescribeTopic, kafka.WriteData],
        Resource=_of_comparison(cluster, catalogue),
    )
    brokers = [
        Statement(
            Sid="ConnectToCluster",
            Effect=Allow,
            Action=[kafka.Connect, kafka.DescribeCluster, kafka.WriteDataIdempotently],
            Resource=[cluster.arn],
        ),
        Statement(
            Sid="JoinOwnGroups",
            Effect=Allow,
            Action=[kafka.AlterGroup, kafka.DescribeGroup],
            Resource=[cluster.group(name) for name in catalogue.groups],
        ),
        Statement(
            Sid="ExactlyOnce",
            Effect=Allow,
            Action=[kafka.AlterTransactionalId, kafka.DescribeTransactionalId],
            Resource=[
                cluster.transactional_id(f"connect-cluster-{group}"),
                cluster.transactional_id(f"{group}-{CONNECTOR}-0"),
                cluster.transactional_id(f"{group}-{COMPARISON_CONNECTOR}-0"),
            ],
        ),
    ]
    return {_TOPICS: [topics], _BROKERS: brokers, _COMPARISON: [comparison]}


def prepare_as_admin(cluster: MskCluster, stage: Stage) -> Rights:
    """What the admin Lambda does: see which topics exist, set up the stage's own, measure their lag, signal.

    It sees the names of all topics, because a launch refuses a cluster with conflicting ones. It reads,
    creates and changes only its own stage's topics, and writes only to the signal topic and, of a stage with
    backups, to the schema history. Its producer is not idempotent, which would need a right on the cluster.
    It may delete an ephemeral stage's own topics.
    """
    catalogue = stage.topics
    written = ["signal"] if stage.ephemeral else ["signal", "schema_history"]
    # In the statements that name the same resources: a policy has a limit.
    delete_topic, delete_group = ([kafka.DeleteTopic], [kafka.DeleteGroup]) if stage.ephemeral else ([], [])
    prepare = [
        kafka.AlterTopic,
        kafka.AlterTopicDynamicConfiguration,
        kafka.CreateTopic,
        *delete_topic,
        kafka.DescribeTopicDynamicConfiguration,
        kafka.ReadData,
    ]
    topics = Statement(
        Sid="PrepareOwnTopics",
        Effect=Allow,
        Action=prepare,
        Resource=_of_stream(cluster, catalogue),
    )
    comparison = Statement(
        Sid="PrepareComparison",
        Effect=Allow,
        Action=prepare,
        Resource=_of_comparison(cluster, catalogue),
    )
    brokers = [
        Statement(
            Sid="ConnectToCluster",
            Effect=Allow,
            Action=[kafka.Connect, kafka.DescribeCluster],
            Resource=[cluster.arn],
        ),
        Statement(
            Sid="SeeTopics",
            Effect=Allow,
            Action=[kafka.DescribeTopic],
            Resource=[cluster.topic("*")],
        ),
        Statement(
            Sid="WriteRecords",
            Effect=Allow,
            Action=[kafka.WriteData],
            Resource=[cluster.topic(catalogue.one(role)) for role in written],
        ),
        Statement(
            Sid="SeeOwnGroups",
            Effect=Allow,
            Action=[*delete_group, kafka.DescribeGroup],
            Resource=[cluster.group(name) for name in catalogue.groups],
        ),
    ]
    return {_TOPICS: [topics], _BROKERS: brokers, _COMPARISON: [comparison]}


def _of_stream(cluster: MskCluster, catalogue: Catalogue) -> list[str]:
    return [cluster.topic(name) for name in catalogue if name not in catalogue.roles["comparison"]]


def _of_comparison(cluster: MskCluster, catalogue: Catalogue) -> list[str]:
    return [cluster.topic(name) for name in catalogue.roles["comparison"]]


def watch_heartbeat(cluster: MskCluster, stage: Stage) -> Rights:
    """What the health check does: see when the newest heartbeat was written, and whether data topics exist.

    Of a stage that is backed up it reads the schema history, and no other record.
    """
    roles = ("heartbeat", "heartbeat_table", "data")
    brokers = [
        Statement(
            Sid="ConnectToCluster",
            Effect=Allow,
            Action=[kafka.Connect],
            Resource=[cluster.arn],
        ),
        Statement(
            Sid="SeeHeartbeat",
            Effect=Allow,
            Action=[kafka.DescribeTopic],
            Resource=[cluster.topic(topic) for role in roles for topic in stage.topics.roles[role]],
        ),
    ]
    if not stage.ephemeral:
        brokers.append(
            Statement(
                Sid="ReadHistory",
                Effect=Allow,
                Action=[kafka.DescribeTopic, kafka.ReadData],
                Resource=[cluster.topic(stage.topics.one("schema_history"))],
            )
        )
    return {_BROKERS: brokers}


class KafkaRoleSettings(RoleSettings):
    """Settings of a stack whose roles connect to the brokers."""

    kafka_auth: KafkaAuth = Field(description="How clients authenticate to the brokers.")
    msk_cluster_arn: str | None = Field(
        default=None, description="The MSK cluster; needed when kafka_auth is iam, for the rights on it."
    )

    @model_validator(mode="after")
    def _iam_needs_cluster(self) -> "KafkaRoleSettings":
        if self.kafka_auth is KafkaAuth.IAM and self.msk_cluster_arn is None:
            raise ValueError(
                "kafka_auth iam needs msk_cluster_arn; set it in the stage's config.yaml "
                "(arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>)"
            )
        if self.msk_cluster_arn is not None:
            try:
                MskCluster.parse(self.msk_cluster_arn)
            except OperatorError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def msk_cluster(self) -> MskCluster | None:
        """The cluster on which rights are needed: none unless clients authenticate through IAM."""
        if self.kafka_auth is not KafkaAuth.IAM or self.msk_cluster_arn is None:
            return None
        return MskCluster.parse(self.msk_cluster_arn)
