"""The form of messages: a new stage has the envelope {schema, payload}, and no living stage ever switches."""

from dataclasses import replace

import pytest

from connector.domain.capture.config import connector_config
from connector.domain.capture.envelope import envelope_of, kept_envelope, payload
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.record import StageRecord
from connector.domain.stage.stage import Stage
from tests.domain.capture.test_config import database

WRITTEN = {
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "key.converter.schemas.enable": "true",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "true",
}
RECORD = StageRecord("main", "cluster-1", "123456789012", ("wms",), "0")


def config(kind: str, envelope: str) -> dict[str, str]:
    settings = ConnectorSettings(kind=kind, envelope=envelope)
    return dict(connector_config(Stage("main"), database("service"), KafkaAuth.IAM, settings))


@pytest.mark.parametrize("kind", KINDS)
def test_both_kinds_write_the_envelope_unless_told_otherwise(kind: str) -> None:
    assert config(kind, "") == config(kind, "schema")
    assert {key: value for key, value in config(kind, "").items() if "converter" in key} == WRITTEN


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_config_is_that_of_earlier_releases(kind: str) -> None:
    """Nothing is written for it, so a launch with this release leaves such a connector as it is."""
    assert config(kind, "plain").items() == config(kind, "schema").items() - WRITTEN.items()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("envelope", ["schema", "plain"])
def test_the_form_is_read_back_from_what_connect_stores(kind: str, envelope: str) -> None:
    assert envelope_of(config(kind, envelope)) == envelope


@pytest.mark.parametrize(
    ("record", "stored", "kept"),
    [
        pytest.param(None, None, "schema", id="new"),
        pytest.param(RECORD, None, "plain", id="of an earlier release, its connector gone"),
        pytest.param(RECORD, "plain", "plain", id="of an earlier release"),
        pytest.param(RECORD, "schema", "schema", id="the record says nothing, the connector does"),
        pytest.param(None, "plain", "plain", id="record lost, plain"),
        pytest.param(None, "schema", "schema", id="record lost, schema"),
        pytest.param(replace(RECORD, envelope="plain"), "schema", "plain", id="changed by hand"),
        pytest.param(replace(RECORD, envelope="schema"), None, "schema", id="its connector gone"),
        pytest.param(replace(RECORD, envelope="avro"), "schema", "schema", id="damaged"),
        pytest.param(replace(RECORD, cluster_id="", retiring=True), None, "schema", id="never registered"),
    ],
)
def test_a_stage_keeps_its_form(record: StageRecord | None, stored: str | None, kept: str) -> None:
    assert kept_envelope(record, None if stored is None else config("debezium", stored)) == kept


@pytest.mark.parametrize(
    "content", [{"op": "c", "after": {"A": 1}}, {"ts_ms": 1}, None, [], "x", {"payload": 1}]
)
def test_both_forms_are_read_alike(content: object) -> None:
    assert payload(content) == content
    assert payload({"schema": {"type": "struct"}, "payload": content}) == content


@pytest.mark.parametrize("value", ["Schema", "json", None, True, 0])
def test_another_word_is_refused_with_those_that_are_allowed(value: object) -> None:
    with pytest.raises(OperatorError, match=r"connector\.envelope .* is unknown; allowed: schema, plain"):
        ConnectorSettings.parse({"envelope": value})
