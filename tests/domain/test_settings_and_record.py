import json
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State, request
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.record import RECORD_KEY, StageRecord

texts = st.text(max_size=10)
records = st.builds(
    StageRecord,
    stage=texts,
    cluster_id=texts,
    account=texts,
    topics=st.lists(texts, max_size=4).map(tuple),
    config_hash=texts,
    secret_versions=st.dictionaries(texts, texts, max_size=3),
    retiring=st.booleans(),
)


@given(records)
def test_a_record_comes_back_as_it_was_stored(record: StageRecord) -> None:
    item = json.loads(json.dumps(record.to_item()))
    assert item["id"] == RECORD_KEY
    assert StageRecord.from_item(item) == record


def test_a_record_is_stored_whatever_mapping_holds_the_versions() -> None:
    record = StageRecord("main", "c", "123456789012", (), "h", MappingProxyType({"wms/main/dbInfo": "1"}))
    assert record.to_item()["secret_versions"] == {"wms/main/dbInfo": "1"}


def test_a_record_of_a_newer_version_is_read_and_one_of_an_older_gets_defaults() -> None:
    item = StageRecord("main", "c", "123456789012", ("t",), "h").to_item()
    del item["retiring"], item["secret_versions"]
    assert StageRecord.from_item({**item, "later": 1}) == StageRecord(
        "main", "c", "123456789012", ("t",), "h"
    )


@pytest.mark.parametrize("key", ["stage", "cluster_id", "account", "topics", "config_hash"])
def test_what_a_record_lacks_counts_as_not_reported(key: str) -> None:
    item = StageRecord("main", "c", "123456789012", (), "h").to_item()
    whole = StageRecord.from_item(item)
    del item[key]
    found = StageRecord.from_item(item)
    assert not getattr(found, key)
    assert replace(found, **{key: getattr(whole, key)}) == whole


RECORD_FIELDS = [field.name for field in fields(StageRecord)]


@given(st.dictionaries(st.sampled_from(RECORD_FIELDS), st.none() | texts | st.integers()))
def test_any_item_is_a_record_and_in_doubt_nothing_is_started(item: dict[str, Any]) -> None:
    assert StageRecord.from_item(item).retiring or not item.get("retiring")


def test_settings_travel_as_json_and_come_back() -> None:
    settings = ConnectorSettings(heartbeat_seconds=5, data_partitions=2)
    assert ConnectorSettings.from_json(settings.to_json()) == settings
    assert ConnectorSettings.parse({}) == ConnectorSettings()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"heartbeat": 1}, "connector.heartbeat is an unknown setting; known: kind, heartbeat_seconds"),
        ({"kind": "s3"}, "connector.kind 's3' is unknown; allowed: debezium, jdbc"),
        ({"kind": ["jdbc"]}, "connector.kind ['jdbc'] is unknown"),
        ({"heartbeat_seconds": 0}, "connector.heartbeat_seconds 0 is not a whole number from 1 to 3600"),
        ({"heartbeat_seconds": "10"}, "connector.heartbeat_seconds '10' is not a whole number"),
        ({"data_partitions": True}, "connector.data_partitions True is not a whole number"),
        ({"data_retention_days": 1.5}, "connector.data_retention_days 1.5 is not a whole number"),
        ({"max_record_mib": 9}, "connector.max_record_mib 9 is not a whole number from 1 to 8"),
        ({"unreadable_values": "skip"}, "connector.unreadable_values 'skip' is unknown; allowed: stop, null"),
        ({"unreadable_values": None}, "connector.unreadable_values None is unknown"),
        ({"validation_timeout_seconds": None}, "connector.validation_timeout_seconds None is not"),
        ({"heartbeat_table": "HEARTBEAT"}, "connector.heartbeat_table 'HEARTBEAT' is not SCHEMA.TABLE"),
        ({"heartbeat_table": "A.B; DROP TABLE C"}, "is not SCHEMA.TABLE in capital letters"),
        ({"heartbeat_table": "A.B\n"}, "is not SCHEMA.TABLE in capital letters"),
        ({"heartbeat_table": 1}, "connector.heartbeat_table 1 is not SCHEMA.TABLE"),
        ({"heartbeat_table": "WMS.PLAN_BASE_WVR_TBL"}, "is a captured table, which belongs to WMS"),
        ({"heartbeat_table": "A.B", "kind": "jdbc"}, "connector.heartbeat_table needs kind debezium"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(values: dict[str, Any], words: str) -> None:
    with pytest.raises(OperatorError) as refused:
        ConnectorSettings.parse(values)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_settings_that_are_no_json_object_are_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="connector's settings are not"):
        ConnectorSettings.from_json(text)


@given(st.sampled_from(State), texts, st.booleans(), st.dictionaries(texts, texts, max_size=3))
def test_an_answer_of_the_admin_function_comes_back_as_it_was_given(
    state: State,
    summary: str,
    changed: bool,
    details: dict[str, str],
) -> None:
    answer = Answer(state, summary, changed, details)
    assert Answer.from_payload(json.loads(json.dumps(answer.to_payload()))) == answer


@pytest.mark.parametrize("payload", [None, "x", [], {}, {"state": "odd", "summary": ""}, {"state": "done"}])
def test_an_answer_that_is_not_understood_is_the_servers_fault(payload: object) -> None:
    with pytest.raises(ServerError, match="admin Lambda"):
        Answer.from_payload(payload)


def test_registration_asks_for_known_operations_each_once() -> None:
    assert len(set(REGISTRATION)) == len(REGISTRATION)
    assert set(REGISTRATION) <= set(Operation)
    assert request(Operation.READY) == {"operation": "ready"}
