"""Launching again fixes: after a bad commit, a stack that never stood, a teardown that was cut off."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.e2e.one_world.conftest import EARLIER_KEY
from tests.e2e.stages import DOT, LONG, launch
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.long]

VAL, PRODUCTION = Stage.parse("val"), Stage.parse("production")
_HEARTBEAT = "heartbeat.interval.ms"


def test_a_named_stages_stack_that_never_stood_is_replaced_and_no_topic_touched(
    world: World, never_complete: Run, named: Mapping[str, Run], clusters: Mapping[str, str]
):
    """The guard lets Sceptre delete the shell in ROLLBACK_COMPLETE, which holds nothing."""
    assert never_complete.status != 0
    assert "ROLLBACK_COMPLETE" in never_complete.last_line
    assert "ROLLBACK_COMPLETE state" in named["production"].output
    earlier = StageUnderTest(world, PRODUCTION, clusters["production"]).new_rows()
    earlier.keys.append(EARLIER_KEY)
    earlier.assert_arrived_once()
    assert "topics: 8 created, 1 as wanted" in named["production"].output


def test_launching_again_changes_nothing(world: World, named: Mapping[str, Run], project: Path):
    production = StageUnderTest(world, PRODUCTION)
    before = (production.service.task_arns(), production.record())
    run = launch(world, project, "production")
    assert run.status == 0, run.output
    assert "nothing had to be changed" in run.last_line
    assert run.output.count("No updates to perform.") == len(production.stack_states())
    assert (production.service.task_arns(), production.record()) == before


def test_a_reverted_commit_registers_what_was_before_and_loses_no_row(
    world: World,
    named: Mapping[str, Run],
    project: Path,
    clusters: Mapping[str, str],
    tmp_path: Path,
):
    val = StageUnderTest(world, VAL, clusters["val"])
    rows = val.new_rows()
    before = val.connector_config()
    memory = _memory(val)
    rows.insert(2)
    changed = set_settings(
        copy_project(tmp_path), "val", container_memory=2304, connector={"heartbeat_seconds": 30}
    )
    run = launch(world, changed, "val")
    assert run.status == 0, run.output
    assert val.connector_config() == {**before, _HEARTBEAT: "30000"}
    assert _memory(val) == 2304 != memory
    rows.insert(2)
    run = launch(world, project, "val")
    assert run.status == 0, run.output
    assert f"register: wms-oracle-cdc updated ({_HEARTBEAT})" in run.output
    assert val.connector_config() == before
    assert _memory(val) == memory
    rows.insert(2)
    rows.assert_arrived_once()


def test_a_bad_commit_is_taken_back_while_the_old_worker_streams_and_its_revert_registers(
    world: World, named: Mapping[str, Run], project: Path, clusters: Mapping[str, str], tmp_path: Path
):
    """The revert finds UPDATE_ROLLBACK_COMPLETE and nothing to change in the stack."""
    production = StageUnderTest(world, PRODUCTION, clusters["production"])
    rows = production.new_rows()
    before = production.service.task_arns()
    bad = set_settings(
        copy_project(tmp_path), "production", container_memory=4, connector={"heartbeat_seconds": 30}
    )
    run = launch(world, bad, "production")
    assert run.status != 0
    assert "wms-connector-production is UPDATE_ROLLBACK_COMPLETE" in run.last_line
    assert "Traceback" not in run.output
    assert production.service.task_arns() == before
    rows.insert(2)
    run = launch(world, project, "production")
    assert run.status == 0, run.output
    assert production.stack_states()["connector"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "wms-oracle-cdc of stage production runs" in run.last_line
    assert production.service.task_arns() == before
    rows.insert(2)
    rows.assert_arrived_once()


def test_a_launch_after_a_teardown_that_was_cut_off_brings_the_workers_back(
    world: World, branches: Mapping[str, Run], project: Path, clusters: Mapping[str, str]
):
    under_test = StageUnderTest(world, Stage.parse(DOT), clusters[DOT])
    rows = under_test.new_rows()
    under_test.service.scale(0)
    wait_for(lambda: under_test.service.describe()["runningCount"] == 0, "the workers have left")
    rows.insert(2)
    run = launch(world, project, DOT)
    assert run.status == 0, run.output
    assert "had a desired count of 0" in run.output
    assert under_test.service.describe()["desiredCount"] == 1
    rows.insert(2)
    rows.assert_arrived_once()


def test_a_wrong_password_is_refused_before_a_worker_is_replaced_and_is_fixed_by_launching_again(
    world: World, branches: Mapping[str, Run], project: Path, clusters: Mapping[str, str]
):
    """Every stack exists, alarms and event rules too, and the old worker streams on."""
    under_test = StageUnderTest(world, Stage.parse(LONG), clusters[LONG])
    workers = under_test.service.task_arns()
    rows = under_test.new_rows()
    rows.insert(2)
    before = under_test.stack_states()
    # As where no trail tells of the new secret: a rotation would have tried it before the launch does.
    events, rule = world.account.client("events"), under_test.stage.names.rule("SecretChanged")
    events.disable_rule(Name=rule)
    world.account.put_secret(f"{LONG}/dbInfo", {**world.database.db_info, "password": "wr0ng-passw0rd"})
    try:
        run = launch(world, project, LONG)
    finally:
        world.account.delete_secret(f"{LONG}/dbInfo")
        events.enable_rule(Name=rule)
    assert run.status != 0
    assert "refused before any worker was started or replaced" in run.last_line
    assert under_test.service.task_arns() == workers
    assert "gives the connector no session" in run.last_line
    assert "wr0ng-passw0rd" not in run.output
    assert set(under_test.stack_states()) == set(before)
    rows.insert(2)
    run = launch(world, project, LONG)
    assert run.status == 0, run.output
    rows.assert_arrived_once()


def _memory(under_test: StageUnderTest) -> int:
    """The memory limit of the Connect container in the task definition that is in force."""
    service = under_test.service
    found = service.ecs.describe_task_definition(taskDefinition=service.describe()["taskDefinition"])
    return int(found["taskDefinition"]["containerDefinitions"][0]["memory"])
