"""An operator asks what a launch of main would do, before and after changing settings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.local.world import World
from tests.e2e.one_world.test_launch_main import deployed
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run
from tests.support.wms_cli import Done, wms_connector

pytestmark = pytest.mark.e2e

Plan = Callable[..., Done]


@pytest.fixture
def plan(world: World, main: Run) -> Plan:
    """Runs `plan main` in a checkout; it shows nothing confidential and changes nothing."""

    def run(project: Path, *options: str) -> Done:
        before = deployed(world)
        done = wms_connector(world.env(), "plan", "main", *options, project=project)
        assert deployed(world) == before
        for value in (world.database.cdc_password, world.broker_string(), world.state.kafka_password):
            assert value not in done.stdout + done.stderr
        return done

    return run


def test_a_stage_as_it_was_launched_has_no_changes(plan: Plan, tmp_path: Path):
    project = copy_project(tmp_path)
    done = plan(project, "--exit-code")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "a launch of main changes nothing"
    assert plan(project, "--json", "--exit-code").json["changes"] == []


def test_a_changed_setting_and_a_changed_stack_are_told_whole(plan: Plan, tmp_path: Path):
    project = set_settings(
        copy_project(tmp_path), "main", task_memory=4096, connector={"heartbeat_seconds": 60}
    )
    done = plan(project, "--json", "--exit-code")
    assert (done.status, done.stderr) == (2, "")
    found = done.json["changes"]
    assert {each["part"] for each in found} == {"stack", "connector"}
    (key,) = [each for each in found if each["part"] == "connector"]
    assert (key["name"], key["before"], key["after"]) == ("heartbeat.interval.ms", "10000", "60000")
    assert "Resources.Task.Properties.Memory" in [each["place"] for each in found]
    assert done.json["replaces_workers"] == ["Memory"]
    assert done.json["cost"]["after"] > done.json["cost"]["before"]
    assert "heartbeat.interval.ms" in plan(project).stdout


def test_a_first_launch_is_told_before_there_is_anything(world: World, main: Run, tmp_path: Path):
    project = copy_project(tmp_path, "not-there-yet")
    done = wms_connector(world.env(), "plan", "not-there-yet", "--json", project=project)
    assert (done.status, done.stderr) == (0, "")
    stacks = [each for each in json.loads(done.stdout)["changes"] if each["part"] == "stack"]
    assert {each["action"] for each in stacks} == {"create"}
    assert len(stacks) == 6
