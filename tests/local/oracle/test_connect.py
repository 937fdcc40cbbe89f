"""The local world's worker directory, really started: Debezium's connector reaches the stand-in's driver."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from connector.local import toolchain
from connector.local.addresses import free_port
from connector.local.oracle import plugin
from tests.local.oracle.scripted import CONNECTED, Answer, Request, ScriptedDatabase
from tests.support.connect_worker import Worker, running_worker

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    tools = toolchain.find()
    home = plugin.worker_home(tools, lambda _: None)
    with running_worker(tools, home, tmp_path_factory.mktemp("worker")) as started:
        yield started


def _validate(worker: Worker, port: int) -> list[str]:
    """Errors of an Oracle connector's config whose database listens on that port."""
    config = {
        "connector.class": "io.debezium.connector.oracle.OracleConnector",
        "name": "wms",
        "topic.prefix": "feature-xyz.wms",
        "database.hostname": "127.0.0.1",
        "database.port": str(port),
        "database.user": "C##DBZ",
        "database.password": "geheim",
        "database.dbname": "WMSCDB",
        "driver.oracle.net.keepAlive": "true",
        "schema.history.internal.kafka.topic": "history",
        "schema.history.internal.kafka.bootstrap.servers": worker.bootstrap,
    }
    path = "/connector-plugins/OracleConnector/config/validate"
    status, text = worker.ask(path, method="PUT", body=config)
    assert status == 200, text
    answer: dict[str, Any] = json.loads(text)
    return [error for field in answer["configs"] if field["value"] for error in field["value"]["errors"]]


def _welcome(_: Request) -> Answer:
    return CONNECTED


def test_the_connector_logs_in_with_the_config_that_production_has(worker: Worker):
    with closing(ScriptedDatabase(_welcome)) as database:
        assert _validate(worker, database.port) == []
    assert database.tns_connects == 0
    connect = database.requests[0]
    assert connect["url"] == f"jdbc:oracle:thin:@127.0.0.1:{database.port}/WMSCDB"
    assert (connect["service"], connect["user"], connect["password"]) == ("WMSCDB", "C##DBZ", "geheim")
    assert connect["properties"]["oracle.net.keepAlive"] == "true"
    assert database.operations() == ["connect", "commit", "quit"]


def test_a_refused_login_is_in_the_worker_s_log_with_the_database_s_words(worker: Worker):
    def refuse(_: Request) -> Answer:
        return {"error": 1017, "text": "ORA-01017: invalid username/password; logon denied"}

    with closing(ScriptedDatabase(refuse)) as database:
        (error,) = _validate(worker, database.port)
    assert error == "Unable to connect (primary): Failed to resolve Oracle database version"
    assert "java.sql.SQLException: ORA-01017: invalid username/password; logon denied" in worker.text()


def test_a_listener_that_refuses_and_one_that_is_not_there_are_the_real_driver_s_words(worker: Worker):
    with closing(ScriptedDatabase(_welcome, refusal=12514)) as database:
        assert len(_validate(worker, database.port)) == 1
    assert "ORA-12514: Cannot connect to database. Service WMSCDB is not registered" in worker.text()
    port = free_port()
    assert len(_validate(worker, port)) == 1
    assert f"ORA-12541: Cannot connect. No listener at host 127.0.0.1 port {port}." in worker.text()
    # The real driver has registered itself by now; ours is still the one that is asked.
    with closing(ScriptedDatabase(_welcome)) as database:
        assert _validate(worker, database.port) == []
    assert database.tns_connects == 0
