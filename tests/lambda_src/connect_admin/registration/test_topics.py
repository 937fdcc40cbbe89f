"""TOPICS: what is missing is created, what differs is fixed, what cannot be is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import plan_topics
from connector.domain.stage.topics import TopicSpec
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_kafka import FakeTopic

MAIN = Stage.parse("main").topics


def test_missing_topics_are_created_and_a_second_time_nothing_is_done(world: FakeStage) -> None:
    first, second = world.ask(Operation.TOPICS), world.ask(Operation.TOPICS)
    assert (first.state, first.summary, first.changed) == (State.DONE, "9 created", True)
    assert (second.state, second.summary, second.changed) == (State.DONE, "9 as wanted", False)
    assert len(world.kafka.changes) == 9


def test_only_configs_that_differ_are_altered(world: FakeStage) -> None:
    world.ask(Operation.TOPICS)
    history = MAIN.one("schema_history")
    world.kafka.topics[history].configs["retention.ms"] = "1000"
    world.kafka.topics[history].configs["max.message.bytes"] = "42"
    world.kafka.changes.clear()
    answer = world.ask(Operation.TOPICS)
    assert answer.summary == "1 changed, 8 as wanted"
    assert answer.details["altered"] == {history: ["retention.ms"]}
    assert world.kafka.changes == [f"alter {history}"]
    assert world.kafka.topics[history].configs["max.message.bytes"] == "42"


@pytest.mark.parametrize(
    ("key", "value"),
    [("retention.ms", "2592000000"), ("retention.ms", "-1"), ("cleanup.policy", "compact")],
)
def test_records_of_a_topic_that_may_be_somebody_elses_are_not_deleted(
    world: FakeStage, key: str, value: str
) -> None:
    """It was there before the stage was registered, and keeps more than the stage would."""
    topic = MAIN.roles["data"][0]
    world.kafka.topics[topic] = FakeTopic(1, {key: value})
    answer = world.ask(Operation.TOPICS)
    assert (answer.state, world.kafka.changes) == (State.FAILED, [])
    assert f"topic {topic} has {key} {value}" in answer.summary
    assert "may be somebody else's; nothing was changed" in answer.summary
    world.ask(Operation.RECORD)
    assert world.ask(Operation.TOPICS).state is State.DONE
    assert world.kafka.topics[topic].configs[key] != value


@given(st.integers(-1, 10), st.integers(-1, 10), st.sampled_from(["retention.ms", "retention.bytes"]))
def test_a_change_loses_records_exactly_if_it_keeps_them_for_less(have: int, wanted: int, key: str) -> None:
    spec = TopicSpec("t", "data", 1, {key: str(wanted)})
    configs = {"t": {key: str(have)}}
    plan = plan_topics([spec], {"t": 1}, configs)
    unlimited = float("inf")
    shorter = (unlimited if wanted == -1 else wanted) < (unlimited if have == -1 else have)
    assert bool(plan.losing(configs, ["t"])) == shorter
    assert plan.losing(configs, []) == ()


def test_an_existing_topic_whose_settings_fit_is_used(world: FakeStage) -> None:
    (spec,) = [s for s in MAIN.specs("debezium") if s.name == MAIN.roles["data"][0]]
    world.kafka.topics[spec.name] = FakeTopic(1, dict(spec.configs))
    assert world.ask(Operation.TOPICS).summary == "8 created, 1 as wanted"


def test_a_schema_history_with_more_partitions_is_refused_and_nothing_changed(world: FakeStage) -> None:
    history = MAIN.one("schema_history")
    world.kafka.topics[history] = FakeTopic(3)
    answer = world.ask(Operation.TOPICS)
    assert answer.state is State.FAILED
    assert f"topic {history} has 3 partitions but must have 1" in answer.summary
    assert world.kafka.changes == []


def test_data_topics_are_given_the_partitions_that_are_set(world: FakeStage) -> None:
    world.ask(Operation.TOPICS)
    world.settings = ConnectorSettings(data_partitions=3)
    answer = world.ask(Operation.TOPICS)
    assert answer.summary == "4 changed, 5 as wanted"
    assert {world.kafka.topics[name].partitions for name in MAIN.roles["data"]} == {3}


@given(st.dictionaries(st.sampled_from([s.name for s in MAIN.specs("debezium")]), st.integers(1, 5)))
def test_every_topic_is_in_exactly_one_part_of_the_plan(partitions: dict[str, int]) -> None:
    specs = MAIN.specs("debezium")
    plan = plan_topics(specs, partitions, {})
    changed = {*plan.alter, *plan.grow}
    parts = [{s.name for s in plan.create}, changed, set(plan.as_wanted), {*plan.surplus} - changed]
    wrong = {s.name for s in specs if s.exact_partitions and partitions.get(s.name, 1) > 1}
    assert sum(map(len, parts)) + len(wrong) == len(specs)
    assert set.union(*parts, wrong) == {s.name for s in specs}
    assert len(plan.wrong) == len(wrong)


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure"])
def test_a_secret_that_may_not_be_read_fails_without_a_look_at_the_default(
    world: FakeStage, code: str
) -> None:
    from tests.support.fake_lambda_aws import client_error  # noqa: PLC0415

    world.secrets.values["wms/main/brokerString"] = client_error(code, "no")
    answer = world.ask(Operation.TOPICS)
    assert answer.state is State.FAILED
    assert "wms/main/brokerString" in answer.summary
    assert "wms/default/brokerString" not in world.secrets.reads


def test_a_secret_store_that_is_busy_is_asked_again(world: FakeStage) -> None:
    from tests.support.fake_lambda_aws import client_error  # noqa: PLC0415

    world.secrets.values["wms/main/brokerString"] = client_error("ThrottlingException", "Rate exceeded")
    answer = world.ask(Operation.TOPICS)
    assert answer.state is State.WAITING
    assert "wms/main/brokerString: ThrottlingException: Rate exceeded" in answer.summary
    assert "wms/default/brokerString" not in world.secrets.reads
