"""An ephemeral stage leaves nothing behind, and nothing else is ever touched: on the real parts."""

import json
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from connector.domain.access import deployer_policy
from connector.domain.access.deployer_calls import Use
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from tests.e2e.killed_teardown import OFTEN, STEPS, Left, delete_with_kills, each_run_left_less
from tests.support import kafka_state, traces
from tests.support.iam import judge, judged_world
from tests.support.kafka_state import Topic
from tests.support.project import copy_project
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

pytestmark = pytest.mark.e2e

A, AB, B = map(Stage.parse, ("a", "a.b", "b"))
#: What belongs to others and could be taken for a topic of `a`.
FOREIGN = (
    "A.wms",
    "a",
    "a-wms",
    "a.other",
    "a.wms.MMDL.PLAN_BASE_WVR_TBL.dlq",
    "a.wms.signal2",
    "a.wmsx",
    "ab.wms",
    "aws.wms.cdc.WMS.PLAN_BASE_WVR_TBL",
    "b.a.wms",
    "orders",
    "wms.a.wms",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("checkout"), A.name, AB.name, B.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[World]:
    """main, `a` and `a.b` stream on one cluster, beside topics and groups of others that look alike."""
    with World.up(tmp_path_factory.mktemp("teardown"), enforce_iam=True) as made:
        made.database.seed(3)
        for branch in (A, AB, B):
            made.grant(branch)
        kafka_state.make(made.kafka_bootstrap, FOREIGN)
        for group in ("a", "a.team", "a.wms-signal2", "wms-reader"):
            kafka_state.commit(made.kafka_bootstrap, group, "a.other", 1)
        _launched_by_an_earlier_release(made.kafka_bootstrap, AB)
        _done(_launch(made, project, "foundation"))
        with ThreadPoolExecutor(3) as pool:
            for run in pool.map(partial(_launch, made, project), ("main", "ephemeral/a", "ephemeral/a.b")):
                _done(run)
        yield made


def _launch(world: World, project: Path, path: str) -> Run:
    """By the deployer whose stage it is."""
    environment = judged_world.environment(world, path.partition("/")[0])
    return sceptre(environment, "launch", path, "--yes", project=project)


def _launched_by_an_earlier_release(bootstrap: str, stage: Stage) -> None:
    """What a worker of a release has made that named the Connect group after the slug."""
    compact = {"num_partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics(dict.fromkeys(stage.topics.roles["connect_previous"], compact))
    finally:
        admin.close()


@pytest.fixture(scope="module")
def before(world: World) -> Mapping[str, Topic]:
    """Every topic that is not `a`'s nor Kafka's own, as it was before anything was deleted."""
    others = topics_of(world.kafka_bootstrap) - set(A.topics)
    return kafka_state.topics(world.kafka_bootstrap, (t for t in others if not t.startswith("__")))


@pytest.fixture(scope="module")
def groups_before(world: World) -> Mapping[str, Mapping[str, int]]:
    return {
        group: offsets
        for group, offsets in kafka_state.groups(world.kafka_bootstrap).items()
        if group not in A.topics.groups
    }


@pytest.fixture(scope="module")
def killed(world: World, project: Path, before: object, groups_before: object) -> Left:
    """The deletion of `a`, killed and begun again; what was left each time."""
    return delete_with_kills(world, project, A, OFTEN)


@pytest.fixture(scope="module")
def gone(world: World, project: Path, killed: object) -> Run:
    """The deletion of `a`, let run to its end."""
    return sceptre(
        judged_world.environment(world, "ephemeral"), "delete", "ephemeral/a", "--yes", project=project
    )


def test_a_named_stage_and_a_foundation_in_use_are_refused_before_anything_is_touched(
    world: World, project: Path
):
    state = _everything(world)
    for path in ("main", "val", "production", "foundation", "main/connector.yaml", "main/events.yaml"):
        run = sceptre(world.env(), "delete", path, "--yes", project=project)
        assert run.status != 0, run.output
        assert "nothing was changed" in run.last_line
        assert "Traceback" not in run.output
    assert _everything(world) == state
    rows = StageUnderTest(world).new_rows()
    rows.insert(2)
    rows.assert_arrived_once()


def test_a_teardown_that_is_killed_goes_on_where_it_was(killed: Left):
    each_run_left_less(A, killed)


@pytest.mark.long
def test_a_teardown_that_is_killed_after_each_step_ends_too(world: World, project: Path):
    _done(_launch(world, project, "ephemeral/b"))
    each_run_left_less(B, delete_with_kills(world, project, B, STEPS))
    _done(sceptre(world.env(), "delete", "ephemeral/b", "--yes", project=project))
    assert traces.of(StageUnderTest(world, B)) == {}


def test_nothing_of_the_stage_is_left_anywhere(world: World, gone: Run):
    assert gone.status == 0, gone.output
    assert traces.of(StageUnderTest(world, A)) == {}


def test_a_stage_whose_name_it_starts_keeps_its_active_task_definitions(world: World, gone: Run):
    active = world.account.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    families = {arn.rpartition("/")[2].rpartition(":")[0] for arn in active}
    assert families == {AB.names.service, MAIN.names.service}


def test_records_offsets_and_configs_of_all_other_topics_are_as_they_were(
    world: World,
    gone: Run,
    before: Mapping[str, Topic],
    groups_before: Mapping[str, Mapping[str, int]],
):
    assert {*FOREIGN, *MAIN.topics.roles["data"], *AB.topics.roles["data"]} <= set(before)
    assert kafka_state.topics(world.kafka_bootstrap, before, ends=before) == before
    after = kafka_state.groups(world.kafka_bootstrap)
    assert set(groups_before) <= set(after)
    for group in ("a", "a.team", "a.wms-signal2", "wms-reader"):
        assert after[group] == groups_before[group] == {"a.other-0": 1}


def test_a_stage_that_an_earlier_release_launched_keeps_its_connect_group(world: World, project: Path):
    old, new = AB.topics.previous_group, AB.topics.connect_group
    assert new == "a.b.mgmt.connect.wms-connector-a.b"
    for launches in (1, 2):
        assert StageUnderTest(world, AB).record()["connect_group"] == {"S": old}
        there = topics_of(world.kafka_bootstrap)
        assert {f"{old}.config", f"{old}.offsets", f"{old}.status"} <= there
        assert f"{new}.config" not in there
        if launches == 1:
            again = sceptre(world.env(), "launch", f"ephemeral/{AB.name}", "--yes", project=project)
            _done(again)
            assert "nothing had to be changed" in again.output


@pytest.mark.parametrize("stage", [MAIN, AB], ids=lambda stage: stage.name)
def test_the_others_still_stream(world: World, gone: Run, stage: Stage):
    rows = StageUnderTest(world, stage).new_rows()
    rows.insert(2)
    rows.assert_arrived_once()


def test_deleting_what_is_gone_is_no_mistake(world: World, project: Path, gone: Run):
    again = sceptre(world.env(), "delete", "ephemeral/a", "--yes", project=project)
    assert again.status == 0, again.output
    assert "Lambda wms-connector-a-connect-admin does not exist" in again.output


@pytest.mark.long
def test_a_stage_that_never_got_as_far_as_its_functions_goes_too(world: World, project: Path):
    _done(sceptre(world.env(), "launch", "ephemeral/b/network.yaml", "--yes", project=project))
    assert StageUnderTest(world, B).stack_states()
    run = sceptre(world.env(), "delete", "ephemeral/b", "--yes", project=project)
    assert run.status == 0, run.output
    assert traces.of(StageUnderTest(world, B)) == {}


@pytest.mark.long
def test_a_launch_that_replaces_a_stack_keeps_the_topics_and_a_pipeline_then_removes_all(
    world: World, project: Path, tmp_path: Path
):
    """The stage streamed before, its connector stack failed since: no record is lost by launching again."""
    topic = B.topics.roles["data"][0]
    kafka_state.make(world.kafka_bootstrap, [topic])
    earlier = kafka_state.topics(world.kafka_bootstrap, [topic])[topic].partitions
    _failed_stack(world, B.names.stack("connector"))
    run = sceptre(
        judged_world.environment(world, "ephemeral"), "launch", "ephemeral/b", "--yes", project=project
    )
    _done(run)
    assert "a launch replaces wms-connector-b: topics and connector stay" in run.output
    later = kafka_state.topics(world.kafka_bootstrap, [topic])[topic].partitions
    assert all(later[number].end >= part.end and later[number].first == 0 for number, part in earlier.items())
    planned = wms_connector(world.env(), "topics", "plan", "b", "--json", project=project).json
    assert set(planned["delete"]) <= set(B.topics)
    assert not set(planned["delete"]) & {"b.a.wms", *AB.topics, *MAIN.topics}
    elsewhere = copy_project(tmp_path / "checkout")
    destroyed = wms_connector(
        judged_world.environment(world, "ephemeral"),
        "ephemeral",
        "destroy",
        "b",
        "--yes",
        "--dir",
        str(elsewhere),
        project=project,
    )
    assert destroyed.status == 0, destroyed.stdout
    assert not (elsewhere / "config" / "ephemeral" / "b").exists()
    assert traces.of(StageUnderTest(world, B)) == {}


def test_topics_whose_stage_has_no_stack_are_reported(world: World, project: Path, gone: Run):
    kafka_state.make(world.kafka_bootstrap, ["lost.wms.heartbeat", "lost.other"])
    rows = wms_connector(world.env(), "ephemeral", "list", "--json", project=project).json
    orphans = {row["stage"]: row["orphan_topics"] for row in rows if row["orphan_topics"]}
    assert orphans["lost"] == ["lost.wms.heartbeat"]
    assert not set(orphans) & {"a.b", "main"}


@pytest.mark.parametrize(
    ("whose", "command"), [("main", "verify"), ("main", "status"), ("ephemeral", "verify")]
)
def test_a_stage_is_verified_with_its_deployers_rights(world: World, whose: str, command: str):
    stage = MAIN if whose == "main" else AB
    _only_what_a_new_stage_lacks(wms_connector(judged_world.environment(world, whose), command, stage.name))


def test_a_watcher_verifies_with_no_right_but_to_look(world: World):
    watching = judged_world.environment(world, "main", uses=Use.VERIFY)
    _only_what_a_new_stage_lacks(wms_connector(watching, "verify", "main"))


@pytest.mark.long
def test_a_hung_worker_and_a_missing_record_do_not_keep_a_stage_from_going(world: World, project: Path):
    """The worker answers nobody and leaves its group only when it is killed."""
    under_test = StageUnderTest(world, AB)
    under_test.delete_items(RECORD_KEY)
    (worker,) = under_test.service.workers()
    worker.signal(signal.SIGSTOP)
    run = sceptre(world.env(), "delete", f"ephemeral/{AB.name}", "--yes", project=project)
    assert run.status == 0, run.output
    assert "Connect does not answer" in run.output
    assert traces.of(StageUnderTest(world, AB)) == {}
    assert set(FOREIGN) <= topics_of(world.kafka_bootstrap)


@pytest.mark.parametrize("command", [("launch", "main"), ("delete", "main")])
def test_the_deployer_of_branches_gets_nowhere_with_a_named_stage(
    world: World, project: Path, command: tuple[str, str]
):
    before = _everything(world)
    # Given, so that what is refused here stays out of the record of what branches need.
    judged = judged_world.environment(world, "ephemeral", uses=Use.STAGE)
    run = sceptre(judged, *command, "--yes", project=project)
    assert run.status != 0
    assert _everything(world) == before


@pytest.mark.parametrize("whose", ["main", "ephemeral"])
def test_a_launch_with_one_line_less_of_the_policy_fails(world: World, gone: Run, whose: str):
    """Every line that a launch, a look or a teardown needs, by what they really asked for."""
    directory = judged_world.directory(world)
    made = judge.records(directory, whose)
    printed = deployer_policy.policies(judged_world.deployer(world, whose))
    # The right to push has a document of its own, and nobody pushes here.
    policies = [policy.document for policy in printed if not policy.name.endswith("-image")]
    asked = {request for record in made for request in record.asked}
    assert judge.refused(sorted(asked, key=repr), policies) == []
    assert {"create_stack", "describe_stacks", "get_secret_value", "invoke"} <= {r.operation for r in made}
    needed = {request.action for request in asked}
    for policy in policies:
        for statement in policy["Statement"]:
            if statement["Effect"] == "Allow":
                for action in needed & set(statement["Action"]):
                    less = judge.without_action(policies, statement["Sid"], action)
                    alone = [{**policy, "Statement": [statement]}]
                    by_action = [request for request in asked if request.action == action]
                    wanted = [r for r in by_action if not judge.refused([r], alone)]
                    # One action may stand in two statements, and only one of them be used here.
                    assert judge.refused(wanted, less) or not wanted, f"{statement['Sid']}: {action}"


def test_a_launch_without_one_right_tells_which(world: World, project: Path):
    """Not only by the record: the command itself ends with what AWS says."""
    less = judged_world.environment(world, "ephemeral", without=("Stacks", "cloudformation:CreateStack"))
    run = sceptre(less, "launch", "ephemeral/b/alerts.yaml", "--yes", project=project)
    assert run.status != 0
    assert "not authorized to perform: cloudformation:CreateStack" in run.output
    assert StageUnderTest(world, B).stack_states() == {}


def _only_what_a_new_stage_lacks(run: Done) -> None:
    """All could be read: nothing is wrong but that nobody has confirmed a mail, and no check has run yet."""
    # A slow answer is announced.
    assert all(": asking " in line for line in run.stderr.splitlines()), run.stderr
    assert "not authorized" not in run.stdout
    if run.status != 0:
        lines = run.stdout.splitlines()
        assert {line.partition(":")[0] for line in lines} <= {"mail", "alarms", "health check"}, run.stdout
        for line in lines:
            assert not line.startswith("alarms: ") or line.startswith("alarms: AlertsUnconfirmed "), (
                run.stdout
            )


def _done(run: Run) -> None:
    assert run.status == 0, run.output


def _everything(world: World) -> dict[str, Any]:
    stacks = world.account.client("cloudformation").describe_stacks()["Stacks"]
    return {
        "stacks": sorted((s["StackName"], s["StackStatus"], str(s.get("LastUpdatedTime"))) for s in stacks),
        "topics": topics_of(world.kafka_bootstrap),
        "tasks": {s.name: StageUnderTest(world, s).service.task_arns() for s in (MAIN, A, AB)},
        "connector": StageUnderTest(world).connector_config(),
        "record": StageUnderTest(world).record(),
    }


def _failed_stack(world: World, name: str) -> None:
    """A stack of the stage `b` whose creation failed: ROLLBACK_COMPLETE."""
    cloudformation = world.account.client("cloudformation")
    broken = {
        "Resources": {
            "Rule": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {"FunctionName": {"Fn::ImportValue": "no-such-export"}, "Qualifier": "$LATEST"},
            }
        }
    }
    tags = [{"Key": "project", "Value": "wms-connector"}, {"Key": "stage", "Value": B.name}]
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(broken), Tags=tags)

    def rolled_back() -> bool:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return bool(stack["StackStatus"] == "ROLLBACK_COMPLETE")

    wait_for(rolled_back, f"{name} is rolled back")
