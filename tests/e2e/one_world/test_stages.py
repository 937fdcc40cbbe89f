"""Every kind of stage launches with rights enforced, streams, and is refused where it may not live."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from tests.e2e.stages import DOT, STAGES, UNDERSCORE, group
from tests.support.rights import Call, as_role, task_with_secret
from tests.support.sceptre_cli import Run, at_once
from tests.support.stage_under_test import MAIN, StageUnderTest

pytestmark = pytest.mark.e2e

VAL, PRODUCTION = Stage.parse("val"), Stage.parse("production")
#: What stands however registration ends.
BESIDE_CONNECTOR = {"alerts", "network", "functions", "alarms", "events"}


def test_a_second_named_stage_on_a_cluster_is_refused_before_it_puts_anything_there(
    world: World, main: Run, beside_main: Run
):
    assert beside_main.status != 0
    assert "stage main uses this cluster already" in beside_main.last_line
    assert "wms/production/brokerString" in beside_main.last_line
    assert "Traceback" not in beside_main.output
    mine = [t for t in topics_of(world.kafka_bootstrap) if "production" in t]
    assert mine == []


@pytest.mark.long
def test_a_twin_on_a_cluster_is_refused_with_both_names_before_it_puts_anything_there(
    world: World, twin_refused: Run
):
    assert twin_refused.status != 0
    stage = Stage.parse(UNDERSCORE)
    assert "feature_x.wms" in twin_refused.last_line
    assert "feature.x.wms" in twin_refused.last_line
    assert "Traceback" not in twin_refused.output
    assert not topics_of(world.kafka_bootstrap) & set(stage.topics)


@pytest.mark.long
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


@pytest.mark.parametrize("stage", ["main", *(pytest.param(each, marks=pytest.mark.long) for each in STAGES)])
def test_sceptres_own_commands_work_for_a_stage(
    world: World, request: pytest.FixtureRequest, project: Path, stage: str
):
    request.getfixturevalue("main" if stage == "main" else "launched")
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


@pytest.mark.long
def test_two_stages_at_once_have_the_stacks_that_one_has(world: World, launched: Mapping[str, Run]):
    for stage in STAGES:
        assert set(StageUnderTest(world, Stage.parse(stage)).stack_states()) == {
            *BESIDE_CONNECTOR,
            "connector",
        }


def test_the_functions_rights_end_at_main(world: World, main: Run):
    _rights_end_at(world, MAIN, {})


@pytest.mark.long
def test_the_functions_rights_end_at_their_own_stage_where_another_one_is(
    world: World, launched: Mapping[str, Run]
):
    own = {"own secret": ("secretsmanager", "get_secret_value", {"SecretId": "wms/val/brokerString"})}
    _rights_end_at(world, VAL, own)


def _rights_end_at(world: World, own: Stage, more: Mapping[str, Call]) -> None:
    """Secrets, tables, services and tasks of another stage are denied by the roles that are deployed."""
    other = PRODUCTION
    calls: dict[str, Call] = {
        **more,
        "default secret": ("secretsmanager", "get_secret_value", {"SecretId": "wms/default/dbInfo"}),
        "own table": ("dynamodb", "get_item", _item(own)),
        "own service": ("ecs", "describe_services", _service(own)),
        "own tasks": ("ecs", "list_tasks", _tasks(own)),
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
    for function in (own.names.connect_admin, own.names.connect_health):
        answers = as_role(world, function, calls)
        allowed = {what for what, answer in answers.items() if answer == "allowed"}
        assert allowed == {what for what in calls if what.startswith(("own", "default"))}, answers
        assert {answer for what, answer in answers.items() if what not in allowed} <= {
            "AccessDenied",
            "AccessDeniedException",
        }


@pytest.mark.long
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


def test_an_execution_role_injects_no_other_stages_secret(world: World, main: Run):
    """A task of main's role that asks for another stage's secret does not start."""
    world.account.put_secret(f"{DOT}.y/dbInfo", {"password": "of-another-stage"})
    try:
        reason = task_with_secret(world, MAIN, f"wms/{DOT}.y/dbInfo")
    finally:
        world.account.delete_secret(f"{DOT}.y/dbInfo")
    assert "unable to retrieve secret" in reason
    assert "AccessDenied" in reason


@pytest.mark.long
def test_the_health_function_does_its_work_with_rights_enforced(world: World, launched: Mapping[str, Run]):
    val = StageUnderTest(world, VAL)
    assert "AccessDenied" not in json.dumps(val.health())
    found = world.account.client("cloudwatch").list_metrics(Namespace=val.stage.names.health_namespace)
    assert found["Metrics"]


def _item(stage: Stage) -> Mapping[str, object]:
    return {"TableName": stage.names.table, "Key": {"id": {"S": "stage-record"}}}


def _service(stage: Stage) -> Mapping[str, object]:
    return {"cluster": stage.names.service, "services": [stage.names.service]}


def _tasks(stage: Stage) -> Mapping[str, object]:
    return {"cluster": stage.names.service, "serviceName": stage.names.service}
