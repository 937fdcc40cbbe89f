"""A stage is switched to the kind `jdbc` and back: the predecessor's topics and payload, and no change lost.

The plugin is a stand-in (tests/jdbc_plugin): Confluent's is not ours to ship. It shows the mechanics.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.domain.capture.config import JDBC_CLASS
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.record import RECORD_KEY
from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.oracle import plugin
from connector.local.world import World
from tests.jdbc_plugin.stand_in import with_jdbc
from tests.support.consumer import Consumer
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest
from tests.support.waiting import TIMEOUT_SECONDS
from tests.support.wms_cli import wms_connector

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SETTINGS = ConnectorSettings(kind="jdbc", jdbc_topics="bare")
BARE = MAIN.topics.roles["data_jdbc_bare"]
SEEDED = 2
TOPIC = f"wms.WMS.{schema.BASE}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose worker has both plugins, with rights for both kinds."""
    scratch = tmp_path_factory.mktemp("kinds")
    original = plugin.worker_home
    made: list[Path] = []

    def worker_home(tools: Any, report: Any) -> Path:
        home = original(tools, report)
        if not made:
            made.append(with_jdbc(tools, home, scratch))
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "worker_home", worker_home)
        with World.up(scratch / "world", enforce_iam=True) as one:
            one.grant(MAIN, SETTINGS)
            one.database.seed(SEEDED)
            yield one


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("checkout"))


#: What a switch to the predecessor's kind and back changes for consumers, as a launch names it.
CONFIRMED = ["kind debezium->jdbc", "kind jdbc->debezium", "envelope plain->schema"]


def launch(world: World, project: Path, confirmed: Sequence[str] = (), **connector: Any) -> Run:
    changed = set_settings(project, "main", connector=connector, confirmed_changes=[*confirmed])
    run = sceptre(world.env(), "launch", "main", "--yes", project=changed)
    assert run.status == 0, run.output
    return run


@pytest.fixture(scope="module")
def keys(world: World) -> list[int]:
    """The rows that were written, in order."""
    return []


@pytest.fixture(scope="module")
def streaming(world: World, project: Path) -> Run:
    """main as an earlier release left it, plain and with no word of that in its record, launched again."""
    run = sceptre(world.env(), "launch", "foundation", "--yes", project=project)
    assert run.status == 0, run.output
    launch(world, project, envelope="plain")
    world.account.client("dynamodb").update_item(
        TableName=MAIN.names.table, Key={"id": {"S": RECORD_KEY}}, UpdateExpression="REMOVE envelope"
    )
    return launch(world, project)


@pytest.fixture(scope="module")
def polling(world: World, project: Path, streaming: Run, keys: list[int]) -> Run:
    """main with the kind jdbc; a row is written while it polls."""
    run = launch(world, project, CONFIRMED, kind="jdbc", jdbc_topics="bare", envelope="schema")
    keys += world.database.insert("WMS", schema.BASE)
    return run


@pytest.fixture(scope="module")
def back(world: World, project: Path, polling: Run, keys: list[int]) -> Run:
    """main with its first kind again."""
    return launch(world, project, CONFIRMED)


def test_a_stage_of_an_earlier_release_goes_on_with_plain_messages(world: World, streaming: Run):
    with Consumer(world.kafka_bootstrap, [TOPIC]) as consumer:
        values = [json.loads(record.value) for record in consumer.read(SEEDED)]
    assert {value["op"] for value in values} == {"r"}
    assert StageUnderTest(world).record()["envelope"] == {"S": "plain"}


def test_the_connector_becomes_the_predecessors(world: World, polling: Run):
    config = StageUnderTest(world).connector_config()
    assert config["connector.class"] == JDBC_CLASS
    assert (config["batch.max.rows"], config["topic.prefix"]) == ("1000", "aws.wms.cdc.")
    topics = {each["S"] for each in StageUnderTest(world).record()["topics"]["L"]}
    assert topics == set(BARE)


def test_its_rows_come_as_the_predecessors_do(world: World, polling: Run):
    """The payload is one row, in the envelope of Connect's JSON converter."""
    with Consumer(world.kafka_bootstrap, BARE) as consumer:
        found = consumer.read(len(BARE))
    for record in found:
        value = json.loads(record.value)
        assert value.keys() == {"schema", "payload"}
        assert value["payload"].keys() == {"PLAN_BASE_WVR_ID", "WVR_TTL_TXT", "SYS_ADD_TS"}
    assert {record.topic for record in found} == set(BARE)


def test_verify_looks_at_the_source_and_at_lag(world: World, polling: Run):
    found = wms_connector(world.env(), "verify", "main", "--json").json["checked"]
    assert found["source"] == "the connector opens a connection to the database"
    assert found["lag"].startswith(f"SYS_ADD_TS of the newest row read: WMS.{schema.BASE} ")


def test_back_at_its_first_kind_nothing_is_lost(world: World, back: Run, keys: list[int]):
    """It reads on where it stood: what was written meanwhile arrives, and no second snapshot.

    Without the setting the messages keep the form that they had last.
    """
    assert StageUnderTest(world).record()["envelope"] == {"S": "schema"}
    watch = Watch(world.kafka_bootstrap, [TOPIC])
    try:
        wanted = [{schema.key(schema.BASE): str(key)} for key in keys]
        assert watch.wait_for(
            lambda seen: [a.key for a in seen if a.operation == "insert"] == wanted, TIMEOUT_SECONDS
        )
        assert [a.operation for a in watch.seen].count("snapshot") == SEEDED
    finally:
        watch.close()
