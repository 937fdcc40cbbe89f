"""A launch names what cannot be undone before its first stack, and stops unless it is meant."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connector.domain.admin_api import Answer, State
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.operations.guarded_changes import CONFIRMATIONS, check_stack, check_standing
from tests.support.fake_aws import FakeAws, FakeStack
from tests.support.simulated_clock import SimulatedClock

ADMIN = "wms-connector-main-connect-admin"
CHANGE = {"setting": "data_partitions", "before": "1", "after": "5", "effect": "order is lost", "loses": True}
NAME = "data_partitions 1->5"


@pytest.fixture(autouse=True)
def new_run() -> None:
    CONFIRMATIONS.forget()


def launch(*changes: Mapping[str, Any], state: State = State.DONE, **settings: object) -> FakeStack:
    connection = FakeAws.ready()
    answer = Answer(state, "so", details={"changes": list(changes)}).to_payload()
    connection.functions[ADMIN] = lambda _: answer
    stack = FakeStack("main/alerts", "wms-alerts-main", connection)
    stack.stack_group_config |= {"connector": {"data_partitions": 5}, **settings}
    return stack


def asked(answer: bool, questions: list[str]) -> Callable[[str], bool]:
    def meant(question: str) -> bool:
        questions.append(question)
        return answer

    return meant


def test_without_a_terminal_it_is_refused_once_named():
    shown: list[str] = []
    stack = launch(CHANGE)
    with pytest.raises(
        OperatorError, match=r'order is lost\. Nothing of that.*confirmed_changes: \["data_part'
    ):
        check_stack(stack, shown.append, asked(False, []))
    assert shown == [f"this launch changes {NAME}: order is lost"]
    (_, sent) = stack.connection_manager.invoked[-1]
    assert (sent["operation"], '"data_partitions":5' in sent["settings"]) == ("changes", True)


def test_the_setting_confirms_this_change_and_no_other():
    stack = launch(CHANGE, confirmed_changes=[NAME])
    check_stack(stack, print, asked(False, []))
    CONFIRMATIONS.forget()
    with pytest.raises(OperatorError):
        check_stack(launch(CHANGE, confirmed_changes=["data_partitions 1->4"]), print, asked(False, []))


def test_at_a_terminal_it_is_asked_once_and_the_answer_is_sent_with_the_topics():
    questions: list[str] = []
    stack = launch(CHANGE)
    check_stack(stack, print, asked(True, questions))
    assert questions == [f"{NAME}: order is lost. Is that meant?"]
    assert CONFIRMATIONS.of(Stage.parse("main"), stack.stack_group_config) == (NAME,)


def test_who_says_no_is_not_asked_again_for_the_next_stack():
    questions: list[str] = []
    for _ in range(2):
        with pytest.raises(OperatorError, match="order is lost"):
            check_stack(launch(CHANGE), print, asked(False, questions))
    assert len(questions) == 1


def test_what_loses_nothing_is_named_only():
    shown: list[str] = []
    check_stack(launch({**CHANGE, "loses": False}), shown.append, asked(False, []))
    assert shown == [f"this launch changes {NAME}: no topic has a record yet, so nothing is lost"]


@pytest.mark.parametrize("state", [State.FAILED, State.WAITING])
def test_a_function_that_cannot_tell_is_asked_again_before_the_workers_are_touched(state: State):
    """One of an earlier release, or one whose brokers are away."""
    stack = launch(state=state)
    check_stack(stack, print, asked(False, []))
    answer = Answer(State.DONE, "so", details={"changes": [CHANGE]})
    clock = SimulatedClock().as_clock()
    with pytest.raises(OperatorError, match="order is lost"):
        check_standing(stack, lambda _: answer, clock, print, asked(False, []))


def test_a_new_stage_has_no_function_and_is_not_asked_about():
    stack = launch(CHANGE)
    stack.connection_manager.functions.clear()
    check_stack(stack, print, asked(False, []))
