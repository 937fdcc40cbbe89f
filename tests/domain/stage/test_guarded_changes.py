"""What a launch changes for ever is named, and stops it unless that very change is confirmed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.guarded_changes import (
    current_data,
    form_changes,
    parse_confirmed,
    refusal,
    topic_changes,
    unconfirmed,
)
from connector.domain.stage.record import StageRecord
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import plan_topics
from connector.domain.stage.topics import JDBC_TOPICS

MAIN = Stage.parse("main").topics
DATA = MAIN.roles["data"]
LOGIN = '{"host": "oracle.invalid", "dbname": "WMS", "username": "u", "password": "p"}'
DATABASE = parse_database(StoredSecret("wms/main/dbInfo", "arn", "version", Redacted(LOGIN)))
DAY = 24 * 60 * 60 * 1000


def record(role: str = "data", envelope: str = "schema") -> StageRecord:
    return StageRecord("main", "cluster-1", "1", MAIN.roles[role], "hash", envelope=envelope)


@given(st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_more_partitions_lose_the_order_exactly_of_topics_with_records(have: int, wanted: int, filled: bool):
    specs = MAIN.specs("debezium", data_partitions=wanted)
    changes = topic_changes(specs, {DATA[0]: have}, {}, {DATA[0]} if filled else ())
    assert [change.name for change in changes] == (
        [f"data_partitions {have}->{wanted}"] if wanted > have else []
    )
    assert [change.loses for change in changes] == [filled] * len(changes)


@given(st.integers(-1, 20), st.integers(1, 20))
def test_a_shorter_retention_deletes_records(have: int, wanted: int):
    specs = MAIN.specs("debezium", data_retention_days=wanted)
    kept = {"retention.ms": "-1" if have == -1 else str(have * DAY)}
    changes = topic_changes(specs, {DATA[0]: 1}, {DATA[0]: kept}, {DATA[0]})
    before = "unlimited" if have == -1 else str(have)
    shorter = have == -1 or wanted < have
    assert [c.name for c in changes] == ([f"data_retention_days {before}->{wanted}"] if shorter else [])


KEPT = st.fixed_dictionaries(
    {
        "cleanup.policy": st.sampled_from(["delete", "compact", "compact,delete"]),
        "retention.ms": st.integers(-1, 20).map(lambda days: str(days * DAY if days > 0 else -1)),
        "retention.bytes": st.sampled_from(["-1", "1000", "9000"]),
    }
)


@given(KEPT, st.integers(1, 20), st.sampled_from([None, "-1", "5000"]))
def test_the_guard_names_what_the_plan_would_delete_and_each_name_can_be_confirmed(
    kept: dict[str, str], days: int, size: str | None
):
    """Somebody may have changed the topic by hand: a launch would put it back."""
    (spec,) = (spec for spec in MAIN.specs("debezium", data_retention_days=days) if spec.name == DATA[0])
    if size is not None:
        spec = replace(spec, configs={**spec.configs, "retention.bytes": size})
    changes = topic_changes([spec], {spec.name: 1}, {spec.name: kept}, {spec.name})
    losing = plan_topics([spec], {spec.name: 1}, {spec.name: kept}).losing({spec.name: kept}, [spec.name])
    assert len(changes) == len(losing)
    assert len(unconfirmed(changes, ())) == len(losing)
    names = [change.name for change in changes]
    assert unconfirmed(changes, parse_confirmed(names)) == ()


def test_a_compacted_topic_is_not_put_back_without_a_word():
    configs = {DATA[0]: {"cleanup.policy": "compact", "retention.ms": "-1"}}
    changes = topic_changes(MAIN.specs("debezium"), {DATA[0]: 1}, configs, {DATA[0]})
    assert [change.name for change in changes] == [
        "cleanup.policy compact->delete",
        "data_retention_days unlimited->7",
    ]


def test_topics_that_are_created_and_those_without_records_lose_nothing():
    specs = MAIN.specs("debezium", data_partitions=5, data_retention_days=1)
    assert topic_changes(specs, {}, {}, ()) == ()
    (change,) = topic_changes(specs, {DATA[0]: 1}, {}, ())
    assert unconfirmed([change], ()) == ()
    assert "so nothing is lost" in change.describe()


@pytest.mark.parametrize(
    ("before", "wanted", "name"),
    [
        (record(), ("jdbc", "schema", ""), "kind debezium->jdbc"),
        (record("data_jdbc_bare"), ("debezium", "schema", ""), "kind jdbc->debezium"),
        (record("data_jdbc_bare"), ("jdbc", "schema", ""), "jdbc_topics bare->schema"),
        (record(), ("debezium", "schema", "plain"), "envelope schema->plain"),
        (record(envelope=""), ("debezium", "schema", "schema"), "envelope plain->schema"),
    ],
)
def test_what_changes_for_consumers_is_named(before: StageRecord, wanted: tuple[str, str, str], name: str):
    (change,) = form_changes(before, MAIN, wanted, before.topics)
    assert change.name == name
    assert unconfirmed([change], [name]) == ()
    assert unconfirmed([change], ["kind jdbc->other", name[::-1]]) == (change,)
    assert form_changes(before, MAIN, wanted, ())[0].loses is False


@pytest.mark.parametrize("before", [None, StageRecord("main", "", "1", (), "")])
def test_a_stage_that_was_never_registered_has_no_consumers(before: StageRecord | None):
    assert form_changes(before, MAIN, ("jdbc", "bare", "plain"), DATA) == ()


@pytest.mark.parametrize(("kind", "names"), [("debezium", "schema"), ("jdbc", "schema"), ("jdbc", "bare")])
@pytest.mark.parametrize("envelope", ["schema", "plain"])
def test_without_a_record_the_config_of_the_connector_says_what_it_writes(
    kind: str, names: str, envelope: str
):
    settings = ConnectorSettings(kind=kind, jdbc_topics=names, envelope=envelope)
    stored = connector_config(Stage.parse("main"), DATABASE, KafkaAuth.PLAINTEXT, settings)
    topics = current_data(None, MAIN, stored)
    assert topics == MAIN.roles[JDBC_TOPICS[names] if kind == "jdbc" else "data"]
    assert form_changes(None, MAIN, (kind, names, envelope), topics, stored) == ()
    other = "plain" if envelope == "schema" else "schema"
    (change,) = form_changes(None, MAIN, (kind, names, other), topics, stored)
    assert (change.name, change.loses) == (f"envelope {envelope}->{other}", True)
    switched = "debezium" if kind == "jdbc" else "jdbc"
    (change,) = form_changes(None, MAIN, (switched, names, ""), topics, stored)
    assert change.name == f"kind {kind}->{switched}"


def test_a_stage_that_stays_as_it_is_changes_nothing():
    assert form_changes(record(), MAIN, ("debezium", "bare", ""), DATA) == ()
    assert form_changes(record(), MAIN, ("debezium", "schema", "schema"), DATA) == ()


def test_a_refusal_has_the_line_for_the_config():
    specs = MAIN.specs("debezium", data_partitions=5)
    changes = topic_changes(specs, {DATA[0]: 1}, {}, {DATA[0]})
    words = refusal(changes)
    assert 'set confirmed_changes: ["data_partitions 1->5"] in the stage\'s config.yaml' in words
    assert "order is lost, and Kafka cannot take partitions away" in words
    assert parse_confirmed(["data_partitions 1->5"]) == ("data_partitions 1->5",)


@pytest.mark.parametrize("value", ["data_partitions 1->5", ["data_partitions"], [5], ["all"], {"a": 1}])
def test_a_confirmation_that_names_no_change_is_refused(value: object):
    with pytest.raises(OperatorError, match="confirmed_changes"):
        parse_confirmed(value)


def test_a_confirmation_may_be_left_out():
    assert parse_confirmed(None) == parse_confirmed("") == parse_confirmed([]) == ()
