"""READY: progress in words until a worker of the present task definition answers."""

import pytest

from connector.domain.admin_api import Operation, State
from tests.lambda_src.conftest import ADDRESS, FakeStage


def test_a_worker_that_answers_is_ready(world: FakeStage) -> None:
    answer = world.ask(Operation.READY)
    assert (answer.state, answer.summary) == (State.DONE, "1 Connect worker answers")
    assert answer.details["workers"] == [ADDRESS]


def test_a_task_without_an_address_is_waited_for_and_its_state_reported(world: FakeStage) -> None:
    world.ecs.tasks.clear()
    world.ecs.start("", status="PROVISIONING")
    answer = world.ask(Operation.READY)
    assert (answer.state, answer.summary) == (State.WAITING, "0 of 1 tasks running: PROVISIONING")


def test_a_worker_that_does_not_answer_yet_is_named(world: FakeStage) -> None:
    world.connect.addresses = []
    answer = world.ask(Operation.READY)
    assert (answer.state, answer.summary) == (State.WAITING, f"worker at {ADDRESS} is starting")


def test_a_worker_that_answers_with_an_error_is_not_ready(world: FakeStage) -> None:
    for status in (404, 500, 302):
        world.connect.error = [(status, "not yet")]
        assert world.ask(Operation.READY).state is State.WAITING


def test_a_worker_of_the_previous_task_definition_does_not_make_a_stage_ready(world: FakeStage) -> None:
    world.ecs.revision = 2
    answer = world.ask(Operation.READY)
    assert answer.state is State.WAITING
    assert "previous task definition" in answer.summary


def test_a_deployment_that_ecs_gave_up_fails_with_the_reason_of_the_stopped_task(world: FakeStage) -> None:
    world.ecs.stop(world.ecs.tasks[0], "Essential container in task exited", 1)
    world.ecs.rollout = "FAILED"
    world.ecs.rollout_reason = "ECS deployment circuit breaker: tasks failed to start."
    answer = world.ask(Operation.READY)
    assert answer.state is State.FAILED
    assert "circuit breaker" in answer.summary
    assert "Essential container in task exited; exit code 1" in answer.summary


def test_the_last_stop_is_reported_while_a_worker_is_started_again(world: FakeStage) -> None:
    world.ecs.stop(world.ecs.tasks[0], "Essential container in task exited", 1)
    world.ecs.start("", status="PENDING")
    answer = world.ask(Operation.READY)
    assert answer.state is State.WAITING
    assert answer.summary.endswith("the last task stopped: Essential container in task exited; exit code 1")


def test_a_service_that_a_teardown_left_without_tasks_gets_its_workers_back(world: FakeStage) -> None:
    world.ecs.tasks.clear()
    world.ecs.desired = 0
    answer = world.ask(Operation.READY, desired_count=2)
    assert (answer.state, answer.changed, world.ecs.desired) == (State.WAITING, True, 2)
    assert "had a desired count of 0" in answer.summary
    world.ecs.start(ADDRESS)
    answer = world.ask(Operation.READY, desired_count=2)
    assert (answer.state, answer.changed) == (State.DONE, False)


def test_a_service_that_was_scaled_by_a_person_is_left_alone(world: FakeStage) -> None:
    world.ecs.desired = 3
    assert world.ask(Operation.READY, desired_count=1).state is State.DONE
    assert world.ecs.desired == 3


def test_a_service_that_wants_no_task_fails_at_once_when_nobody_says_how_many(world: FakeStage) -> None:
    world.ecs.tasks.clear()
    world.ecs.desired = 0
    answer = world.ask(Operation.READY)
    assert answer.state is State.FAILED
    assert "has a desired count of 0" in answer.summary


@pytest.mark.parametrize("missing", ["missing", "no_cluster"])
def test_a_missing_service_fails_and_is_named(world: FakeStage, missing: str) -> None:
    setattr(world.ecs, missing, True)
    answer = world.ask(Operation.READY)
    assert answer.state is State.FAILED
    assert "ECS service wms-connector-main does not exist" in answer.summary
