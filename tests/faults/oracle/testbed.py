"""One worker and one broker with the real Oracle connector, and the stand-in for its database: no AWS.

One connector after the other runs here, each with topics of its own, so that a case that ends badly leaves
nothing to the next one.
"""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from connector.domain.capture import signals
from connector.domain.capture.config import connector_config
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.causes import of_task
from connector.domain.health.observation import ConnectorStatus, Source
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.aws_names import CONNECTOR, METRICS_PORT
from connector.domain.stage.stage import Stage
from connector.local import schema, toolchain
from connector.local.arrivals import Arrival, Watch, records_of
from connector.local.database import LocalDatabase, insert, invented
from connector.local.oracle import plugin
from connector.local.oracle.process import SERVICE
from connector.local.state import WorldState
from connector.local.world import World
from lambda_src.clients.connect_rest import parse_status
from lambda_src.clients.metrics_page import parse, source_of
from tests.support.connect_worker import Worker, running_worker
from tests.support.waiting import wait_for

#: How long anything may take that is waited for, in seconds.
SECONDS = 60.0
#: The product waits 10,000 ms between two attempts; here nobody has the time.
WAIT_MS = 2000
#: The table of the cases whose connector has a heartbeat table.
BEAT_TABLE = "WMSCDC.HEARTBEAT"
#: Where the cases write.
OWNER, TABLE = "MMDL", schema.BASE


@dataclass
class ConnectorTestbed:
    """Everything that a case needs. `stage` is that of the connector that is there now."""

    world: World
    worker: Worker
    stage: Stage = field(default_factory=lambda: Stage.parse("case-0"))
    settings: ConnectorSettings = field(default_factory=ConnectorSettings)
    watch: Watch | None = None
    #: Whether the connector streams and the next case may go on with it.
    well: bool = False
    #: Where the current case began in the worker's log, in bytes.
    mark: int = 0
    #: The keys of the rows that the current case wrote and that must arrive.
    written: list[int] = field(default_factory=list)
    #: How many notifications there were when a snapshot was asked for.
    notified: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _keys: Iterator[int] = field(default_factory=lambda: count(5000))

    # -- the database --------------------------------------------------------------------------------------

    @property
    def database(self) -> LocalDatabase:
        """The stand-in."""
        return self.world.database

    def admin(self, do: str, **arguments: object) -> Any:
        """What a DBA or fate does."""
        with self.database.sys(SERVICE) as session:
            return session.admin(do, **arguments)

    def fault(self, at: str, code: int | None = None, text: str = "", **more: object) -> None:
        """Something goes wrong at a statement of the connector's, from now on."""
        given = {"at": at, **more} if code is None else {"at": at, "code": code, "text": text, **more}
        self.admin("fault", **given)

    def cut(self) -> None:
        """Cut the connector's session at its next statement, once."""
        self.fault("CURRENT_SCN", drop=True, times=1)

    def sys(self, *statements: str, service: str = SERVICE) -> None:
        """Run statements as the DBA, in the root of the container database unless told otherwise."""
        with self.database.sys(service) as session:
            for statement in statements:
                session.execute(statement)

    def application(self, *statements: str) -> None:
        """Run statements as the application, in one transaction."""
        with self.database.app() as session:
            for statement in statements:
                session.execute(statement)

    def change(self, *, arrives: bool = True) -> int:
        """Commit a new row; answers its key. `arrives`: it must come to its topic by the end of the case."""
        number = next(self._keys)
        with self.database.app() as session:
            insert(session, OWNER, TABLE, {**invented(TABLE, number), schema.key(TABLE): number})
        if arrives:
            self.written.append(number)
        return number

    # -- the connector -------------------------------------------------------------------------------------

    def config(self, **changes: str) -> dict[str, str]:
        """The product's own config with less patience."""
        info = StoredSecret("wms/main/dbInfo", "arn", "v1", Redacted(json.dumps(self.database.db_info)))
        given = connector_config(self.stage, parse_database(info), KafkaAuth.PLAINTEXT, self.settings)
        return {**given, "retriable.restart.connector.wait.ms": str(WAIT_MS), **changes}

    def put(self, config: Mapping[str, str]) -> tuple[int, str]:
        """PUT a config; answers status and text."""
        return self.worker.ask(f"/connectors/{CONNECTOR}/config", method="PUT", body=dict(config))

    def validate(self, config: Mapping[str, str]) -> Sequence[str]:
        """What Connect's validation has against a config."""
        path = "/connector-plugins/OracleConnector/config/validate"
        status, text = self.worker.ask(path, method="PUT", body={**config, "name": CONNECTOR})
        assert status == 200, text
        values = [entry.get("value") or {} for entry in json.loads(text)["configs"]]
        return [f"{value['name']}: {error}" for value in values for error in value.get("errors") or ()]

    def delete(self) -> None:
        """Delete the connector that is there, if any."""
        self.well = False
        if self.watch is not None:
            self.watch.close()
            self.watch = None
        self.worker.ask(f"/connectors/{CONNECTOR}", method="DELETE")
        wait_for(
            lambda: self.worker.ask(f"/connectors/{CONNECTOR}/status")[0] == 404,
            "the connector is gone",
            SECONDS,
        )

    def next_stage(self) -> None:
        """Delete the connector and make the topics of another one."""
        self.delete()
        self.written.clear()
        self.stage = Stage.parse(f"case-{next(self._numbers)}")
        data = self.stage.topics.roles["data"]
        with closing(KafkaAdminClient(bootstrap_servers=self.worker.bootstrap)) as admin:
            admin.create_topics([NewTopic(topic, 1, 1) for topic in (*data, self.stage.topics.one("signal"))])
        self.watch = Watch(self.worker.bootstrap, [f"{self.stage.topics.prefix}.{OWNER}.{TABLE}"])

    def begin(self, *, heartbeat: bool = False, **changes: str) -> None:
        """A new connector with a new position: it begins with a snapshot."""
        self.next_stage()
        self.settings = ConnectorSettings(
            heartbeat_seconds=1 if heartbeat else 10, heartbeat_table=BEAT_TABLE if heartbeat else ""
        )
        status, text = self.put(self.config(**changes))
        assert status in (200, 201), text

    def until_streaming(self, seconds: float = SECONDS) -> None:
        """Until the connector reads the redo log. AssertionError if its task fails."""

        def streaming() -> bool:
            assert not self.failed, self.trace()
            return bool(self.source().streaming)

        wait_for(streaming, "the connector streams", seconds)

    def streaming(self, *, heartbeat: bool = False, **changes: str) -> None:
        """A connector that streams: that of the last case, if it is well and needs no other settings."""
        same = self.well and not changes and heartbeat == bool(self.settings.heartbeat_table)
        if not same:
            self.begin(heartbeat=heartbeat, **changes)
            self.until_streaming()
        # An odd config is not for the next case.
        self.well = not changes
        self.written.clear()

    def restart(self, *, only_failed: bool = True) -> None:
        """As the health check restarts what failed, or as an operator restarts everything.

        Asked until Connect accepts it: while it distributes tasks, it answers 409.
        """
        only = str(only_failed).lower()
        path = f"/connectors/{CONNECTOR}/restart?includeTasks=true&onlyFailed={only}"
        wait_for(
            lambda: self.worker.ask(path, method="POST")[0] in (202, 204),
            "Connect accepts the restart",
            SECONDS,
        )

    def stop(self) -> None:
        """End its task and keep its position."""
        self.worker.ask(f"/connectors/{CONNECTOR}/stop", method="PUT")
        wait_for(
            lambda: (status := self.status()) is not None and status.stopped and not status.tasks,
            "the connector is stopped",
            SECONDS,
        )

    def delete_offsets(self) -> None:
        """Forget the position, which takes a stopped connector; then let it start again."""
        self.stop()
        status, text = self.worker.ask(f"/connectors/{CONNECTOR}/offsets", method="DELETE")
        assert status == 200, text
        self.resume()

    def resume(self) -> None:
        """Let its task start again."""
        self.worker.ask(f"/connectors/{CONNECTOR}/resume", method="PUT")

    def signal_snapshot(self) -> None:
        """Ask for a snapshot while the connector streams, as the product does."""
        self.notified = len(self._notifications())
        signal = signals.snapshot(self.stage, [f"{OWNER}.{TABLE}"], "of-a-case")
        with closing(KafkaProducer(bootstrap_servers=self.worker.bootstrap, acks="all")) as producer:
            topic = self.stage.topics.one("signal")
            producer.send(topic, key=signal.key.encode(), value=signal.value.encode()).get(20)

    # -- what is seen of it --------------------------------------------------------------------------------

    def status(self) -> ConnectorStatus | None:
        """What Connect says, read as the product reads it."""
        code, text = self.worker.ask(f"/connectors/{CONNECTOR}/status")
        return parse_status(json.loads(text)) if code == 200 else None

    @property
    def failed(self) -> bool:
        """Whether the connector or its task is FAILED."""
        status = self.status()
        return status is not None and status.failed

    def trace(self) -> str:
        """The trace of what failed; empty without."""
        status = self.status()
        return "" if status is None else next(iter(status.traces), "")

    def source(self) -> Source:
        """What the MBeans say, read as the product reads them."""
        try:
            code, page = self.worker.ask("/metrics", port=METRICS_PORT)
        except OSError:
            return Source()
        return source_of(list(parse(page)), self.stage.topics.prefix) if code == 200 else Source()

    def offsets(self) -> Sequence[Mapping[str, Any]]:
        """What Connect has stored of the position; that of earlier cases' connectors is there too."""
        code, text = self.worker.ask(f"/connectors/{CONNECTOR}/offsets")
        pairs = json.loads(text).get("offsets") or () if code == 200 else ()
        server = self.stage.topics.prefix
        return [pair for pair in pairs if pair["partition"]["server"] == server]

    def log(self) -> list[str]:
        """The worker's log since the case began, an event a line."""
        with self.worker.log.open("rb") as file:
            file.seek(self.mark)
            return file.read().decode("utf-8", "replace").splitlines()

    def task_log(self) -> list[str]:
        """Its lines about the task: the only ones that the health check reads for a cause."""
        return [line for line in self.log() if of_task(line)]

    def set_mark(self) -> None:
        """The case begins here."""
        self.mark = self.worker.log.stat().st_size

    def listening(self) -> str:
        """Why the database's port takes no connection; empty when it does."""
        try:
            with closing(socket.create_connection((self.database.host, self.database.port), 2)):
                return ""
        except OSError as error:
            return str(error.strerror or error)

    def notifications(self) -> list[dict[str, Any]]:
        """What the connector has said of its snapshots since one was asked for."""
        return self._notifications()[self.notified :]

    def _notifications(self) -> list[dict[str, Any]]:
        return records_of(self.worker.bootstrap, self.stage.topics.one("notification"))

    def seen(self) -> Sequence[Arrival]:
        """The records of the table that have arrived."""
        assert self.watch is not None
        self.watch.wait_for(lambda _: False, 0.3)
        return self.watch.seen

    def arrives(self, keys: Sequence[int], seconds: float = SECONDS) -> float | None:
        """Seconds until these rows have arrived; None if they do not."""
        assert self.watch is not None
        began = time.monotonic()
        wanted = {str(key) for key in keys}
        done = self.watch.wait_for(lambda seen: wanted <= {_key(one) for one in seen}, seconds)
        return time.monotonic() - began if done else None

    def times(self, key: int) -> int:
        """How often a row has come."""
        return sum(_key(one) == str(key) for one in self.seen())


def _key(arrival: Arrival) -> str:
    return str(arrival.key.get(schema.key(TABLE)))


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.2)
    return True


def without_figures(text: str) -> str:
    """A text that is the same in every run: SCNs, addresses and other chance figures are left out."""
    text = re.sub(r"\s*\(CONNECTION_ID=[^)]*\)", "", text)
    text = re.sub(r"127\.\d+\.\d+\.\d+", "HOST", text)
    return re.sub(r"\b\d{7,}\b", "n", text)


@contextmanager
def testbed(directory: Path) -> Iterator[ConnectorTestbed]:
    """A database with a few rows, a broker and a worker; no connector yet."""
    tools = toolchain.find()
    home = plugin.worker_home(tools, lambda _: None)
    world = World(WorldState(directory / "world", "http://127.0.0.1:1", enforce_iam=False), tools)
    (directory / "worker").mkdir()
    try:
        world.start_database()
        world.database.seed(2)
        beat = OracleScript(container=True, heartbeat_table=BEAT_TABLE).heartbeat_statements()
        with world.database.sys() as session:
            session.script(beat, {"dbz_user": schema.CDC})
        login = {"DATABASE_USER": schema.CDC, "DATABASE_PASSWORD": world.database.cdc_password}
        with running_worker(tools, home, directory / "worker", **login) as worker:
            yield ConnectorTestbed(world, worker)
    finally:
        world.down()
