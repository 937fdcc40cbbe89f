"""The form of messages: Connect's JSON converter with the envelope `{schema, payload}`, or without it. Pure.

`schema` is what consumers of the predecessor read, and the default of a new stage. A stage that runs keeps
its form until `connector.envelope` in its config names another: its consumers must change with it.
"""

from collections.abc import Mapping
from typing import Any

from connector.domain.stage.record import StageRecord

SCHEMA, PLAIN = "schema", "plain"
ENVELOPES = (SCHEMA, PLAIN)

_JSON = "org.apache.kafka.connect.json.JsonConverter"
_ENABLED = "schemas.enable"
#: What a connector's config says for the envelope. Without these keys the worker's own converters count, and
#: they leave it out (connector/image/conf/worker.properties): the config of earlier releases stays as it is.
_CONVERTERS = {
    f"{part}.converter{name}": value
    for part in ("key", "value")
    for name, value in (("", _JSON), (f".{_ENABLED}", "true"))
}


def converters(envelope: str) -> Mapping[str, str]:
    """The keys of a connector's config that make its messages have this form."""
    return dict(_CONVERTERS) if envelope == SCHEMA else {}


def envelope_of(config: Mapping[str, str]) -> str:
    """The form of the values that a connector with this config writes on this project's worker."""
    return SCHEMA if config.get(f"value.converter.{_ENABLED}", "").lower() == "true" else PLAIN


def remembered(record: StageRecord | None) -> str:
    """The form that the record names; empty if none, as in a record of a release that knew only `plain`."""
    return record.envelope if record is not None and record.envelope in ENVELOPES else ""


def kept_envelope(record: StageRecord | None, stored: Mapping[str, str] | None) -> str:
    """The form of a stage without a setting: that of its record, else of the config that Connect stores.

    `stored` is None when Connect has no such connector. A new stage has neither.
    """
    known = remembered(record)
    if known:
        return known
    if stored is not None:
        return envelope_of(stored)
    # A teardown of a stage that was never registered leaves a record that names no cluster.
    return PLAIN if record is not None and record.cluster_id else SCHEMA


def payload(content: Any) -> Any:
    """What a message says, from its JSON in either form.

    A table with exactly the columns SCHEMA and PAYLOAD would not be mistaken: Oracle's names are upper case.
    """
    if isinstance(content, Mapping) and content.keys() == {"schema", "payload"}:
        return content["payload"]
    return content
