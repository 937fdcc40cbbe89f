"""The admin function's part of a teardown: each request by itself, with its own guard, and twice the same."""

import json
from collections.abc import Callable

import pytest

from connector.domain.admin_api import REGISTRATION, TEARDOWN, Answer, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.reconcile.run import RUN_KEY, Chunk, ComparisonItem, ReconcileRun
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, COMPARISON_FOLDER
from connector.domain.stage.record import RECORD_KEY, StageRecord
from connector.domain.stage.stage import NAMED_STAGES, Stage
from tests.lambda_src.conftest import ADDRESS, BROKERS, FakeStage
from tests.support.fake_kafka import FakeTopic
from tests.support.fake_lambda_aws import BUCKET

STAGE = Stage.parse("a")
CONNECTOR = "wms-oracle-cdc"
OTHERS = {"wms", "a.b.wms", "a.other", "a_b", "__consumer_offsets", "orders"}


def stage_of(name: str) -> FakeStage:
    """A registered stage that streams, beside others."""
    made = FakeStage(stage=Stage.parse(name))
    made.secrets.values[f"wms/{name}/dbInfo"] = made.secrets.values["wms/main/dbInfo"]
    made.ecs.start(ADDRESS)
    made.kafka.topics = {topic: FakeTopic() for topic in (*made.stage.topics, *OTHERS)}
    made.connect.configs[CONNECTOR] = {"name": CONNECTOR}
    made.connect.states[CONNECTOR] = "RUNNING"
    made.connect.offsets = {CONNECTOR}
    record = StageRecord(name, made.kafka.id, "000000000000", (), "hash")
    made.table.items[RECORD_KEY] = record.to_item()
    return made


@pytest.fixture
def a() -> FakeStage:
    return stage_of("a")


def ask(stage: FakeStage, operation: Operation) -> Answer:
    return stage.ask(operation, meant=stage.stage.name)


def through(stage: FakeStage) -> dict[Operation, Answer]:
    """All requests in order, each until it does not wait; the worker ends when it is told to."""
    found = {}
    for operation in TEARDOWN:
        answer = ask(stage, operation)
        if stage.ecs.desired == 0:
            stage.ecs.tasks.clear()
        found[operation] = ask(stage, operation) if answer.state is State.WAITING else answer
    return found


def end_tasks(stage: FakeStage) -> Callable[[], None]:
    return lambda: stage.ecs.tasks.clear() if stage.ecs.desired == 0 else None


def test_the_whole_order_leaves_nothing_of_the_stage_and_everything_of_others(a: FakeStage):
    a.kafka.idle_groups = {*STAGE.topics.groups, "a.team", "wms-signal"}
    a.time.on_sleep = end_tasks(a)
    answers = through(a)
    assert {answer.state for answer in answers.values()} == {State.DONE}
    assert set(a.kafka.topics) == OTHERS
    assert a.kafka.idle_groups == {"a.team", "wms-signal"}
    assert (a.connect.configs, a.connect.offsets) == ({}, set())
    assert a.ecs.desired == 0
    assert set(answers[Operation.TEARDOWN_TOPICS].details["deleted"]) == set(STAGE.topics)
    assert answers[Operation.TEARDOWN_TOPICS].details["others"] == ["a.b.wms", "a.other"]


def test_every_request_a_second_time_changes_nothing(a: FakeStage):
    a.time.on_sleep = end_tasks(a)
    through(a)
    changes = list(a.kafka.changes)
    again = through(a)
    assert {answer.state for answer in again.values()} == {State.DONE}
    assert not any(answer.changed for answer in again.values())
    assert a.kafka.changes == changes


@pytest.mark.parametrize("operation", TEARDOWN)
@pytest.mark.parametrize("name", NAMED_STAGES)
def test_a_named_stages_function_refuses_by_itself(name: str, operation: Operation):
    stage = stage_of(name)
    answer = ask(stage, operation)
    assert answer.state is State.FAILED
    assert "is a named stage" in answer.summary
    assert (stage.kafka.changes, stage.connect.writes, stage.table.puts) == ([], [], 0)
    assert stage.ecs.desired == 1


@pytest.mark.parametrize("operation", TEARDOWN)
@pytest.mark.parametrize("meant", [None, "main", "a.b", "A"])
def test_a_request_that_means_another_stage_is_refused(a: FakeStage, operation: Operation, meant: str | None):
    answer = a.ask(operation, meant=meant)
    assert answer.state is State.FAILED
    assert "nothing was touched" in answer.summary
    assert (a.kafka.changes, a.connect.writes, a.table.puts, a.ecs.desired) == ([], [], 0, 1)


def test_the_mark_is_written_before_the_cluster_is_inspected(a: FakeStage):
    a.kafka.unreachable = True
    assert ask(a, Operation.TEARDOWN_MARK).state is State.WAITING
    assert a.table.items[RECORD_KEY]["retiring"] is True


def test_a_stage_that_was_never_registered_is_marked_too(a: FakeStage):
    a.table.items.clear()
    answer = ask(a, Operation.TEARDOWN_MARK)
    assert answer.state is State.DONE
    assert answer.changed
    assert a.table.items[RECORD_KEY]["retiring"] is True


@pytest.mark.parametrize(
    "operation", [Operation.TEARDOWN_MARK, Operation.TEARDOWN_TOPICS, Operation.TEARDOWN_GROUPS]
)
def test_on_another_cluster_than_the_records_nothing_is_deleted(a: FakeStage, operation: Operation):
    ask(a, Operation.TEARDOWN_MARK)
    a.kafka.id = "cluster-2"
    answer = ask(a, operation)
    assert answer.state is State.FAILED
    assert "registered on cluster cluster-1" in answer.summary
    assert "wms/a/brokerString" in answer.summary
    assert a.kafka.changes == []


@pytest.mark.parametrize("operation", [step for step in TEARDOWN if step is not Operation.TEARDOWN_MARK])
def test_a_stage_that_a_launch_has_taken_over_keeps_what_it_has(a: FakeStage, operation: Operation):
    ask(a, Operation.TEARDOWN_MARK)
    a.ask(Operation.CANCEL_TEARDOWN, launch=True)
    answer = ask(a, operation)
    assert answer.state is State.FAILED
    assert "a launch has begun since" in answer.summary
    assert (a.kafka.changes, a.connect.writes, a.ecs.desired) == ([], [], 1)


@pytest.mark.parametrize(
    "damage", [{}, {"cluster_id": 7}, {"retiring": "yes", "topics": None}, {"secret_versions": "x"}]
)
def test_a_record_that_somebody_has_damaged_keeps_no_teardown_from_its_end(
    a: FakeStage, damage: dict[str, object]
):
    a.time.on_sleep = end_tasks(a)
    a.table.items[RECORD_KEY] = {"id": RECORD_KEY, **damage}
    assert {answer.state for answer in through(a).values()} == {State.DONE}
    assert set(a.kafka.topics) == OTHERS


def test_a_launch_writes_a_damaged_record_anew(a: FakeStage):
    a.table.items[RECORD_KEY] = {"id": RECORD_KEY, "topics": 3}
    for operation in (step for step in REGISTRATION if step is not Operation.VERIFY):
        assert a.ask(operation, launch=operation is Operation.READY).state is State.DONE
    written = StageRecord.from_item(a.table.items[RECORD_KEY])
    assert (written.cluster_id, written.retiring) == (a.kafka.id, False)
    assert set(written.topics) <= set(a.stage.topics)


@pytest.mark.parametrize("operation", [Operation.TEARDOWN_TOPICS, Operation.TEARDOWN_GROUPS])
def test_while_a_worker_lives_nothing_is_deleted(a: FakeStage, operation: Operation):
    ask(a, Operation.TEARDOWN_MARK)
    a.kafka.live_groups = {STAGE.topics.connect_group}
    assert ask(a, operation).state is State.WAITING
    assert a.kafka.changes == []


def test_only_a_launch_registers_a_stage_that_is_being_torn_down(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.connect.configs.clear()
    answer = a.ask(Operation.REGISTER)
    assert answer.state is State.FAILED
    assert "is being torn down" in answer.summary
    assert a.connect.writes == []
    assert a.ask(Operation.READY, launch=True).state is State.FAILED
    assert a.ask(Operation.CANCEL_TEARDOWN, launch=True).state is State.DONE
    # The fake worker's metrics are main's, so the source is not looked at.
    for operation in (step for step in REGISTRATION if step is not Operation.VERIFY):
        assert a.ask(operation, launch=operation is Operation.READY).state is State.DONE
    assert a.table.items[RECORD_KEY]["retiring"] is False
    assert CONNECTOR in a.connect.configs


def test_a_teardown_that_begins_during_a_launch_is_not_taken_back_by_its_last_request(a: FakeStage):
    a.ask(Operation.READY, desired_count=1, launch=True)
    ask(a, Operation.TEARDOWN_MARK)
    assert a.ask(Operation.RECORD).state is State.FAILED
    assert a.table.items[RECORD_KEY]["retiring"] is True


def test_a_connector_whose_tasks_end_slowly_is_waited_for(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.connect.stops_slowly = True
    a.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": f"{ADDRESS}:8083"}
    assert ask(a, Operation.TEARDOWN_CONNECTOR).state is State.WAITING
    assert CONNECTOR in a.connect.configs
    a.connect.tasks.clear()
    assert ask(a, Operation.TEARDOWN_CONNECTOR).state is State.DONE
    stops = [path for method, path in a.connect.requests if path.endswith("/stop")]
    assert len(stops) == 1, "a stop is asked for once"


def test_offsets_that_cannot_be_deleted_go_with_their_topic(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.connect.keeps_offsets = "for good"
    answer = ask(a, Operation.TEARDOWN_CONNECTOR)
    assert answer.state is State.DONE
    assert "are deleted with their topic" in answer.summary
    assert a.connect.configs == {}


def test_a_connect_that_rebalances_is_asked_again(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.connect.keeps_offsets = "a moment"
    assert ask(a, Operation.TEARDOWN_CONNECTOR).state is State.WAITING
    assert CONNECTOR in a.connect.configs


def test_workers_that_never_came_up_are_no_obstacle(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.ecs.tasks.clear()
    a.ecs.start("", status="PROVISIONING")
    assert "no worker is running" in ask(a, Operation.TEARDOWN_CONNECTOR).summary
    a.time.on_sleep = end_tasks(a)
    assert ask(a, Operation.TEARDOWN_WORKERS).state is State.DONE


@pytest.mark.parametrize("absent", ["missing", "no_cluster"])
def test_without_a_service_there_is_nobody_to_end(a: FakeStage, absent: str):
    ask(a, Operation.TEARDOWN_MARK)
    setattr(a.ecs, absent, True)
    for operation in (Operation.TEARDOWN_CONNECTOR, Operation.TEARDOWN_WORKERS):
        answer = ask(a, operation)
        assert (answer.state, answer.changed) == (State.DONE, False)


def test_a_task_that_stops_slowly_and_a_group_with_members_are_waited_for(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    answer = ask(a, Operation.TEARDOWN_WORKERS)
    assert (answer.state, answer.changed) == (State.WAITING, True)
    assert "1 task of service wms-connector-a" in answer.summary
    assert a.ecs.desired == 0
    a.ecs.tasks.clear()
    a.kafka.live_groups = {STAGE.topics.connect_group}
    assert "has members" in ask(a, Operation.TEARDOWN_WORKERS).summary


def test_a_stopping_task_still_counts(a: FakeStage):
    """ECS lists it under STOPPED, the state that is wanted of it."""
    ask(a, Operation.TEARDOWN_MARK)
    a.ecs.desired = 0
    a.ecs.tasks[0]["lastStatus"] = "DEACTIVATING"
    a.ecs.list_tasks = lambda *, cluster, serviceName, desiredStatus: {  # type: ignore[method-assign]  # noqa: N803
        "taskArns": [t["taskArn"] for t in a.ecs.tasks] if desiredStatus == "STOPPED" else []
    }
    assert ask(a, Operation.TEARDOWN_WORKERS).state is State.WAITING


def test_topics_that_are_still_listed_are_waited_for(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.kafka.lingers = 3
    assert ask(a, Operation.TEARDOWN_TOPICS).state is State.DONE
    again = stage_of("a")
    ask(again, Operation.TEARDOWN_MARK)
    again.kafka.lingers = 10_000
    answer = ask(again, Operation.TEARDOWN_TOPICS)
    assert answer.state is State.WAITING
    assert "topics still exist, the first is a.aws.wms.cdc" in answer.summary


def test_a_group_that_somebody_reads_with_is_reported(a: FakeStage):
    ask(a, Operation.TEARDOWN_MARK)
    a.kafka.live_groups = {"a.wms-signal"}
    answer = ask(a, Operation.TEARDOWN_GROUPS)
    assert answer.state is State.WAITING
    assert "group a.wms-signal has members" in answer.summary


@pytest.mark.parametrize("name", ["a", "main"])
def test_the_names_of_all_topics_can_be_asked_of_any_stage(name: str):
    stage = stage_of(name)
    answer = stage.ask(Operation.TOPIC_NAMES)
    assert set(answer.details["topics"]) == {*stage.stage.topics, *OTHERS}
    assert stage.kafka.changes == []


def test_the_jdbc_kind_goes_the_same_way(a: FakeStage):
    a.settings = ConnectorSettings(kind="jdbc")
    a.time.on_sleep = end_tasks(a)
    assert {answer.state for answer in through(a).values()} == {State.DONE}
    assert set(a.kafka.topics) == OTHERS
    assert BROKERS not in str(a.kafka.changes)


@pytest.mark.parametrize("operation", [Operation.TEARDOWN_TOPICS, Operation.TEARDOWN_GROUPS])
def test_what_a_refused_launch_found_of_somebody_else_is_not_deleted(operation: Operation):
    """The group of the stage has the predecessor's connector; the stage was never registered."""
    stage = stage_of("a")
    stage.table.items[RECORD_KEY] = StageRecord("a", "", "000000000000", (), "", retiring=True).to_item()
    config = {"connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector", "topic.prefix": "a.aws."}
    value = json.dumps({"properties": config})
    stage.kafka.written[STAGE.topics.one("connect_config")] = [(f"connector-{CONNECTOR}", value)]
    stage.kafka.idle_groups = {*STAGE.topics.groups}
    answer = ask(stage, operation)
    assert (answer.state, stage.kafka.changes) == (State.FAILED, [])
    assert "may be somebody else's, so none was deleted" in answer.summary


def test_what_a_killed_comparison_has_left_goes_with_the_stage(a: FakeStage):
    a.bucket = BUCKET
    run = ReconcileRun("0" * 32, "ab", ["WMS.PLAN_BASE_WVR_TBL"], 1, 2)
    run.chunks.append(Chunk("WMS.PLAN_BASE_WVR_TBL", True, 0, [0]))
    a.table.items[RUN_KEY] = ComparisonItem(1, run).to_item()
    a.aws.s3.objects[f"{COMPARISON_FOLDER}a/{run.id}/digests-0"] = b"x"
    a.connect.configs[COMPARISON_CONNECTOR] = {"name": COMPARISON_CONNECTOR}
    a.connect.states[COMPARISON_CONNECTOR] = "RUNNING"
    a.connect.others[COMPARISON_CONNECTOR] = {"partition": {"server": "a.wms.reconcile"}, "offset": {}}
    a.time.on_sleep = end_tasks(a)
    answers = through(a)
    assert {answer.state for answer in answers.values()} == {State.DONE}
    assert (a.connect.configs, a.connect.others, a.aws.s3.objects) == ({}, {}, {})
    assert ComparisonItem.from_item(a.table.items[RUN_KEY]).run is None
    assert set(STAGE.topics.roles["comparison"]) <= set(answers[Operation.TEARDOWN_TOPICS].details["deleted"])
