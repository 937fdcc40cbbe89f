"""The whole local world: real Kafka, the Connect worker that ships, the stand-in for Oracle."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from connector.domain.secrets.brokers import KafkaAuth, worker_environment
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import topics_of
from connector.local.oracle.client import Client
from connector.local.oracle.errors import OracleError
from connector.local.oracle.process import PDB
from connector.local.world import World
from tests.local.cluster import SECONDS, Cluster
from tests.local.conftest import Embedded
from tests.support.consumer import Consumer
from tests.support.ecs_service import address
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.up(tmp_path_factory.mktemp("world")) as up:
        yield up


def keys(world: World) -> list[str | None]:
    """Of the rows of one table."""
    return [row[schema.key(schema.BASE)] for row in world.database.rows("WMS", schema.BASE)]


def definition(cluster: Cluster, world: World) -> dict[str, Any]:
    """Environment and secrets as the connector stack's task definition has them."""

    def arn(path: str) -> str:
        found = world.account.client("secretsmanager").describe_secret(SecretId=f"wms/default/{path}")
        return str(found["ARN"])

    # Of a stage that the brokers let in.
    group = Stage("main").topics.connect_group
    plain = {
        "CONNECT_GROUP_ID": group,
        "CONNECT_CONFIG_TOPIC": f"{group}.config",
        "CONNECT_OFFSETS_TOPIC": f"{group}.offsets",
        "CONNECT_STATUS_TOPIC": f"{group}.status",
        **worker_environment(KafkaAuth.SCRAM),
    }
    return {
        "environment": [{"name": k, "value": v} for k, v in plain.items()],
        "secrets": [
            {"name": "KAFKA_BOOTSTRAP_SERVERS", "valueFrom": arn("brokerString")},
            {"name": "KAFKA_USERNAME", "valueFrom": f"{arn('kafkaCredentials')}:username::"},
            {"name": "KAFKA_PASSWORD", "valueFrom": f"{arn('kafkaCredentials')}:password::"},
            {
                "name": "KAFKA_CERTIFICATE_AUTHORITY",
                "valueFrom": f"{arn('kafkaTls')}:certificateAuthorityPem::",
            },
            {"name": "DATABASE_USER", "valueFrom": f"{arn('dbInfo')}:user::"},
            {"name": "DATABASE_PASSWORD", "valueFrom": f"{arn('dbInfo')}:password::"},
        ],
        "healthCheck": {
            "command": ["CMD", "/opt/connect/bin/healthcheck.sh"],
            "interval": 10,
            "startPeriod": 90,
        },
    }


def test_the_worker_that_ships_runs_from_its_task_definition(world: World):
    cluster = Cluster(Embedded(world.state.endpoint, world.state.directory), "real")
    cluster.ecs.register_task_definition(
        family="real",
        cpu="512",
        memory="2048",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[
            {
                "name": "kafka-connect",
                "image": "x:1",
                "memory": 1024,
                "stopTimeout": 60,
                **definition(cluster, world),
            }
        ],
    )
    cluster.create("real")

    def healthy() -> Any:
        return [t for t in cluster.tasks() if t.get("healthStatus") == "HEALTHY"]

    (task,) = wait_for(healthy, "a healthy Connect worker", 120)
    with urllib.request.urlopen(f"http://{address(task)}:8083/connector-plugins", timeout=10) as answer:
        plugins = {plugin["class"].rsplit(".", 1)[-1] for plugin in json.load(answer)}
    assert "OracleConnector" in plugins
    with urllib.request.urlopen(f"http://{address(task)}:9404/metrics", timeout=10) as answer:
        assert b"jvm_" in answer.read()
    identity = task["taskArn"].rsplit("/", 1)[-1][:8]
    log = (world.logs / f"real-{identity}.log").read_text()
    assert world.broker_string() not in log
    assert world.state.kafka_password not in log
    assert world.database.cdc_password not in log
    cluster.update(desiredCount=0)
    (stopped,) = wait_for(
        lambda: [t for t in cluster.tasks("STOPPED") if t["lastStatus"] == "STOPPED"], "left", 60
    )
    assert stopped["containers"][0]["exitCode"] == 143


@pytest.mark.long
def test_a_broker_that_is_killed_comes_back_with_its_data_at_its_address(world: World):
    bootstrap = world.start_broker("second")
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic("kept", 1, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    producer.send("kept", b"a row").get(10)
    producer.close()
    world.stop_broker("second", kill=True)
    assert world.start_broker("second") == bootstrap
    with Consumer(bootstrap, ["kept"]) as consumer:
        (record,) = consumer.read(1, SECONDS)
    assert record.value == b"a row"


def test_two_clusters_know_nothing_of_each_other(world: World):
    """One cluster per named stage."""
    other = world.start_broker("second")
    assert other != world.kafka_bootstrap
    assert "kept" not in topics_of(world.kafka_bootstrap)


def test_the_connectors_login_reads_what_the_script_grants_and_writes_nothing(world: World):
    """Rights are enforced by name, so that a missing grant shows here as it does in Oracle."""
    database = world.database
    table = f'"WMS"."{schema.BASE}"'
    with database.sys() as session:
        scn = session.admin("scn")
        session.execute('CREATE TABLE "WMS"."OF_SOMEBODY" ("ID" NUMBER(9,0) PRIMARY KEY)')
    login = (database.host, database.port, PDB, schema.CDC, database.cdc_password)
    with Client(*login) as connector:
        connector.query(f'SELECT "STATE_CD" FROM {table} AS OF SCN {scn}')
        for statement, refusal in {
            f"UPDATE {table} SET \"STATE_CD\" = 'XX'": "ORA-01031: insufficient privileges",
            f"DELETE FROM {table}": "ORA-01031: insufficient privileges",
            f"TRUNCATE TABLE {table}": "ORA-00900: UNANSWERED",
            f'SELECT "ID" FROM "WMS"."OF_SOMEBODY" AS OF SCN {scn}': "ORA-00942: table or view",
        }.items():
            with pytest.raises(OracleError, match=refusal):
                connector.execute(statement)


def test_rows_are_inserted_changed_and_deleted_as_the_application(world: World):
    database = world.database
    for name, table in schema.TABLES:
        before = database.count(name, table)
        first, second = database.insert(name, table, 2)
        database.update(name, table, first, SYS_ADD_USER_ID="TESTER")
        database.delete(name, table, second)
        rows = {row[schema.key(table)]: row for row in database.rows(name, table)}
        assert len(rows) == before + 1
        changed = rows[str(first)]
        assert changed["SYS_ADD_USER_ID"] == "TESTER"
        assert str(changed["SYS_UPDT_TS"]) > str(changed["SYS_ADD_TS"])


def test_a_database_that_is_killed_comes_back_with_its_rows(world: World):
    (key,) = world.database.insert("WMS", schema.BASE)
    world.stop_database(kill=True)
    world.start_database()
    assert str(key) in keys(world)


def test_up_again_starts_only_what_has_died(world: World):
    before = world.status()
    os.kill(before["database"]["pid"], signal.SIGINT)
    wait_for(lambda: not world.status()["database"]["running"], "the database has ended", SECONDS)
    again = World.up(world.state.directory)
    after = again.status()
    assert after["database"]["running"]
    assert after["aws"]["pid"] == before["aws"]["pid"]
    assert after["brokers"]["default"]["pid"] == before["brokers"]["default"]["pid"]
    world.state.database = again.state.database


def test_the_printed_environment_leads_the_stock_clients_here(world: World):
    """Whatever profile the caller's shell had."""
    script = (
        'eval "$("$0" -c "from connector.local.cli import local; local()" env --directory "$1")" && '
        '"$0" -c "import boto3; print(boto3.client(\'secretsmanager\').get_secret_value('
        "SecretId='wms/default/iam/path')['SecretString'])\""
    )
    hostile = {
        **os.environ,
        "AWS_PROFILE": "absent",
        "AWS_SESSION_TOKEN": "x",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, str(world.state.directory)],
        env=hostile,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "/delegatedadmin/developer/", done.stderr


def test_only_loopback_listens(world: World):
    """No part can be reached from another machine."""
    world.start_broker("second")
    status = world.status()
    pids = [status[part]["pid"] for part in ("aws", "database")]
    pids += [broker["pid"] for broker in status["brokers"].values()]
    sockets = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = str(entry.readlink()) if entry.is_symlink() else ""
            if target.startswith("socket:"):
                sockets.add(target[8:-1])
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                # 127.x.y.z in the kernel's byte order; a JVM may show it as an IPv6-mapped address.
                assert fields[1].split(":")[0].endswith("7F"), line


def test_passwords_are_kept_in_one_private_file(world: World):
    file = world.state.directory / "world.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for password in (world.database.cdc_password, world.database.app_password, world.database.sys_password):
        assert password in file.read_text()
        for log in world.logs.iterdir():
            assert password not in log.read_text(errors="replace"), log


@pytest.mark.long
def test_a_kept_world_comes_back_with_its_data_even_where_its_addresses_are_taken(tmp_path: Path):
    """Another world may have come up meanwhile."""
    world = World.up(tmp_path / "kept")
    (key,) = world.database.insert("WMS", schema.BASE)
    before = (world.state.endpoint, world.database.host, world.kafka_bootstrap)
    world.down(keep=True)
    with socket.socket() as aws, socket.socket() as database, socket.socket() as broker:
        for taken in (aws, database, broker):
            # Connections of the world that just ended linger in TIME_WAIT.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        aws.bind(("127.0.0.1", int(before[0].rsplit(":", 1)[1])))
        database.bind((before[1], 1521))
        broker.bind((before[2].split(":")[0], 9096))
        for taken in (aws, database, broker):
            taken.listen()
        with World.up(tmp_path / "kept") as again:
            assert str(key) in keys(again)
            after = (again.state.endpoint, again.database.host, again.kafka_bootstrap)
            assert not set(before) & set(after)
            secret = again.account.client("secretsmanager").get_secret_value(
                SecretId="wms/default/brokerString"
            )
            assert secret["SecretString"] == again.broker_string()


def test_down_ends_everything_and_a_second_time_nothing(tmp_path: Path):
    world = World.up(tmp_path / "short")
    pids = [world.status()[part]["pid"] for part in ("aws", "database")] + [
        world.status()["brokers"]["default"]["pid"]
    ]
    world.down()
    wait_for(lambda: not any(Path(f"/proc/{pid}/cwd").exists() for pid in pids), "all have ended", 60)
    assert not (tmp_path / "short").exists()
    world.down()
