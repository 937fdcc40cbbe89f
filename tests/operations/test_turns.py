"""One command at a time works on a stage: what a launch and a deletion do when they meet another one."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.admin_api import TORN_DOWN, Answer, Operation, State
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations import teardown
from connector.operations.turns import Turn
from tests.support.fake_aws import FakeAws
from tests.support.simulated_clock import SimulatedClock

BRANCH, MAIN = Stage.parse("x"), Stage.parse("main")
ALL = ("alerts", "network", "functions", "connector", "alarms", "events")


class ClockWithEvents(SimulatedClock):
    """Time, and what somebody else does to the account at which second."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[tuple[float, Callable[[], object]]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        due = [(at, act) for at, act in self.at if at <= self.time]
        self.at = [event for event in self.at if event not in due]
        for _, act in due:
            act()


class Command:
    """One command on a stage of an account."""

    def __init__(self, stage: Stage | None, **states: str) -> None:
        self.stage = stage
        self.aws = FakeAws()
        self.clock = ClockWithEvents()
        self.shown: list[str] = []
        for component, status in states.items():
            self.set(component, status)
        self.turn = Turn(self.aws, stage, self.clock.as_clock(), self.shown.append)
        self.turn.watch(self.aws)

    def name(self, component: str) -> str:
        return "wms-foundation" if self.stage is None else self.stage.names.stack(component)

    def set(self, component: str, status: str | None) -> None:
        if status is None:
            self.aws.stacks.pop(self.name(component), None)
        else:
            self.aws.stacks[self.name(component)] = {"StackStatus": status}

    def sceptre(self, operation: str, component: str, error: dict[str, str] | None = None) -> None:
        """A call that Sceptre makes, as botocore's events show it."""
        context: dict[str, Any] = {}
        shared = {"model": SimpleNamespace(name=operation), "context": context}
        events = self.aws.session.events
        name = f"cloudformation.{operation}"
        events.emit(f"provide-client-params.{name}", params={"StackName": self.name(component)}, **shared)
        events.emit(f"after-call.{name}", parsed={"Error": error} if error else {}, **shared)

    def created(self, component: str) -> None:
        self.sceptre("CreateStack", component)
        self.set(component, "CREATE_COMPLETE")


def whole(stage: Stage, **states: str) -> Command:
    return Command(stage, **{**dict.fromkeys(ALL, "CREATE_COMPLETE"), **states})


def test_a_launch_stops_before_anything_while_a_stack_is_in_progress():
    """Kind: stack states and operations under way get the right step."""
    command = whole(MAIN, functions="UPDATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="wms-functions-main is UPDATE_IN_PROGRESS: .* nothing was changed"):
        command.turn.begin_launch()
    assert {call for _, call in command.aws.calls} == {"describe_stacks"}


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (MAIN, "aws cloudformation continue-update-rollback --stack-name wms-functions-main"),
        (BRANCH, "sceptre delete ephemeral/x"),
    ],
)
def test_a_launch_over_a_stack_whose_rollback_failed_names_the_step_that_works(stage: Stage, words: str):
    """Kind: stack states and operations under way get the right step."""
    command = whole(stage, functions="UPDATE_ROLLBACK_FAILED")
    with pytest.raises(ServerError, match=words) as caught:
        command.turn.begin_launch()
    assert "launch again" not in str(caught.value)


def test_the_foundation_too_is_launched_by_one_command_at_a_time():
    command = Command(None, foundation="UPDATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="stack wms-foundation is UPDATE_IN_PROGRESS"):
        command.turn.begin_launch()


@pytest.mark.parametrize("command", [whole(MAIN), Command(MAIN)], ids=["whole", "empty"])
def test_a_stage_that_is_whole_or_not_there_is_launched_at_once(command: Command):
    command.turn.begin_launch()
    assert command.clock.time == 0


def test_an_incomplete_stage_is_watched_and_launched_if_nobody_works_on_it():
    command = Command(MAIN, alerts="CREATE_COMPLETE")
    command.turn.begin_launch()
    assert "wms-network-main" in command.shown[0]
    assert command.clock.time >= 8


@pytest.mark.parametrize(
    ("component", "status"),
    [("network", "CREATE_IN_PROGRESS"), ("network", "CREATE_COMPLETE"), ("alerts", None)],
)
def test_a_command_that_sleeps_between_two_stacks_is_seen(component: str, status: str | None):
    command = Command(BRANCH, alerts="CREATE_COMPLETE")
    command.clock.at = [(4, lambda: command.set(component, status))]
    with pytest.raises(ServerError, match="under way; nothing was changed"):
        command.turn.begin_launch()


def test_of_two_launches_the_one_that_did_not_create_the_first_stack_stops():
    """Sceptre takes CloudFormation's refusal for success.

    Kind: stack states and operations under way get the right step.
    """
    command = Command(BRANCH)
    command.turn.begin_launch()
    error = {"Code": "AlreadyExistsException", "Message": "Stack [wms-alerts-x] already exists"}
    with pytest.raises(SceptreException, match="wms-alerts-x was created at this moment: another launch"):
        command.sceptre("CreateStack", "alerts", error)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("UpdateStack", "Stack:arn:aws:x is in UPDATE_IN_PROGRESS state and can not be updated."),
        ("DeleteStack", "Stack [arn:aws:x] cannot be deleted while in status UPDATE_IN_PROGRESS"),
    ],
)
def test_cloudformations_refusal_of_a_busy_stack_is_said_in_a_line(operation: str, message: str):
    command = whole(MAIN)
    with pytest.raises(SceptreException, match="wms-network-main is being changed at this moment: another"):
        command.sceptre(operation, "network", {"Code": "ValidationError", "Message": message})


def test_other_refusals_are_left_to_sceptre():
    command = whole(MAIN)
    command.sceptre("UpdateStack", "network", {"Message": "No updates are to be performed."})
    command.turn.begin_launch()
    command.set("network", "UPDATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="UPDATE_IN_PROGRESS"):
        command.turn.check_launch()


def test_a_launchs_own_stacks_in_progress_do_not_stop_it():
    command = Command(BRANCH)
    command.turn.begin_launch()
    command.sceptre("CreateStack", "alerts")
    command.set("alerts", "CREATE_IN_PROGRESS")
    command.turn.check_launch()


def test_a_launch_that_meets_a_deletion_takes_back_what_it_made_and_nothing_else():
    command = Command(BRANCH, alerts="CREATE_COMPLETE", network="CREATE_COMPLETE")
    command.turn.begin_launch()
    command.created("alarms")
    command.set("network", "DELETE_IN_PROGRESS")
    with pytest.raises(ServerError, match="wms-network-x is DELETE_IN_PROGRESS: a deletion"):
        command.turn.check_launch()
    assert set(command.aws.stacks) == {"wms-alerts-x", "wms-network-x"}
    # Another thread of the same run had its stack created at that moment.
    command.created("events")
    with pytest.raises(ServerError, match="a deletion of this stage is under way"):
        command.turn.check_launch()
    assert set(command.aws.stacks) == {"wms-alerts-x", "wms-network-x"}


def test_a_launch_that_stops_for_another_launch_takes_nothing_back():
    command = Command(BRANCH)
    command.turn.begin_launch()
    command.created("alerts")
    command.set("network", "CREATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="another launch"):
        command.turn.check_launch()
    assert ("cloudformation", "delete_stack") not in command.aws.calls


def test_a_launch_whose_registration_finds_a_deletion_takes_back_what_it_made():
    command = whole(BRANCH)
    command.set("alarms", None)
    command.turn.begin_launch()
    command.created("alarms")
    with (
        pytest.raises(ServerError, match="a deletion of this stage is under way"),
        command.turn.registration(),
    ):
        raise ServerError(f"registration failed at ready: {TORN_DOWN}, so nothing is registered")
    assert "wms-alarms-x" not in command.aws.stacks


def test_another_failure_of_registration_passes_through():
    command = whole(BRANCH)
    command.turn.begin_launch()
    with pytest.raises(ServerError, match="a wrong password"), command.turn.registration():
        raise ServerError("a wrong password")


def test_a_launch_says_once_that_it_begins_which_ends_a_teardown_or_a_rotation():
    asked: list[str] = []

    def answers(request: Any) -> Any:
        asked.append(request["operation"])
        return Answer(State.DONE, "a teardown had begun", changed=True).to_payload()

    for stage in (BRANCH, MAIN):
        asked.clear()
        command = whole(stage)
        command.aws.functions[stage.names.connect_admin] = answers
        command.turn.begin_launch()
        command.turn.cancel_teardown()
        assert asked == [Operation.CANCEL_TEARDOWN]
    missing = whole(BRANCH)
    missing.turn.begin_launch()
    missing.turn.cancel_teardown()


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_a_deletion_stops_before_anything_while_a_launch_is_under_way(status: str):
    """Kind: stack states and operations under way get the right step."""
    command = whole(BRANCH, alerts=status)
    with pytest.raises(ServerError, match=f"wms-alerts-x is {status}: .* nothing was changed"):
        command.turn.check_deletion(whole=True)
    assert command.aws.invoked == []


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
def test_a_deletion_of_an_incomplete_stage_sees_a_launch_that_sleeps_between_two_stacks(status: str):
    command = whole(BRANCH)
    command.set("connector", None)
    command.clock.at = [(4, lambda: command.set("connector", status))]
    with pytest.raises(ServerError, match="wms-connector-x .* nothing was changed"):
        command.turn.check_deletion(whole=True)
    assert command.aws.invoked == []


def test_a_deletion_of_a_stage_that_an_interrupted_launch_left_goes_on():
    command = whole(BRANCH)
    command.set("connector", None)
    command.turn.check_deletion(whole=True)
    assert "wms-connector-x missing" in command.shown[0]


def test_a_marked_stages_connector_that_a_launch_made_goes_when_nothing_is_in_progress_any_more():
    command = whole(BRANCH, connector="CREATE_COMPLETE")
    done = Answer(State.DONE, "marked").to_payload()
    command.aws.functions[BRANCH.names.connect_admin] = lambda request: done
    command.turn.check_deletion(whole=True)
    command.sceptre("DeleteStack", "alarms")
    command.set("alarms", "CREATE_COMPLETE")
    for _ in range(2):
        command.turn.check_deletion(whole=True)


@pytest.mark.parametrize("later", ["CREATE_COMPLETE", None])
def test_a_deletion_that_has_stopped_stays_stopped_for_the_threads_of_all_its_stacks(later: str | None):
    """Sceptre runs a batch's stacks in threads, and lets the others go on when one has raised."""
    command = whole(BRANCH, connector="CREATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="nothing was changed"):
        command.turn.check_deletion(whole=True)
    command.set("connector", later)
    with pytest.raises(ServerError, match="nothing was changed"):
        command.turn.check_deletion(whole=True)


def test_a_launch_that_has_stopped_stays_stopped_for_the_threads_of_all_its_stacks():
    command = Command(BRANCH)
    command.turn.begin_launch()
    error = {"Code": "AlreadyExistsException", "Message": "Stack [wms-network-x] already exists"}
    with pytest.raises(SceptreException, match="wms-network-x was created"):
        command.sceptre("CreateStack", "network", error)
    with pytest.raises(ServerError, match="wms-network-x was created"):
        command.turn.check_launch()
    stuck = whole(BRANCH, alerts="UPDATE_FAILED")
    for _ in range(2):
        with pytest.raises(ServerError, match="rollback-stack"):
            stuck.turn.begin_launch()
        stuck.set("alerts", "UPDATE_COMPLETE")


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_deletion_of_the_whole_stage_marks_it_before_its_first_stack_goes(is_whole: bool):
    command = whole(BRANCH)
    done = Answer(State.DONE, "marked").to_payload()
    command.aws.functions[BRANCH.names.connect_admin] = lambda request: done
    for _ in range(3):
        command.turn.check_deletion(whole=is_whole)
    marks = [request["operation"] for _, request in command.aws.invoked]
    assert marks == ([Operation.TEARDOWN_MARK] if is_whole else [])
    assert command.turn.marked is is_whole


def test_a_deletion_that_leaves_the_topics_asks_no_function(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(teardown.ABANDON, "x")
    command = whole(BRANCH)
    command.turn.check_deletion(whole=True)
    assert command.aws.invoked == []


def test_a_deletion_joins_another_deletion():
    command = whole(BRANCH, alarms="DELETE_IN_PROGRESS")
    for _ in range(2):
        command.turn.check_deletion(whole=True)


def test_a_deletion_stops_for_a_launch_that_has_begun_since():
    command = whole(BRANCH)
    command.turn.check_deletion(whole=True)
    command.sceptre("DeleteStack", "alarms")
    command.set("alarms", "CREATE_COMPLETE")
    with pytest.raises(ServerError, match="wms-alarms-x has been created since.* nothing more is deleted"):
        command.turn.check_deletion(whole=True)


@pytest.mark.parametrize(("withdraws", "longest"), [(True, 100), (False, 130)])
def test_a_deletion_waits_for_a_launch_that_creates_a_stack_until_it_withdraws_or_goes_on(
    withdraws: bool, longest: float
):
    command = whole(BRANCH)
    command.turn.check_deletion(whole=True)
    # Also while another stack of that launch is complete, which is found first.
    for component in ("functions", "alarms"):
        command.sceptre("DeleteStack", component)
    command.set("functions", "CREATE_IN_PROGRESS")
    command.clock.at = [
        (90, lambda: command.set("functions", None if withdraws else "CREATE_COMPLETE")),
        (90, lambda: command.set("alarms", None if withdraws else "CREATE_COMPLETE")),
    ]
    if withdraws:
        command.turn.check_deletion(whole=True)
    else:
        with pytest.raises(ServerError, match="has been created since.* nothing more"):
            command.turn.check_deletion(whole=True)
    assert 90 <= command.clock.time <= longest
    assert len(command.shown) >= 5
    assert "waiting for it" in command.shown[0]


def test_a_deletion_does_not_wait_for_ever():
    command = whole(BRANCH)
    command.turn.check_deletion(whole=True)
    command.set("functions", "UPDATE_IN_PROGRESS")
    with pytest.raises(ServerError, match="UPDATE_IN_PROGRESS.* nothing more is deleted"):
        command.turn.check_deletion(whole=True)
    assert 900 <= command.clock.time <= 920


def test_a_deletion_goes_on_when_the_launch_has_taken_back_what_it_made():
    command = whole(BRANCH)
    command.turn.check_deletion(whole=True)
    command.sceptre("DeleteStack", "alarms")
    command.clock.at = [(5, lambda: command.set("alarms", None))]
    command.turn.check_deletion(whole=True)


def test_a_launch_that_withdraws_says_every_15_seconds_what_it_waits_for():
    command = Command(BRANCH)
    command.turn.begin_launch()
    command.created("alerts")
    command.set("alerts", "DELETE_IN_PROGRESS")
    command.clock.at = [(100, lambda: command.set("alerts", None))]
    with pytest.raises(ServerError, match="this launch stops"):
        command.turn.check_launch()
    said = [line for line in command.shown if line.startswith("wms-alerts-x is DELETE_IN_PROGRESS; waiting")]
    assert len(said) >= 5


def test_after_a_stack_that_had_nothing_to_change_the_states_read_a_moment_ago_are_good_enough():
    command = whole(MAIN)
    command.turn.begin_launch()
    command.aws.calls.clear()
    error = {"Code": "ValidationError", "Message": "No updates are to be performed."}
    command.sceptre("UpdateStack", "network", error)
    command.turn.check_outcome("wms-network-main")
    assert command.aws.calls == []


@pytest.mark.parametrize("component", ["network", "connector"])
def test_after_a_change_and_before_registration_the_states_are_read_anew(component: str):
    """The connector is registered after its stack, changed or not: that is a change of its own."""
    command = whole(MAIN)
    command.turn.begin_launch()
    if component == "network":
        command.sceptre("UpdateStack", component)
    command.set("alerts", "DELETE_IN_PROGRESS")
    with pytest.raises(ServerError, match="wms-alerts-main is DELETE_IN_PROGRESS"):
        command.turn.check_outcome(f"wms-{component}-main")


def test_an_old_look_is_not_good_enough():
    command = whole(MAIN)
    command.turn.begin_launch()
    command.set("alerts", "DELETE_IN_PROGRESS")
    command.clock.sleep(3)
    with pytest.raises(ServerError, match="wms-alerts-main is DELETE_IN_PROGRESS"):
        command.turn.check_outcome("wms-network-main")
