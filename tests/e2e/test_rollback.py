"""Every step of docs/rollback.md, on main of the local world: no row is lost, none comes twice unasked."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.domain.capture import signals
from connector.domain.stage.aws_names import CONNECTOR
from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.state import ROOT
from connector.local.world import World
from tests.e2e.stages import launch
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import HEALTHY, MAIN, Rows, StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

# The first test waits for the world and for a launch too.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]

_PAGE = (ROOT / "docs" / "rollback.md").read_text(encoding="utf-8")
_HEARTBEAT = "heartbeat.interval.ms"
_RECEIVE_SECONDS = 240.0
#: What `verify` would find wrong with worker, connector and source.
_OF_WORKER = {"EcsServiceUnhealthy", "ConnectApiUnreachable", "ConnectorStateFailed", "SourceDisconnected"}
_MEANT = "nothing is streamed, as meant: "


@pytest.fixture(scope="module")
def stage(world: World, main: Run) -> Iterator[StageUnderTest]:
    """Main, streaming; whatever a test leaves, it is as the checkout says afterwards."""
    under_test = StageUnderTest(world)
    under_test.rest()
    with under_test.without_schedule():
        yield under_test
    run = launch(world, ROOT, "main")
    if run.status != 0:
        wms_connector(world.env(), "resume", "main")
        assert launch(world, ROOT, "main").status == 0
    under_test.rest()


@pytest.fixture
def rows(stage: StageUnderTest) -> Rows:
    """One row that has arrived, and more to come."""
    found = stage.new_rows()
    found.insert()
    found.assert_arrived_once()
    return found


def with_settings(directory: Path, **settings: Any) -> Path:
    """The checkout with other settings of main."""
    return set_settings(copy_project(directory), "main", **settings)


def wms(world: World, line: str, *more: str) -> Done:
    """A command of the page, which must stand on it; `<stage>` is main."""
    assert f"    wms-connector {line}" in _PAGE, line
    words = line.replace("<stage>", "main").split('"')
    parts = [part for number, text in enumerate(words) for part in ([text] if number % 2 else text.split())]
    return wms_connector(world.env(), *[part for part in parts if part != "<file>"], *more)


def sceptre_launch(world: World, project: Path) -> Run:
    assert "    sceptre launch <stage> --yes" in _PAGE
    return launch(world, project, "main")


def checks(world: World) -> Mapping[str, Any]:
    """What `verify` reports, by check."""
    found = wms(world, "verify <stage>", "--json").json["findings"]
    return {each["name"]: each for each in found}


def test_the_previous_commit(world: World, stage: StageUnderTest, rows: Rows, tmp_path: Path):
    before = stage.connector_config()
    run = sceptre_launch(world, with_settings(tmp_path, connector={"heartbeat_seconds": 30}))
    assert run.status == 0, run.output
    assert stage.connector_config() == {**before, _HEARTBEAT: "30000"}
    rows.insert()
    run = sceptre_launch(world, ROOT)
    assert run.status == 0, run.output
    assert f"register: {CONNECTOR} updated ({_HEARTBEAT})" in run.output
    assert stage.connector_config() == before
    assert not {"config", "ConfigDrifted", *_OF_WORKER} & checks(world).keys()
    rows.insert()
    rows.assert_arrived_once()


def test_the_connectors_config_back(world: World, stage: StageUnderTest, rows: Rows):
    before = stage.connector_config()
    stage.connect("PUT", "/config", {**before, _HEARTBEAT: "45000"})
    wait_for(lambda: stage.states() == ("RUNNING", "RUNNING"), "the task is started again")
    told = stage.health()
    assert f"ConfigDrifted: these keys differ from what was registered: {_HEARTBEAT}" in told["summary"]
    assert "45000" not in json.dumps(told)
    found = checks(world)
    assert found["ConfigDrifted"]["what"].endswith(f": {_HEARTBEAT}")
    assert _HEARTBEAT in found["config"]["what"]
    run = sceptre_launch(world, ROOT)
    assert run.status == 0, run.output
    assert f"updated ({_HEARTBEAT})" in run.output
    assert stage.connector_config() == before
    stage.rest()
    assert "ConfigDrifted" not in stage.health()["summary"]
    rows.insert()
    rows.assert_arrived_once()


def test_no_worker_and_up_again(world: World, stage: StageUnderTest, rows: Rows, tmp_path: Path):
    before = stage.record()
    down = with_settings(tmp_path, desired_count=0)
    run = sceptre_launch(world, down)
    assert run.status == 0, run.output
    assert "is not registered and nothing is waited for: desired_count is 0" in run.output
    assert "ready:" not in run.output
    wait_for(lambda: stage.service.describe()["runningCount"] == 0, "no worker is left")
    rows.insert(2)
    for _ in range(2):
        told = stage.health()
        assert told["summary"].startswith(f"{_MEANT}desired_count is 0"), told
        assert told["metrics"]["SourceDisconnected"] == told["metrics"]["EcsServiceUnhealthy"] == 0
    assert "desired_count is 0" in wms(world, "status <stage>").stdout
    assert not _OF_WORKER & checks(world).keys()
    # Again, and nothing changes.
    assert sceptre_launch(world, down).status == 0
    assert stage.record() == before
    run = sceptre_launch(world, ROOT)
    assert run.status == 0, run.output
    assert f"register: {CONNECTOR} unchanged" in run.output
    stage.rest()
    assert stage.health()["summary"].startswith(HEALTHY)
    rows.insert()
    rows.assert_arrived_once()


def test_stop_with_the_position_kept(world: World, stage: StageUnderTest, rows: Rows):
    done = wms(world, 'stop <stage> --why "the DBA patches" --for 4h')
    assert done.status == 0, done
    assert stage.states() == ("STOPPED",)
    rows.insert(2)
    told = stage.health()
    assert told["summary"].startswith("nothing is streamed: ")
    assert "the DBA patches" in told["summary"]
    assert told["metrics"]["ConnectorHalted"] == 1
    run = sceptre_launch(world, ROOT)
    assert run.status != 0
    assert f"{CONNECTOR} is STOPPED: an operator did that" in run.output
    assert "the DBA patches, and a launch does not undo it" in run.output
    assert stage.states() == ("STOPPED",)
    done = wms(world, "resume <stage>")
    assert (done.status, "source connected" in done.stdout) == (0, True), done
    rows.insert()
    rows.assert_arrived_once()


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_declared_stop(world: World, stage: StageUnderTest, rows: Rows, tmp_path: Path, state: str):
    run = sceptre_launch(world, with_settings(tmp_path, connector={"state": state}))
    assert run.status == 0, run.output
    assert f"connector {CONNECTOR} of stage main does not run, as meant" in run.output
    assert stage.states()[0] == state.upper()
    rows.insert(2)
    assert stage.health()["summary"].startswith(f"{_MEANT}{CONNECTOR} is {state.upper()}: a launch did that")
    assert "paused" not in checks(world)
    run = sceptre_launch(world, ROOT)
    assert run.status == 0, run.output
    assert "resumed, as connector.state says" in run.output
    rows.insert()
    rows.assert_arrived_once()


def test_the_position_back(world: World, stage: StageUnderTest, rows: Rows, tmp_path: Path):
    wait_for(lambda: wms(world, "offsets <stage> show").json, "an offset is stored")
    saved = wms(world, "offsets <stage> backup", "--out", str(tmp_path))
    assert saved.status == 0, saved
    rows.insert(2)
    rows.assert_arrived_once()
    before = wms(world, "offsets <stage> show").json
    command = ("--yes", "--out", str(tmp_path))
    refused = wms(world, "offsets <stage> restore <file>", saved.stdout.strip(), *command)
    assert (refused.status, "--position-checked" in refused.stderr) == (2, True), refused
    assert stage.states() == ("RUNNING", "RUNNING")
    done = wms(world, "offsets <stage> restore <file>", saved.stdout.strip(), "--position-checked", *command)
    assert done.status == 0, done
    assert "sent a second time" in done.stderr
    assert done.stdout.strip().endswith("start it with wms-connector resume main")
    assert (
        wms(world, "offsets <stage> show").json
        == json.loads(Path(saved.stdout.strip()).read_text())["offsets"]
    )
    assert wms(world, "offsets <stage> show").json != before
    assert stage.states() == ("STOPPED",)
    assert wms(world, "resume <stage>").status == 0
    again = dict.fromkeys(rows.keys[1:], 2)
    assert _counted(stage, lambda seen: {key: seen.get(key, 0) for key in again} == again)


def test_the_position_forgotten(world: World, stage: StageUnderTest, rows: Rows, tmp_path: Path):
    done = wms(world, "offsets <stage> reset", "--yes", "--out", str(tmp_path))
    assert done.status == 0, done
    assert wms(world, "offsets <stage> show").json == []
    assert len(list(tmp_path.glob("offsets-main-*.json"))) == 1
    assert wms(world, "resume <stage>").status == 0
    assert _counted(stage, lambda seen: all(seen.get(key, 0) >= 2 for key in rows.keys))
    stage.rest()


def test_a_snapshot_of_some_rows_is_waited_for(world: World, stage: StageUnderTest, rows: Rows):
    rows.insert()
    rows.assert_arrived_once()
    table, key = f"{Rows.SCHEMA}.{Rows.TABLE}", rows.keys[-1]
    assert table in signals.TABLES
    condition = f"{schema.key(Rows.TABLE)} = {key}"
    arguments = ("snapshot", "main", "--table", table, "--where", condition, "--wait", "--json")
    done = wms_connector(world.env(), *arguments, seconds=_RECEIVE_SECONDS)
    assert done.status == 0, done
    assert done.json["rows"] == {table: 1}
    assert _counted(stage, lambda seen: seen.get(key) == 2 and seen.get(rows.keys[0]) == 1)


def _counted(stage: StageUnderTest, enough: Any) -> bool:
    """Whether the topic of the rows comes to hold each of them as often as it should."""
    (topic,) = [name for name in MAIN.topics.roles["data"] if name.endswith(f"{Rows.SCHEMA}.{Rows.TABLE}")]
    watch = Watch(stage.bootstrap, [topic])

    def seen() -> dict[str, int]:
        keys = [
            str(a.key[schema.key(Rows.TABLE)]) for a in watch.seen if a.operation in ("insert", "snapshot")
        ]
        return {key: keys.count(key) for key in keys}

    try:
        return bool(watch.wait_for(lambda _: enough(seen()), _RECEIVE_SECONDS))
    finally:
        watch.close()
