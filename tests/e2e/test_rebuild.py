"""Drills of docs/backup.md on main of a local world: what is lost is named, and the stage is rebuilt."""

import json
import shutil
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient

from connector.domain.stage.aws_names import CONNECTOR
from connector.local import schema
from connector.local.state import ROOT
from connector.local.world import DEFAULT_BROKER, World
from tests.support.consumer import Consumer
from tests.support.sceptre_cli import sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

# The first test waits for the world and for a launch too.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]

_PAGE = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
HISTORY = MAIN.topics.one("schema_history")
INTERNAL = [MAIN.topics.one(f"connect_{what}") for what in ("config", "offsets", "status")]
_REBUILD_SECONDS = 600.0
#: A column with text of each kind of table, which is changed.
_TEXT = {schema.BASE: "STATE_CD", schema.REVISION: "RVSN_STUS_CD"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own, for its cluster is lost in the end; with rights enforced, as in an account."""
    with World.up(tmp_path_factory.mktemp("rebuild"), enforce_iam=True) as made:
        made.database.seed(3)
        for what in ("foundation", "main"):
            launched = sceptre(made.env(), "launch", what, "--yes")
            assert launched.status == 0, launched.output
        yield made


@pytest.fixture(scope="module")
def stage(world: World) -> Iterator[StageUnderTest]:
    """Main, streaming, without scheduled checks: one would create a lost connector anew."""
    under_test = StageUnderTest(world)
    under_test.rest()
    with under_test.without_schedule():
        yield under_test


def run(world: World, *words: str) -> Done:
    return wms_connector(world.env(), *words, seconds=_REBUILD_SECONDS)


def wms(world: World, line: str, *more: str) -> Done:
    """A command of the page, which must stand on it; `<stage>` is main."""
    assert f"    wms-connector {line}\n" in _PAGE, line
    return run(world, *line.replace("<stage>", "main").split(), *more)


def saved(world: World) -> str:
    """The id of a backup that is written now."""
    done = wms(world, "backup take <stage>", "--json")
    assert done.status == 0, done
    return str(done.json["id"])


def change(world: World) -> None:
    """An insert, an update and a delete in each table."""
    for name, table in schema.TABLES:
        first, second = world.database.insert(name, table, 2)
        world.database.update(name, table, first, **{_TEXT[table]: "ZZ"})
        world.database.delete(name, table, second)


def assert_equal(world: World) -> None:
    """Source and topics are compared row by row: the end of each drill."""
    done = run(world, "reconcile", "main", "--json")
    assert done.status == 0, done
    assert (done.json["percent"], "no difference" in done.json["summary"]) == (100.0, True), done
    equal = {table: report["equal"] for table, report in done.json["tables"].items()}
    assert equal == {f"{name}.{table}": world.database.count(name, table) for name, table in schema.TABLES}


def history(stage: StageUnderTest) -> list[tuple[bytes | None, bytes | None]]:
    """Key and value of each record of the schema history."""
    with Consumer(stage.bootstrap, [HISTORY]) as consumer:
        return [(record.key, record.value) for record in consumer.read_to()]


def delete_topics(stage: StageUnderTest, *topics: str) -> None:
    """As somebody does who owns the cluster: no role of the product may."""
    admin = KafkaAdminClient(bootstrap_servers=stage.bootstrap)
    try:
        admin.delete_topics(list(topics))
        wait_for(lambda: not set(topics) & set(admin.list_topics()), "the topics are gone")
    finally:
        admin.close()


def test_a_backup_is_listed_shown_and_restored(world: World, stage: StageUnderTest):
    change(world)
    assert_equal(world)
    wait_for(lambda: run(world, "offsets", "main", "show").json, "an offset is stored")
    before = saved(world)
    assert before in [each["id"] for each in wms(world, "backup list <stage>", "--json").json]
    shown = wms(world, "backup show <stage>", before, "--json").json
    assert shown["history_records"] == len(history(stage)) > 0
    assert shown["record"]["cluster_id"] == stage.record()["cluster_id"]["S"]
    # Neither the password nor the brokers: the config refers to both.
    whole = json.dumps(shown)
    assert "${env:" in whole
    assert world.database.cdc_password not in whole
    change(world)
    assert_equal(world)
    refused = wms(world, "backup restore <stage>", before, "--yes")
    assert (refused.status, "--position-checked" in refused.stderr) == (2, True), refused
    assert stage.states() == ("RUNNING", "RUNNING")
    done = wms(world, "backup restore <stage>", before, "--position-checked", "--yes")
    assert done.status == 0, done
    assert "sent a second time" in done.stderr
    assert run(world, "offsets", "main", "show").json == shown["offsets"]
    assert stage.states() == ("STOPPED",)
    assert run(world, "resume", "main").status == 0
    assert_equal(world)


def test_the_state_table_is_lost(world: World, stage: StageUnderTest):
    before = stage.record()
    saved(world)
    stage.delete_items(*_item_keys(world))
    assert stage.record() == {}
    change(world)
    done = wms(world, "rebuild <stage>", "--yes", "--json")
    assert done.status == 0, done
    assert (done.json["losses"], done.json["means"]) == (["state table"], "keep")
    assert "skipped changes and acknowledgements" in done.stderr
    assert stage.record() == before
    assert_equal(world)


def test_the_schema_history_is_lost(world: World, stage: StageUnderTest):
    saved(world)
    kept = history(stage)
    change(world)
    delete_topics(stage, HISTORY)
    told = wms(world, "rebuild <stage> --check", "--json")
    assert (told.status, told.json["losses"], told.json["rebuilt"]) == (0, ["schema history"], False), told
    refused = wms(world, "rebuild <stage>", "--yes")
    assert (refused.status, "--position-checked" in refused.stderr) == (2, True), refused
    assert stage.states() == ("RUNNING", "RUNNING")
    done = wms(world, "rebuild <stage>", "--position-checked", "--yes", "--json")
    assert done.status == 0, done
    assert done.json["means"] == "backup"
    assert history(stage)[: len(kept)] == kept
    change(world)
    assert_equal(world)


def test_the_internal_topics_are_lost(world: World, stage: StageUnderTest):
    saved(world)
    change(world)
    delete_topics(stage, *INTERNAL)
    done = wms(world, "rebuild <stage>", "--position-checked", "--yes", "--json")
    assert done.status == 0, done
    assert (done.json["losses"], done.json["means"]) == (["internal topics"], "backup")
    assert "sent a second time" in done.stderr or "starts at SCN" in done.stderr
    assert stage.connector_config()["name"] == CONNECTOR
    change(world)
    assert_equal(world)


def test_the_cluster_is_lost(world: World, stage: StageUnderTest):
    saved(world)
    old = stage.record()["cluster_id"]["S"]
    world.stop_broker(kill=True)
    shutil.rmtree(world.state.directory / "brokers" / DEFAULT_BROKER / "data")
    change(world)
    world.start_broker()
    world.grant(MAIN)
    done = wms(world, "rebuild <stage>", "--yes", "--json")
    assert done.status == 0, done
    assert (done.json["losses"], done.json["means"]) == (["cluster"], "snapshot")
    assert "consumers' places" in done.stderr
    assert stage.record()["cluster_id"]["S"] != old
    change(world)
    assert_equal(world)
    # And again there is nothing to do.
    again = wms(world, "rebuild <stage>", "--yes", "--json")
    assert (again.status, again.json["losses"]) == (0, []), again


def _item_keys(world: World) -> list[str]:
    items = world.account.client("dynamodb").scan(TableName=MAIN.names.table)["Items"]
    return [item["id"]["S"] for item in items]
