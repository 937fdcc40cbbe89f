"""Which Connect group a launch gives the workers."""

import pytest

from connector.aws.admin_function import NoFunction
from connector.domain.admin_api import Answer, Operation, State
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.connect_group import connect_group
from tests.support.simulated_clock import SimulatedClock

DOTTED = Stage.parse("feature.x")


def given(stage: Stage, answer: Answer | Exception) -> str:
    def ask(operation: Operation) -> Answer:
        assert operation is Operation.CONNECT_GROUP
        if isinstance(answer, Exception):
            raise answer
        return answer

    return connect_group(stage, ask, SimulatedClock().as_clock(), lambda _: None)


@pytest.mark.parametrize("name", ["main", "val", "production", "feature-xyz"])
def test_nobody_is_asked_about_a_stage_that_is_its_own_slug(name: str):
    stage = Stage.parse(name)
    assert given(stage, AssertionError("asked")) == stage.topics.connect_group


@pytest.mark.parametrize("group", DOTTED.topics.connect_groups)
def test_the_group_is_the_one_that_the_function_answers(group: str):
    assert given(DOTTED, Answer(State.DONE, "", details={"group": group})) == group


@pytest.mark.parametrize(
    "answer", [NoFunction("there is no Lambda"), Answer(State.WAITING, "the brokers do not answer")]
)
def test_a_stage_that_was_never_registered_gets_the_group_as_it_is_written(answer: Answer | Exception):
    assert given(DOTTED, answer) == "feature.x.mgmt.connect.wms-connector-feature.x"


def test_a_refusal_stops_the_launch_in_one_line():
    with pytest.raises(
        ServerError, match=r"the Connect group of stage feature\.x could not be read: no.*whole stage"
    ):
        given(DOTTED, Answer(State.FAILED, "no operation that is known"))


def test_a_group_of_another_stage_is_refused():
    with pytest.raises(ValueError, match="is not a Connect group of this stage"):
        given(DOTTED, Answer(State.DONE, "", details={"group": "mgmt.connect.wms-connector-main"}))
