"""The plan of a move: it removes exactly what is not ours, and shows nothing confidential of a config."""

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage.adoption import (
    SHOWN_KEYS,
    FoundStack,
    Predecessor,
    plan,
    predecessors_topics,
    shown_config,
)
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from tests.domain.strategies import stages

DELETE = "aws cloudformation delete-stack --stack-name "


@given(stages, st.dictionaries(st.sampled_from(COMPONENTS), st.tuples(st.booleans(), st.booleans())))
def test_the_steps_delete_exactly_the_stacks_that_are_not_ours(
    stage: Stage, there: dict[str, tuple[bool, bool]]
):
    found = Predecessor(
        stacks=tuple(
            FoundStack(stage.names.stack(component), "CREATE_COMPLETE", ours=ours, protected=protected)
            for component, (ours, protected) in there.items()
        )
    )
    commands = [command for step in plan(stage, found, "wms").steps for command in step.commands]
    deleted = [command.removeprefix(DELETE) for command in commands if command.startswith(DELETE)]
    foreign = {stage.names.stack(c) for c, (ours, _) in there.items() if not ours}
    assert (set(deleted), len(deleted)) == (foreign, len(foreign))
    alerts, connector = stage.names.stack("alerts"), stage.names.stack("connector")
    if {alerts, connector} <= foreign:
        assert deleted.index(connector) < deleted.index(alerts)
    unprotected = {c.rpartition(" ")[2] for c in commands if "--no-enable-termination-protection" in c}
    assert unprotected == {stage.names.stack(c) for c, (ours, p) in there.items() if not ours and p}


@given(stages)
def test_the_way_back_of_a_branch_is_the_ordinary_deletion(stage: Stage):
    back = [command for step in plan(stage, Predecessor(), "wms").back for command in step.commands]
    assert (f"sceptre delete ephemeral/{stage.name}" in back) == stage.ephemeral


@given(st.dictionaries(st.one_of(st.text(), st.sampled_from(SHOWN_KEYS)), st.text()))
def test_of_a_config_only_the_named_keys_are_shown(config: dict[str, str]):
    shown = shown_config(config)
    assert set(shown) == set(config) & set(SHOWN_KEYS)
    assert not any(word in key for key in shown for word in ("password", "user", "url", "bootstrap"))


@given(stages, st.frozensets(st.text()))
def test_the_predecessors_topics_are_those_of_the_same_namespace(stage: Stage, others: frozenset[str]):
    own = f"{stage.namespace}aws.wms.cdc.PLAN"
    found = predecessors_topics(stage, others | {own})
    assert own in found
    assert all(topic.startswith(f"{stage.namespace}aws.wms.cdc.") for topic in found)
