"""What is deployed of a stage in a local world, and the rows that a consumer finds."""

import json
import time
from collections.abc import Callable
from typing import Any

import urllib3
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from connector.domain.stage.names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.world import World

TIMEOUT_SECONDS = 60.0


def eventually(condition: Callable[[], Any], what: str, seconds: float = TIMEOUT_SECONDS) -> Any:
    """Wait for a condition; answers what it answers."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds:.0f} s"
        time.sleep(0.2)
    return found


def stack_states(world: World, stage: Stage) -> dict[str, str]:
    """Component -> CloudFormation's status, for the stacks of the stage that stand."""
    names = {name: component for component, name in stage.names.stacks.items()}
    stacks = world.account.client("cloudformation").describe_stacks()["Stacks"]
    return {
        names[s["StackName"]]: s["StackStatus"]
        for s in stacks
        if s["StackName"] in names and s["StackStatus"] != "DELETE_COMPLETE"
    }


def service(world: World, stage: Stage) -> dict[str, Any]:
    """ECS's description of the stage's service."""
    name = stage.names.service
    (found,) = world.account.client("ecs").describe_services(cluster=name, services=[name])["services"]
    return dict(found)


def scale(world: World, stage: Stage, desired: int) -> None:
    """Change the desired count, as a teardown does."""
    name = stage.names.service
    world.account.client("ecs").update_service(cluster=name, service=name, desiredCount=desired)


def tasks(world: World, stage: Stage) -> list[str]:
    """ARNs of the stage's tasks that are not to stop."""
    found = world.account.client("ecs").list_tasks(cluster=stage.names.service)
    return list(found["taskArns"])


def connector_config(world: World, stage: Stage) -> dict[str, str]:
    """The config that Connect has of the stage's connector."""
    ecs = world.account.client("ecs")
    (task, *_) = ecs.describe_tasks(cluster=stage.names.service, tasks=tasks(world, stage))["tasks"]
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    url = f"http://{details['privateIPv4Address']}:8083/connectors/{CONNECTOR}/config"

    def answer() -> Any:
        reply = urllib3.request("GET", url, timeout=10.0)
        return reply.json() if reply.status == 200 else None

    return dict(eventually(answer, f"GET {url}"))


def topics_of(bootstrap: str) -> set[str]:
    """Names of all topics of a cluster."""
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return set(client.list_topics())
    finally:
        client.close()


def transactional_ids(bootstrap: str) -> set[str]:
    """Every id under which somebody has written transactions: the keys of the brokers' own topic."""
    partition = TopicPartition("__transaction_state", 0)
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        exclude_internal_topics=False,
    )
    try:
        consumer.assign([partition])
        (end,) = consumer.end_offsets([partition]).values()
        consumer.seek_to_beginning(partition)
        keys: set[bytes] = set()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while consumer.position(partition) < end:
            assert time.monotonic() < deadline, "the topic of the transactions is not read to its end"
            for records in consumer.poll(timeout_ms=200).values():
                keys |= {record.key for record in records}
    finally:
        consumer.close()
    # A key is a version and a length, two bytes each, and the id.
    return {key[4:].decode() for key in keys}


class Rows:
    """Rows inserted into one table, to be found on a stage's topic exactly once each."""

    SCHEMA, TABLE = "WMS", schema.BASE

    def __init__(self, world: World, stage: Stage, bootstrap: str) -> None:
        self._world = world
        self._bootstrap = bootstrap
        self._topic = next(t for t in stage.topics.roles["data"] if t.endswith(f"{self.SCHEMA}.{self.TABLE}"))
        self.keys: list[str] = []

    def insert(self, rows: int = 1) -> None:
        """Insert more rows, each in a transaction of its own."""
        for _ in range(rows):
            (key,) = self._world.database.insert(self.SCHEMA, self.TABLE)
            self.keys.append(str(key))

    def assert_arrived_once(self) -> None:
        """Every inserted row is on the topic, and none twice; committed records only."""
        watch = Watch(self._bootstrap, [self._topic])
        column = schema.key(self.TABLE)

        def seen() -> list[str]:
            return [str(a.key[column]) for a in watch.seen if a.operation in ("insert", "snapshot")]

        try:
            arrived = watch.wait_for(lambda _: set(self.keys) <= set(seen()), TIMEOUT_SECONDS)
            missing = sorted(set(self.keys) - set(seen()))
            assert arrived, (
                f"{len(missing)} of {len(self.keys)} rows did not arrive on {self._topic}: {missing}"
            )
            twice = sorted(key for key in self.keys if seen().count(key) > 1)
            assert not twice, f"on {self._topic} more than once: {twice}"
        finally:
            watch.close()


def record(world: World, stage: Stage) -> dict[str, Any] | None:
    """The stage record, or None."""
    table = world.account.client("dynamodb")
    item = table.get_item(TableName=stage.names.table, Key={"id": {"S": "stage-record"}}).get("Item")
    return json.loads(json.dumps(item)) if item else None
