"""One broker, one database and workers with different settings, without AWS: for delay and throughput.

Each way of running the connector has a worker and a stage of its own, so that no way reads what another has
written, and starts where its own offsets are.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from connector.domain.capture.config import connector_config
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue
from connector.local import schema, toolchain
from connector.local.oracle import plugin
from connector.local.state import WorldState
from connector.local.world import DEFAULT_BROKER, World
from lambda_src.clients.metrics_page import parse, source_of
from tests.bench.ways import Way
from tests.bench.worker_home import with_properties
from tests.support.mortal_worker import MortalWorker, mortal_worker
from tests.support.waiting import wait_for

#: The container's memory of the stages `main` and `val`, in MiB.
MEMORY_MIB = 3072
_CONNECTOR = "bench"
_SECONDS = 180.0


@dataclass
class Running:
    """A worker and its connector. `worker.stop` and `worker.start` end it and let it go on."""

    way: Way
    stage: Stage
    worker: MortalWorker

    @property
    def topics(self) -> Catalogue:
        """The names of its topics."""
        return self.stage.topics

    @property
    def data_topics(self) -> list[str]:
        """Where the rows arrive."""
        return list(self.topics.roles["data"])

    @property
    def pid(self) -> int:
        """The worker's process."""
        assert self.worker.process is not None
        return self.worker.process.pid

    def streams(self) -> bool:
        """Whether the log is read and no snapshot runs any more."""
        source = source_of(list(parse(self.worker.metrics())), self.topics.prefix)
        return bool(source.streaming) and not source.snapshot_running

    def until_answering(self) -> None:
        """Until Connect takes requests."""
        wait_for(
            lambda: self.worker.ask("/connectors")[:1] == "[", "the worker answers", _SECONDS, ignore=OSError
        )

    def until_streaming(self, seconds: float = _SECONDS) -> None:
        """Until changes are read."""
        wait_for(self.streams, f"{self.way.name} streams", seconds)

    def past_snapshot(self) -> bool:
        """Whether an offset behind the snapshot is committed: a worker that starts again makes no other."""
        offsets = json.loads(self.worker.ask(f"/connectors/{_CONNECTOR}/offsets"))["offsets"]
        return bool(offsets) and "snapshot" not in offsets[0]["offset"]

    def until_past_snapshot(self) -> None:
        """Until a worker that starts again goes on with changes: the next heartbeat at the latest."""
        wait_for(self.past_snapshot, f"{self.way.name} has committed an offset behind its snapshot", _SECONDS)


class Rig:
    """What all ways share. Made by `rig`."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.directory = world, directory
        self._count = 0

    @property
    def bootstrap(self) -> str:
        """Of the broker, as its owner."""
        return self.world.kafka_bootstrap

    @property
    def database_pid(self) -> int:
        """The stand-in's process."""
        return int(self.world.status()["database"]["pid"])

    def bytes_on_disk(self, topics: list[str]) -> int:
        """What the broker keeps of these topics, in bytes: its log segments."""
        data = self.world.state.directory / "brokers" / DEFAULT_BROKER / "data"
        return sum(file.stat().st_size for topic in topics for file in data.glob(f"{topic}-*/*.log"))

    @contextmanager
    def running(self, way: Way, *, until_streaming: bool = True) -> Iterator[Running]:
        """A new worker with a new connector, which has the rows that are there in its snapshot."""
        self._count += 1
        stage = Stage.parse(f"b{self._count}")
        directory = self.directory / stage.name
        directory.mkdir()
        home = with_properties(
            plugin.worker_home(toolchain.find(), lambda _: None), directory / "home", way.worker, way.script
        )
        database = self.world.database
        with mortal_worker(
            directory,
            stage.topics,
            self.bootstrap,
            schema.CDC,
            database.cdc_password,
            memory_mib=MEMORY_MIB,
            home=home,
        ) as worker:
            one = Running(way, stage, worker)
            self._make_topics(stage)
            one.until_answering()
            self._register(one)
            if until_streaming:
                one.until_streaming()
            yield one
        self._remove(one)

    def make_topic(self, name: str) -> None:
        """A topic with one partition."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            admin.create_topics([NewTopic(name, 1, 1)])
        finally:
            admin.close()

    def _make_topics(self, stage: Stage) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            specs = stage.topics.specs("debezium")
            admin.create_topics(
                [NewTopic(spec.name, spec.partitions, 1, topic_configs=dict(spec.configs)) for spec in specs]
            )
        finally:
            admin.close()

    def _register(self, one: Running) -> None:
        stored = StoredSecret(
            "wms/main/dbInfo", "arn", "v1", Redacted(json.dumps(self.world.database.db_info))
        )
        config: dict[str, str | None] = dict(
            connector_config(one.stage, parse_database(stored), KafkaAuth.PLAINTEXT, one.way.settings)
        )
        config.update(one.way.connector)
        body = json.dumps({key: value for key, value in config.items() if value is not None}).encode()
        answer = json.loads(one.worker.ask(f"/connectors/{_CONNECTOR}/config", body))
        assert answer.get("name") == _CONNECTOR, answer

    def _remove(self, one: Running) -> None:
        """Its topics and files: a million rows of each way would fill the disk."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            there = [name for name in admin.list_topics() if name.startswith(f"{one.stage.name}.")]
            admin.delete_topics(there)
        finally:
            admin.close()
        shutil.rmtree(self.directory / one.stage.name, ignore_errors=True)


@contextmanager
def rig(directory: Path) -> Iterator[Rig]:
    """A broker and an empty database; the JVMs compile well, as they do in production."""
    os.environ[toolchain.JVM_OPTIONS] = ""
    state = WorldState(directory / "world", "http://127.0.0.1:1", enforce_iam=False)
    world = World(state, toolchain.find())
    plugin.worker_home(toolchain.find(), lambda _: None)
    try:
        parts: tuple[Callable[[], object], ...] = (world.start_broker, world.start_database)
        with ThreadPoolExecutor(len(parts)) as pool:
            for started in [pool.submit(part) for part in parts]:
                started.result()
        yield Rig(world, directory)
    finally:
        world.down()
