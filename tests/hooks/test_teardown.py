"""The teardown's hook: its own guard, the order, what it does where a part is missing, its last words."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.admin_api import TEARDOWN, Answer, Operation, State
from connector.domain.errors import RefusedStage
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import teardown
from connector.sceptre import launches
from hooks.tear_down import MarkLaunch, TearDownLeftovers, TearDownStage
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws, FakeStack
from tests.support.simulated_clock import SimulatedClock

DONE = Answer(State.DONE, "done").to_payload()


@pytest.fixture(autouse=True)
def new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    launches.LAUNCHES.forget()
    monkeypatch.setattr(teardown, "Clock", SimulatedClock().as_clock)


Answers = Callable[[Mapping[str, Any]], Any]


def stack_of(
    stage: str, status: str | None = "CREATE_COMPLETE", answers: Answers = lambda request: DONE
) -> FakeStack:
    """The connector stack of a stage, whose Lambda answers each request by `answers`."""
    connection = FakeAws.ready()
    connection.functions[Stage.parse(stage).names.connect_admin] = answers
    group = stage if stage in NAMED_STAGES else f"ephemeral/{stage}"
    name = Stage.parse(stage).names.stack("connector")
    if status is not None:
        connection.stacks[name] = {"StackName": name, "StackStatus": status}
    return FakeStack(f"{group}/connector", name, connection)


def asked(stack: FakeStack) -> list[str]:
    return [request["operation"] for _, request in stack.connection_manager.invoked]


def details(request: Mapping[str, Any]) -> Any:
    """Answers as the Lambda does: what was deleted."""
    details_of = {
        "retire-topics": {"deleted": ["a.wms", "a.wms.signal"], "others": ["a.b.wms"]},
        "retire-groups": {"deleted": ["a.wms-signal"]},
    }
    return Answer(State.DONE, "done", True, details_of.get(request["operation"], {})).to_payload()


def failing(operation: Operation, answer: Answer) -> Answers:
    return lambda request: answer.to_payload() if request["operation"] == operation.value else DONE


def test_every_step_is_asked_in_order_for_the_very_stage_and_an_account_is_given(
    caplog: pytest.LogCaptureFixture,
):
    stack = stack_of("a", answers=details)
    with caplog.at_level(logging.INFO):
        TearDownStage(None, stack).run()
    assert asked(stack) == list(TEARDOWN)
    assert {request["stage"] for _, request in stack.connection_manager.invoked} == {"a"}
    assert "stage a: 2 topics and 1 consumer groups deleted" in caplog.text
    assert "not deleted: 1 topics that start with 'a.'" in caplog.text


@pytest.mark.parametrize("stage", NAMED_STAGES)
@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED", None])
def test_a_named_stage_is_refused_here_too(stage: str, status: str | None):
    """Without the guard hook, and whatever the guard would have said."""
    stack = stack_of(stage, status)
    with pytest.raises(SceptreException, match="never deleted; nothing was changed"):
        TearDownStage(None, stack).run()
    assert asked(stack) == []


@pytest.mark.parametrize("stage", NAMED_STAGES)
@pytest.mark.parametrize("status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_of_a_named_stages_shell_nothing_is_asked(stage: str, status: str):
    stack = stack_of(stage, status)
    MarkLaunch(None, stack).run()
    TearDownStage(None, stack).run()
    assert asked(stack) == []


def test_a_launch_that_replaces_a_failed_stack_is_torn_down_nothing():
    stack = stack_of("a", "ROLLBACK_COMPLETE")
    MarkLaunch(None, stack).run()
    TearDownStage(None, stack).run()
    assert asked(stack) == []


def test_a_deletion_of_a_failed_stack_is_torn_down_all():
    stack = stack_of("a", "ROLLBACK_COMPLETE")
    TearDownStage(None, stack).run()
    assert asked(stack) == list(TEARDOWN)


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_a_stage_that_somebody_launches_at_this_moment_is_left_alone(status: str):
    stack = stack_of("a", status)
    with pytest.raises(SceptreException, match="nothing was changed; run the same command again"):
        TearDownStage(None, stack).run()
    assert asked(stack) == []


def test_there_is_no_teardown_of_a_named_stage():
    for name in NAMED_STAGES:
        with pytest.raises(RefusedStage):
            EphemeralStage(Stage.parse(name))


@pytest.mark.parametrize("status", [None, "ROLLBACK_COMPLETE", "DELETE_FAILED", "DELETE_IN_PROGRESS"])
def test_without_a_lambda_a_stage_that_never_stood_or_is_half_gone_goes(
    status: str | None, caplog: pytest.LogCaptureFixture
):
    stack = stack_of("a", status)
    stack.connection_manager.functions.clear()
    TearDownStage(None, stack).run()
    assert "`wms-connector ephemeral list` shows any that are left" in caplog.text


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_without_a_lambda_a_stage_that_stands_says_how_to_bring_it_back(status: str):
    stack = stack_of("a", status)
    stack.connection_manager.functions.clear()
    with pytest.raises(SceptreException, match="sceptre launch ephemeral/a/functions.yaml"):
        TearDownStage(None, stack).run()


WAITING = Answer(State.WAITING, "the brokers do not answer a connection: timed out")
FAILED = Answer(State.FAILED, "AWS refused reading the stage record")


@pytest.mark.parametrize("answer", [WAITING, FAILED], ids=["silent", "refused"])
@pytest.mark.parametrize("operation", [step for step in TEARDOWN if step.policy.required])
def test_a_needed_step_that_fails_ends_in_one_line_with_the_commands(operation: Operation, answer: Answer):
    stack = stack_of("a", answers=failing(operation, answer))
    with pytest.raises(SceptreException) as caught:
        TearDownStage(None, stack).run()
    text = str(caught.value)
    assert answer.summary in text
    assert "\n" not in text
    assert "`sceptre delete ephemeral/a`" in text
    assert f"`{teardown.ABANDON}=a sceptre delete ephemeral/a`" in text
    after = TEARDOWN[TEARDOWN.index(operation) + 1 :]
    assert not set(asked(stack)) & set(after)


@pytest.mark.parametrize("answer", [WAITING, FAILED], ids=["silent", "refused"])
def test_a_connect_that_is_dead_does_not_keep_a_stage_from_going(answer: Answer):
    stack = stack_of("a", answers=failing(Operation.TEARDOWN_CONNECTOR, answer))
    TearDownStage(None, stack).run()
    assert list(dict.fromkeys(asked(stack))) == list(TEARDOWN)


def test_when_the_connectors_stack_is_gone_already_the_others_go_and_what_is_left_is_reported(
    caplog: pytest.LogCaptureFixture,
):
    stack = stack_of("a", None, failing(Operation.TEARDOWN_MARK, WAITING))
    TearDownStage(None, stack).run()
    assert "sceptre launch ephemeral/a/functions.yaml" in caplog.text


def test_a_person_can_leave_the_topics_of_exactly_one_stage_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv(teardown.ABANDON, "a")
    left, other, named = stack_of("a"), stack_of("a.b"), stack_of("main")
    TearDownStage(None, left).run()
    assert asked(left) == []
    assert "topics and groups that start with 'a.' stay on their cluster" in caplog.text
    TearDownStage(None, other).run()
    assert asked(other) == list(TEARDOWN)
    monkeypatch.setenv(teardown.ABANDON, "main")
    with pytest.raises(SceptreException, match="never deleted"):
        TearDownStage(None, named).run()


def test_a_lambda_that_wakes_up_is_waited_for():
    not_yet = [refuse("Invoke", "ResourceConflictException", "is pending")]
    stack = stack_of("a")
    stack.connection_manager.refusals["lambda", "invoke"] = lambda _: not_yet.pop() if not_yet else None
    TearDownStage(None, stack).run()
    assert asked(stack) == list(TEARDOWN)


def test_after_the_stack_exactly_its_own_active_revisions_are_deregistered():
    stack = stack_of("a", None)
    own = ["wms-connector-a:1", "wms-connector-a:2", "wms-connector-a:3"]
    others = ["wms-connector-ab:1", "wms-connector-a-b:1", "wms-connector-main:1"]
    groups = [
        f"/aws/ecs/containerinsights/{name}/performance" for name in ("wms-connector-a", "wms-connector-ab")
    ]
    stack.connection_manager.definitions = [*own, *others]
    stack.connection_manager.log_groups = list(groups)
    for _ in range(2):
        TearDownLeftovers(None, stack).run()
        assert stack.connection_manager.definitions == others
        assert stack.connection_manager.log_groups == groups[1:]


@pytest.mark.parametrize(("stage", "status"), [("main", None), ("a", "DELETE_FAILED")])
def test_the_revisions_of_a_named_stage_and_of_a_stack_that_stands_stay(stage: str, status: str | None):
    stack = stack_of(stage, status)
    stack.connection_manager.definitions = [f"wms-connector-{stage}:1"]
    TearDownLeftovers(None, stack).run()
    assert stack.connection_manager.definitions == [f"wms-connector-{stage}:1"]


def test_progress_is_shown_after_a_teardown_which_takes_minutes(watched: list[str]):
    TearDownStage(None, stack_of("a")).run()
    assert watched == ["wms-connector-a"]
