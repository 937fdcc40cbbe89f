"""Every kind of stage launches with rights enforced, streams, and is refused where it may not live."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from tests.e2e.stages import DOT, STAGES, UNDERSCORE, group
from tests.support.rights import as_role, task_with_secret
from tests.support.sceptre_cli import Run, at_once
from tests.support.stage_under_test import StageUnderTest

pytestmark = pytest.mark.e2e

PRODUCTION = Stage.parse("production")
#: What stands however registration ends.
BESIDE_CONNECTOR = {"alerts", "network", "functions", "alarms", "events"}


def test_a_second_named_stage_on_a_cluster_is_refused_before_it_puts_anything_there(
    world: World, main: Run, beside_main: Run, never_complete: Run
):
    assert beside_main.status != 0
    assert "stage main uses this cluster already" in beside_main.last_line
    assert "wms/production/brokerString" in beside_main.last_line
    assert "Traceback" not in beside_main.output
    mine = [t for t in topics_of(world.kafka_bootstrap) if "production" in t]
    assert mine == []


def test_a_twin_on_a_cluster_is_refused_with_both_names_before_it_puts_anything_there(
    world: World, twin_refused: Run
):
    assert twin_refused.status != 0
    stage = Stage.parse(UNDERSCORE)
    assert "feature_x.wms" in twin_refused.last_line
    assert "feature.x.wms" in twin_refused.last_line
    assert "Traceback" not in twin_refused.output
    assert not topics_of(world.kafka_bootstrap) & set(stage.topics)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_launches_with_rights_enforced_and_streams(
    world: World, launched: Mapping[str, Run], clusters: Mapping[str, str], stage: str
):
    run = launched[stage]
    assert run.status == 0, run.output
    assert f"wms-oracle-cdc of stage {stage} runs" in run.last_line
    rows = StageUnderTest(world, Stage.parse(stage), clusters[stage]).new_rows()
    rows.insert(3)
    rows.assert_arrived_once()


@pytest.mark.parametrize("stage", STAGES)
def test_sceptres_own_commands_work_for_a_stage(
    world: World, launched: Mapping[str, Run], project: Path, stage: str
):
    where = group(stage)
    commands = [("diff", where), ("validate", where), ("status", where), ("list", "outputs", where)]
    diff, validate, status, outputs = at_once(world.env(), *commands, project=project)
    for run in (diff, validate, status, outputs):
        assert run.status == 0, run.output
        assert "Traceback" not in run.output
    states = StageUnderTest(world, Stage.parse(stage)).stack_states()
    assert diff.output.count("No difference to deployed stack") == len(states)
    assert validate.output.count("is valid") == len(states)
    found = json.loads(status.output)
    assert {name.rpartition("/")[2]: state for name, state in found.items()} == states
    # Where test_recovery ran before, production's connector stack is one that was rolled back and fixed.
    assert set(states.values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    assert f"{Stage.parse(stage).names.connect_admin}" in outputs.output


def test_two_stages_at_once_have_the_stacks_that_one_has(world: World, launched: Mapping[str, Run]):
    for stage in STAGES:
        assert set(StageUnderTest(world, Stage.parse(stage)).stack_states()) == {
            *BESIDE_CONNECTOR,
            "connector",
        }


def test_the_functions_rights_end_at_their_own_stage(world: World, launched: Mapping[str, Run]):
    """Secrets, tables, services and tasks of another stage are denied by the roles that are deployed."""
    val, other = Stage.parse("val"), PRODUCTION
    calls = {
        "own secret": ("secretsmanager", "get_secret_value", {"SecretId": "wms/val/brokerString"}),
        "default secret": ("secretsmanager", "get_secret_value", {"SecretId": "wms/default/dbInfo"}),
        "own table": ("dynamodb", "get_item", _item(val)),
        "own service": ("ecs", "describe_services", _service(val)),
        "own tasks": ("ecs", "list_tasks", _tasks(val)),
        "another's secret": (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "wms/production/brokerString"},
        ),
        "a twin's secret": ("secretsmanager", "get_secret_value", {"SecretId": "wms/feature_x/brokerString"}),
        "another's table": ("dynamodb", "get_item", _item(other)),
        "another's service": ("ecs", "describe_services", _service(other)),
        "another's tasks": ("ecs", "list_tasks", _tasks(other)),
        "a new log group": ("logs", "create_log_group", {"logGroupName": "/aws/lambda/late"}),
    }
    for function in (val.names.connect_admin, val.names.connect_health):
        answers = as_role(world, function, calls)
        allowed = {what for what, answer in answers.items() if answer == "allowed"}
        assert allowed == {what for what in calls if what.startswith(("own", "default"))}, answers
        assert {answer for what, answer in answers.items() if what not in allowed} <= {
            "AccessDenied",
            "AccessDeniedException",
        }


def test_a_branchs_rights_end_at_a_branch_whose_name_it_starts_with(
    world: World, launched: Mapping[str, Run]
):
    world.account.put_secret(f"{DOT}.y/dbInfo", {"password": "of-another-branch"})
    call = ("secretsmanager", "get_secret_value", {"SecretId": f"wms/{DOT}.y/dbInfo"})
    try:
        answers = as_role(world, Stage.parse(DOT).names.connect_admin, {"longer": call})
    finally:
        world.account.delete_secret(f"{DOT}.y/dbInfo")
    assert answers == {"longer": "AccessDeniedException"}


def test_an_execution_role_injects_no_other_stages_secret(world: World, launched: Mapping[str, Run]):
    """A task of val's role that asks for production's secret does not start."""
    reason = task_with_secret(world, Stage.parse("val"), "wms/production/brokerString")
    assert "unable to retrieve secret" in reason
    assert "AccessDenied" in reason


def test_the_health_function_does_its_work_with_rights_enforced(world: World, launched: Mapping[str, Run]):
    val = StageUnderTest(world, Stage.parse("val"))
    assert "AccessDenied" not in json.dumps(val.health())
    found = world.account.client("cloudwatch").list_metrics(Namespace=val.stage.names.health_namespace)
    assert found["Metrics"]


def _item(stage: Stage) -> Mapping[str, object]:
    return {"TableName": stage.names.table, "Key": {"id": {"S": "stage-record"}}}


def _service(stage: Stage) -> Mapping[str, object]:
    return {"cluster": stage.names.service, "services": [stage.names.service]}


def _tasks(stage: Stage) -> Mapping[str, object]:
    return {"cluster": stage.names.service, "serviceName": stage.names.service}
