"""The real connector on two databases of the stand-in, with one worker and one broker and no AWS.

One has a pluggable database, as production has; the other has no containers. Each has tables of these tests
beside the application's.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from connector.domain.capture import signals
from connector.domain.capture.config import connector_config
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from connector.local import schema, toolchain
from connector.local.addresses import claim
from connector.local.arrivals import Arrival, Watch
from connector.local.database import insert
from connector.local.oracle import process as oracle
from connector.local.oracle.client import Client
from connector.local.oracle.database import APPLICATION
from connector.local.oracle.process import PORT, SERVICE
from connector.local.oracle.rights import SYS
from connector.local.state import WorldState
from connector.local.world import World
from lambda_src.clients.metrics_page import parse, source_of
from tests.support.mortal_worker import MortalWorker, mortal_worker
from tests.support.waiting import wait_for

#: How long anything may take that is waited for, in seconds: a worker that was killed takes the longest.
SECONDS = 60.0
OWNER = "WMS"
BEAT_TABLE = "WMSCDC.HEARTBEAT"

#: The tables of these tests.
TABLES: Mapping[str, str] = {
    "KINDS": (
        '"ID" NUMBER(9,0) NOT NULL, "WHOLE" NUMBER(12,0), "SCALED" NUMBER(7,4), "ROUNDED" NUMBER(5,-2), '
        '"HUGE" NUMBER(38,0), "FREE" NUMBER, "TXT" VARCHAR2(200), "FIXED" CHAR(4), "DAY" DATE, '
        '"MOMENT" TIMESTAMP(6), "THERE" TIMESTAMP(6) WITH TIME ZONE, "BYTES" RAW(16), PRIMARY KEY ("ID")'
    ),
    "PAIRS": (
        '"LEFT_ID" NUMBER(9,0) NOT NULL, "RIGHT_CD" VARCHAR2(5) NOT NULL, "NOTE" VARCHAR2(50), '
        'PRIMARY KEY ("LEFT_ID", "RIGHT_CD")'
    ),
    "LOOSE": '"NAME" VARCHAR2(20), "AMOUNT" NUMBER(9,2)',
    "LONG_TEXTS": (
        '"ID" NUMBER(9,0) PRIMARY KEY, ' + ", ".join(f'"T{number}" VARCHAR2(4000)' for number in range(9))
    ),
    "REMARKS": '"ID" NUMBER(9,0) PRIMARY KEY, "SHORT" VARCHAR2(20), "REMARK" CLOB',
}


@dataclass
class Connected:
    """A database, the stage whose connector captures it, and the records that come of it."""

    stage: Stage
    connector: str
    info: Mapping[str, Any] = field(repr=False)
    app_password: str = field(repr=False)
    sys_password: str = field(repr=False)
    watch: Watch

    @property
    def service(self) -> str:
        """Where the tables are."""
        return str(self.info.get("pdb") or self.info["db"])

    @contextmanager
    def app(self) -> Iterator[Client]:
        """A session of the application; committed when the block ends well."""
        address = (self.info["ip"], self.info["port"], self.service)
        with Client(*address, APPLICATION, self.app_password) as session:
            yield session

    @contextmanager
    def sys(self) -> Iterator[Client]:
        """A session of the DBA with autocommit."""
        address = (self.info["ip"], self.info["port"], self.service)
        with Client(*address, SYS, self.sys_password, autocommit=True) as session:
            yield session

    def insert(self, table: str, *rows: Mapping[str, object]) -> None:
        """Insert rows in one transaction."""
        with self.app() as session:
            for row in rows:
                insert(session, OWNER, table, row)

    def run(self, *statements: str) -> None:
        """Run statements of the application in one transaction."""
        with self.app() as session:
            for statement in statements:
                session.execute(statement)

    def topic(self, table: str) -> str:
        """Where a table's records arrive."""
        return f"{self.stage.topics.prefix}.{OWNER}.{table}"

    def of(self, table: str) -> list[Arrival]:
        """What has arrived of a table so far."""
        return [arrival for arrival in self.watch.seen if arrival.topic == self.topic(table)]

    def until(self, table: str, count: int) -> list[Arrival]:
        """All records of a table since the beginning, once there are so many: neither fewer nor more."""
        arrived = self.watch.wait_for(lambda _: len(self.of(table)) >= count, SECONDS)
        found = self.of(table)
        assert arrived, f"{len(found)} of {count} records on {self.topic(table)}"
        assert len(found) == count, found
        return found


@dataclass
class Pipeline:
    """Both databases and the worker that captures them."""

    world: World
    worker: MortalWorker
    container: Connected
    plain: Connected

    def until_streaming(self) -> None:
        """Until both connectors read the log."""

        def streaming() -> bool:
            samples = list(parse(self.worker.metrics()))
            both = (self.container, self.plain)
            return all(source_of(samples, one.stage.topics.prefix).streaming for one in both)

        wait_for(streaming, "both connectors stream", SECONDS)

    def trace(self, one: Connected) -> str:
        """Why a task failed; empty while it has not."""
        tasks = json.loads(self.worker.ask(f"/connectors/{one.connector}/status"))["tasks"]
        return next((str(task["trace"]) for task in tasks if task["state"] == "FAILED"), "")

    def signal_snapshot(self, table: str) -> None:
        """Ask for a snapshot of a captured table while the connector streams, as the product does."""
        signal = signals.snapshot(self.container.stage, [f"{OWNER}.{table}"], "of-a-test")
        with closing(KafkaProducer(bootstrap_servers=self.world.kafka_bootstrap, acks="all")) as producer:
            topic = self.container.stage.topics.one("signal")
            producer.send(topic, key=signal.key.encode(), value=signal.value.encode()).get(20)


@contextmanager
def pipeline(
    directory: Path, fill: Callable[[Connected], None], *, memory_mib: int = 1024
) -> Iterator[Pipeline]:
    """Both databases, `fill`ed before the first snapshot, and a worker that captures them."""
    world = World(WorldState(directory / "world", "http://127.0.0.1:1", enforce_iam=False), toolchain.find())
    topics = Stage.parse("main").topics
    try:
        parts: tuple[Callable[[], object], ...] = (world.start_broker, world.start_database)
        with ThreadPoolExecutor(len(parts)) as pool:
            for started in [pool.submit(part) for part in parts]:
                started.result()
        with (
            mortal_worker(
                directory,
                topics,
                world.kafka_bootstrap,
                schema.CDC,
                world.database.cdc_password,
                memory_mib=memory_mib,
            ) as worker,
            _without_containers(directory, world) as plain,
            _of_world(world) as container,
        ):
            for one in (container, plain):
                _make_tables(one)
                fill(one)
            wait_for(
                lambda: worker.ask("/connectors") == "[]", "the worker answers", 2 * SECONDS, ignore=OSError
            )
            _register(worker, container, ConnectorSettings(heartbeat_seconds=1, heartbeat_table=BEAT_TABLE))
            _register(worker, plain, ConnectorSettings())
            yield Pipeline(world, worker, container, plain)
    finally:
        world.down()


@contextmanager
def _of_world(world: World) -> Iterator[Connected]:
    database, stage = world.database, Stage.parse("main")
    script = OracleScript(container=True, heartbeat_table=BEAT_TABLE).heartbeat_statements()
    with database.sys() as session:
        session.script(script, {"dbz_user": schema.CDC})
    passwords = (database.app_password, database.sys_password)
    with _watched(world, stage) as watch:
        yield Connected(stage, "wms", database.db_info, *passwords, watch)


@contextmanager
def _without_containers(directory: Path, world: World) -> Iterator[Connected]:
    """A database of its own, with the same four tables and the user that `oracle-script` makes."""
    stage = Stage.parse("plain")
    held = claim((PORT,))
    sys_password, app_password, cdc_password = (secrets.token_urlsafe(18) for _ in range(3))
    process = oracle.start(
        directory / "plain",
        held.address,
        PORT,
        sys_password=sys_password,
        app_password=app_password,
        log=directory / "plain.log",
        extra=("--pdb", ""),
    )
    try:
        oracle.wait(process, held.address, PORT, sys_password)
        values = {"dbz_user": "WMSCDC", "dbz_password": cdc_password, "tbs_file": "/logminer.dbf"}
        with Client(held.address, PORT, SERVICE, SYS, sys_password, autocommit=True) as session:
            schema.create_tables(session)
            session.script(OracleScript().text(stage), values)
        login = {"user": "WMSCDC", "password": cdc_password}
        info = {"ip": held.address, "port": PORT, "db": SERVICE, **login}
        with _watched(world, stage) as watch:
            yield Connected(stage, "plain", info, app_password, sys_password, watch)
    finally:
        oracle.stop(process)
        held.release()


@contextmanager
def _watched(world: World, stage: Stage) -> Iterator[Watch]:
    topics = [f"{stage.topics.prefix}.{OWNER}.{table}" for table in (*TABLES, schema.BASE)]
    topics += [stage.topics.one("heartbeat_table"), stage.topics.one("signal")]
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka_bootstrap)) as admin:
        admin.create_topics([NewTopic(topic, 1, 1) for topic in topics])
    with closing(Watch(world.kafka_bootstrap, topics[:-1])) as watch:
        yield watch


def _make_tables(one: Connected) -> None:
    user = one.info["user"]
    with one.sys() as session:
        for table, columns in TABLES.items():
            session.execute(f'CREATE TABLE "{OWNER}"."{table}" ({columns})')
            session.execute(f"ALTER TABLE {OWNER}.{table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
            session.execute(f"GRANT SELECT, FLASHBACK ON {OWNER}.{table} TO {user}")


def _register(worker: MortalWorker, one: Connected, settings: ConnectorSettings) -> None:
    """The product's own config, with these tables besides, and less patience."""
    stored = StoredSecret("wms/main/dbInfo", "arn", "v1", Redacted(json.dumps(one.info)))
    config = dict(connector_config(one.stage, parse_database(stored), KafkaAuth.PLAINTEXT, settings))
    ours = ",".join(re.escape(f"{OWNER}.{table}") for table in TABLES)
    config |= {
        "table.include.list": f"{config['table.include.list']},{ours}",
        "retriable.restart.connector.wait.ms": "2000",
        "database.user": one.info["user"],
        "database.password": one.info["password"],
    }
    answer = json.loads(worker.ask(f"/connectors/{one.connector}/config", json.dumps(config).encode()))
    assert answer.get("name") == one.connector, answer
