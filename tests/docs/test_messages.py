"""The messages that docs/topics.md shows agree with their own schemas, and with each other."""

import json
from typing import Any

import pytest

from connector.domain.capture.envelope import payload
from connector.domain.stage.stage import Stage
from tests.docs import messages
from tests.docs.messages import EPHEMERAL

_KINDS: dict[str, Any] = {"string": str, "int64": int, "int32": int, "struct": dict}


def _check(schema: dict[str, Any], content: Any) -> None:
    """Each field is there, has the type that the schema says, and is null only where it may be."""
    if content is None:
        assert schema["optional"], schema
        return
    assert _KINDS[schema["type"]] is content.__class__, schema
    if schema["type"] == "struct":
        assert [part["field"] for part in schema["fields"]] == list(content)
        for part in schema["fields"]:
            _check(part, content[part["field"]])


def test_a_named_and_an_ephemeral_stage_s_insert_and_delete_are_kept() -> None:
    assert messages.names() == ["ephemeral-delete", "ephemeral-insert", "named-delete", "named-insert"]


@pytest.mark.parametrize("name", messages.names())
@pytest.mark.parametrize("part", ["key", "value"])
def test_a_message_is_what_its_schema_says(name: str, part: str) -> None:
    found = messages.message(name)[part]
    assert found.keys() == {"schema", "payload"}
    _check(found["schema"], found["payload"])
    assert payload(found) == found["payload"]


@pytest.mark.parametrize("operation", ["insert", "delete"])
def test_stages_differ_by_the_namespace_only(operation: str) -> None:
    named, ephemeral = (
        json.dumps(messages.message(f"{kind}-{operation}")) for kind in ("named", "ephemeral")
    )
    assert ephemeral.replace(EPHEMERAL.topics.prefix, Stage("main").topics.prefix) == named
    assert ephemeral.count(EPHEMERAL.namespace) == 5  # of the key, before, after, value, and source.name


def test_an_insert_shows_a_value_and_a_null_of_an_optional_column() -> None:
    rows = {column: (optional, example) for column, _, optional, example in messages.columns()}
    assert rows["`WVR_TTL_TXT`"] == ("yes", "`null`")
    assert rows["`FED_SHR_PCT`"] == ("yes", '`"56.2000"`')
    assert rows["`STATE_CD`"] == ("no", '`"CA"`')


def test_a_delete_has_the_row_before_and_none_after() -> None:
    found = messages.message("ephemeral-delete")["value"]["payload"]
    assert (found["op"], found["after"]) == ("d", None)
    assert found["before"]["PLAN_BASE_WVR_ID"] == "1001"
