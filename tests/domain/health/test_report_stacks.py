"""`verify` and `status` name, for a stack in any state, the step that leads out of it."""

from datetime import UTC, datetime

import pytest

from connector.domain.health import report
from connector.domain.health.facts import Facts, Stack
from connector.domain.stage import stack_states
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stack_states import StackStep
from connector.domain.stage.stage import Stage
from tests.domain.stage.test_stack_states import STATES

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("stage", ["main", "x"])
@pytest.mark.parametrize("status", STATES)
def test_each_state_of_a_stack_is_well_or_has_its_step(status: str, stage: str):
    parsed = Stage.parse(stage)
    stacks = {component: Stack("CREATE_COMPLETE", protected=True) for component in COMPONENTS}
    facts = Facts(parsed, {**stacks, "functions": Stack(status, protected=True)})
    (found,) = [check for check in report.evaluate(facts, NOW) if check.name == "stacks"]
    if stack_states.step_for(status) is StackStep.NOTHING:
        assert found.ok
        return
    name = parsed.names.stack("functions")
    assert found.reason == f"stack {name} is {status}"
    assert found.next_step == stack_states.next_step(parsed, name, status) != ""
