import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage import aws_names
from connector.domain.stage.aws_names import Names
from connector.domain.stage.stage import NAMED_STAGES, Stage
from tests.domain import aws_rules, strategies


def names_by_kind(stage: Stage) -> dict[str, set[str]]:
    """Every AWS name of a stage by kind, lower-case: names of one kind must not meet."""
    made = stage.names
    functions = (made.connect_admin, made.connect_health)
    # Only the words are ours to choose; any two of them stand for all.
    words = [*aws_rules.WORDS, "Task"]
    kinds = {
        "stack": set(made.stacks.values()),
        "function": set(functions),
        "log_group": {made.connector_log_group, *map(made.function_log_group, functions)},
        "namespace": {made.health_namespace, made.log_namespace},
        "alarm": {made.alarm(word) for word in words},
        "rule": {made.rule(word[: aws_names.MAX_RULE]) for word in words},
        "security_group": {made.security_group(word) for word in words},
        **{
            key: {value}
            for key, value in made.flat().items()
            if not key.startswith("stack_") and not key.endswith("namespace")
        },
    }
    return {kind: {name.lower() for name in found} for kind, found in kinds.items()}


@given(strategies.stages)
def test_every_stage_has_legal_aws_names(stage: Stage) -> None:
    for key, name in stage.names.flat().items():
        assert aws_rules.FLAT[key].admits(name), (key, name, aws_rules.FLAT[key].source)
    for function in (stage.names.connect_admin, stage.names.connect_health):
        assert aws_rules.LOG_GROUP.admits(Names.function_log_group(function))
    for word in aws_rules.WORDS:
        assert aws_rules.ALARM.admits(stage.names.alarm(word))
        assert aws_rules.SECURITY_GROUP.admits(stage.names.security_group(word))
        assert aws_rules.EVENT_RULE.admits(stage.names.rule(word[: aws_names.MAX_RULE]))


def test_every_name_has_a_rule_of_its_service() -> None:
    assert set(aws_rules.FLAT) == set(Names("main").flat())


@given(strategies.pairs())
def test_two_stages_share_no_aws_name_not_even_in_another_case(pair: tuple[Stage, Stage]) -> None:
    one, other = map(names_by_kind, pair)
    for kind, found in one.items():
        assert not found & other[kind], (kind, pair)


@given(strategies.pairs(), st.text("abAB", min_size=1, max_size=3), st.text("abAB", min_size=1, max_size=3))
def test_no_word_behind_the_slug_makes_two_stages_meet(
    pair: tuple[Stage, Stage], word: str, other_word: str
) -> None:
    one, other = pair
    assert one.names.alarm(word).lower() != other.names.alarm(other_word).lower()
    assert one.names.security_group(word).lower() != other.names.security_group(other_word).lower()


@pytest.mark.parametrize("word", ["", "a-b", "a b", "-a", "ä", "1a", "a\n"])
def test_what_stands_behind_the_slug_is_one_word(word: str) -> None:
    made = Names("main")
    for make in (made.alarm, made.rule, made.security_group):
        with pytest.raises(ValueError, match="one word"):
            make(word)


def test_a_rule_that_would_exceed_its_limit_with_the_longest_slug_is_refused_for_every_stage() -> None:
    longest = Names("a" * aws_names.MAX_SLUG)
    assert len(longest.rule("R" * aws_names.MAX_RULE)) == 64
    with pytest.raises(ValueError, match="too long"):
        Names("a").rule("R" * (aws_names.MAX_RULE + 1))


def test_an_unknown_component_has_no_stack() -> None:
    with pytest.raises(ValueError, match=r"no such component.*network"):
        Names("main").stack("netwrok")


@pytest.mark.parametrize("stage", NAMED_STAGES)
def test_named_stages_have_the_names_that_operators_know(stage: str) -> None:
    made = Stage(stage).names
    assert made.service == f"wms-connector-{stage}"
    assert made.stack("connector") == f"wms-connector-{stage}"
    assert made.stack("network") == f"wms-network-{stage}"
    assert made.sns_topic == f"Alerts-wms-alerts-{stage}"
    assert made.alarms_topic == f"Alarms-wms-alerts-{stage}"
    assert made.connector_log_group == f"/aws/fargate/wms-connector-{stage}-kafka-connect"
    assert made.health_namespace == f"wms-connector-{stage}/Health"
    assert made.log_namespace == f"wms-connector-{stage}/ConnectorLogs"
    assert made.connect_host == f"connect.wms-connector-{stage}.internal"
    assert made.alarm("ConnectorFailed") == f"wms-connector-{stage}-ConnectorFailed"
