"""CHANGES and TOPICS: what cannot be undone is named by the function, and done only with its name."""

import pytest

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import Stage
from tests.lambda_src.conftest import FakeStage

MAIN = Stage.parse("main").topics
TOPIC = MAIN.roles["data"][0]


def launched(world: FakeStage) -> None:
    """Topics and record are there, and a data topic has a record; nothing counts as changed yet."""
    for step in (Operation.TOPICS, Operation.RECORD):
        assert world.ask(step).state is State.DONE
    world.kafka.send(TOPIC, "key", "value")
    world.kafka.changes.clear()


def names(world: FakeStage, settings: ConnectorSettings | None = None) -> list[str]:
    """The changes that lose something, with the settings of a caller's checkout."""
    answer = world.ask(Operation.CHANGES, settings=None if settings is None else settings.to_json())
    assert (answer.state, answer.changed, world.kafka.changes) == (State.DONE, False, [])
    return [f"{c['setting']} {c['before']}->{c['after']}" for c in answer.details["changes"] if c["loses"]]


def test_the_settings_of_a_checkout_are_compared_with_what_is_there(world: FakeStage) -> None:
    launched(world)
    assert names(world) == []
    wanted = ConnectorSettings(data_partitions=5, data_retention_days=3, envelope="plain")
    assert names(world, wanted) == [
        "data_partitions 1->5",
        "data_retention_days 7->3",
        "envelope schema->plain",
    ]
    assert names(world, ConnectorSettings(kind="jdbc")) == ["kind debezium->jdbc"]


def test_before_the_first_launch_nothing_is_lost(world: FakeStage) -> None:
    assert names(world, ConnectorSettings(data_partitions=5, envelope="plain")) == []


@pytest.mark.parametrize("lost", [False, True])
def test_a_living_connector_without_a_record_does_not_switch_without_a_word(
    world: FakeStage, lost: bool
) -> None:
    """A first launch may have registered it and failed afterwards; a record may be lost."""
    for step in (Operation.TOPICS, Operation.REGISTER, *((Operation.RECORD,) if lost else ())):
        assert world.ask(step).state is State.DONE
    world.table.items.pop(RECORD_KEY, None)
    world.kafka.send(TOPIC, "key", "value")
    world.kafka.changes.clear()
    assert names(world) == []
    assert names(world, ConnectorSettings(envelope="plain")) == ["envelope schema->plain"]
    assert names(world, ConnectorSettings(kind="jdbc")) == ["kind debezium->jdbc"]
    world.connect.addresses = []
    assert names(world, ConnectorSettings(kind="jdbc")) == [], "it may be the launch that brings workers back"


def test_the_form_of_a_record_that_names_none_is_that_of_the_config(world: FakeStage) -> None:
    world.ask(Operation.REGISTER)
    launched(world)
    del world.table.items[RECORD_KEY]["envelope"]
    assert names(world, ConnectorSettings(envelope="schema")) == []
    assert names(world, ConnectorSettings(envelope="plain")) == ["envelope schema->plain"]


def test_topics_with_records_are_not_grown_without_the_changes_name(world: FakeStage) -> None:
    launched(world)
    world.settings = ConnectorSettings(data_partitions=5)
    refused = world.ask(Operation.TOPICS)
    assert (refused.state, world.kafka.changes) == (State.FAILED, [])
    assert 'set confirmed_changes: ["data_partitions 1->5"]' in refused.summary
    other = world.ask(Operation.TOPICS, confirmed=("data_partitions 1->3",))
    assert (other.state, world.kafka.changes) == (State.FAILED, [])
    done = world.ask(Operation.TOPICS, confirmed=("data_partitions 1->5",))
    assert (done.state, done.summary) == (State.DONE, "4 changed, 5 as wanted")


def test_records_are_not_deleted_without_the_changes_name(world: FakeStage) -> None:
    launched(world)
    world.settings = ConnectorSettings(data_retention_days=1)
    refused = world.ask(Operation.TOPICS)
    assert (refused.state, world.kafka.changes) == (State.FAILED, [])
    assert "data_retention_days 7->1: older records are deleted" in refused.summary
    assert world.ask(Operation.TOPICS, confirmed=("data_retention_days 7->1",)).state is State.DONE


def test_partitions_that_cannot_be_taken_away_are_told_at_a_launch(world: FakeStage) -> None:
    """The way back from a change that cannot be undone: it launches, and says what stays."""
    launched(world)
    world.kafka.topics[TOPIC].partitions = 5
    answer = world.ask(Operation.TOPICS)
    assert answer.state is State.DONE
    assert answer.summary == "8 as wanted, 1 with more partitions than wanted, which Kafka cannot take away"
