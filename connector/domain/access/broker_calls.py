"""What a stage's roles do on an MSK cluster that authorizes through IAM: Kafka clients call, not boto3.

Source of every row: MSK developer guide, "Semantics of IAM authorization policy actions and resources".
"""

from collections.abc import Iterable, Iterator

from connector.domain.access.call import AwsCall, Caller
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue

_SOURCE = 'MSK developer guide, "Semantics of IAM authorization policy actions and resources"'


def broker_calls(stage: Stage, cluster: str, group: str) -> tuple[AwsCall, ...]:
    """Every row on the cluster with this ARN; `group` is the Connect group in which the workers are."""
    return (
        *_worker(cluster, stage.topics.using(group)),
        *_admin(cluster, stage),
        *_health(cluster, stage),
    )


def _worker(cluster: str, catalogue: Catalogue) -> Iterator[AwsCall]:
    caller, group = Caller.TASK_ROLE, catalogue.connect_group
    yield from _rows(caller, [cluster], "Connect", "DescribeCluster", "WriteDataIdempotently")
    yield from _rows(
        caller,
        _named(cluster, "topic", _of_stream(catalogue)),
        "CreateTopic",
        "DescribeTopic",
        "DescribeTopicDynamicConfiguration",
        "ReadData",
        "WriteData",
    )
    # The admin function has made these; the connector of a comparison only writes to them.
    compared = _named(cluster, "topic", catalogue.roles["comparison"])
    yield from _rows(caller, compared, "DescribeTopic", "WriteData")
    yield from _rows(caller, _named(cluster, "group", catalogue.groups), "AlterGroup", "DescribeGroup")
    # Exactly-once: the leader's id, and that of the only task of each connector.
    ids = (
        f"connect-cluster-{group}",
        *(f"{group}-{name}-0" for name in (CONNECTOR, COMPARISON_CONNECTOR)),
    )
    transactions = _named(cluster, "transactional-id", ids)
    yield from _rows(caller, transactions, "AlterTransactionalId", "DescribeTransactionalId")


def _of_stream(catalogue: Catalogue) -> list[str]:
    return [name for name in catalogue if name not in catalogue.roles["comparison"]]


def _admin(cluster: str, stage: Stage) -> Iterator[AwsCall]:
    caller, catalogue = Caller.ADMIN_FUNCTION, stage.topics
    topics, groups = _named(cluster, "topic", catalogue), _named(cluster, "group", catalogue.groups)
    yield from _rows(caller, [cluster], "Connect", "DescribeCluster")
    # A launch lists all topics of the cluster, and Kafka names those only that may be described.
    yield from _rows(caller, [*topics, *_named(cluster, "topic", ["any.other"])], "DescribeTopic")
    yield from _rows(
        caller,
        topics,
        "AlterTopic",
        "AlterTopicDynamicConfiguration",
        "CreateTopic",
        "DescribeTopicDynamicConfiguration",
        "ReadData",
    )
    written = [catalogue.one("signal"), *([] if stage.ephemeral else [catalogue.one("schema_history")])]
    yield from _rows(caller, _named(cluster, "topic", written), "WriteData")
    yield from _rows(caller, groups, "DescribeGroup")
    if stage.ephemeral:
        yield from _rows(caller, topics, "DeleteTopic")
        yield from _rows(caller, groups, "DeleteGroup")


def _health(cluster: str, stage: Stage) -> Iterator[AwsCall]:
    caller = Caller.HEALTH_FUNCTION
    seen = [topic for role in ("heartbeat", "heartbeat_table", "data") for topic in stage.topics.roles[role]]
    yield from _rows(caller, [cluster], "Connect")
    yield from _rows(caller, _named(cluster, "topic", seen), "DescribeTopic")
    if not stage.ephemeral:
        history = _named(cluster, "topic", [stage.topics.one("schema_history")])
        yield from _rows(caller, history, "DescribeTopic", "ReadData")


def _named(cluster: str, kind: str, names: Iterable[str]) -> list[str]:
    """ARNs of what a cluster holds: `...:cluster/<name>/<uuid>` -> `...:<kind>/<name>/<uuid>/<what>`."""
    place = cluster.replace(":cluster/", f":{kind}/", 1)
    return [f"{place}/{name}" for name in names]


def _rows(caller: Caller, resources: Iterable[str], *actions: str) -> Iterator[AwsCall]:
    found = tuple(resources)
    for action in actions:
        yield AwsCall(caller, "kafka-cluster", "", f"kafka-cluster:{action}", found, _SOURCE)
