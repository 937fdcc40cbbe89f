"""A predecessor's secret is told by its shape: no value of it is in what is said, wherever it stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secrets.adoption import describe_secret
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import DB_INFO, SECRET_NAMES, StoredSecret

#: Texts that no message of ours has by itself.
_VALUES = st.text("QXZ0123456789!", min_size=4, max_size=30).map(lambda text: f"Qz{text}")
_KEYS = st.sampled_from(
    [
        "ip",
        "host",
        "port",
        "db",
        "dbname",
        "sid",
        "user",
        "password",
        "url",
        "engine",
        "id",
        "emails",
        "other",
    ]
)


def stored(text: str) -> StoredSecret:
    return StoredSecret("mmdl/main/x", "", "", Redacted(text))


@given(st.sampled_from(SECRET_NAMES), _VALUES)
def test_no_plain_text_is_repeated(name: str, value: str):
    assert value not in repr(describe_secret(name, stored(value)))


@given(
    st.sampled_from(SECRET_NAMES), st.dictionaries(_KEYS, st.one_of(_VALUES, st.lists(_VALUES)), min_size=1)
)
def test_no_value_of_an_object_is_repeated(name: str, fields: dict[str, object]):
    said = repr(describe_secret(name, stored(json.dumps(fields))))
    for value in fields.values():
        for text in value if isinstance(value, list) else [value]:
            assert str(text) not in said


@given(st.sampled_from(SECRET_NAMES), _VALUES)
def test_no_key_that_is_not_known_is_repeated(name: str, key: str):
    """People paste values into the place of keys."""
    shape = describe_secret(name, stored(json.dumps({key: "x"})))
    assert key not in repr(shape)


@pytest.mark.parametrize("port", [1521, "1521"])
def test_db_alone_is_converted_to_a_sid(port: object):
    fields = {"ip": "10.9.8.7", "port": port, "db": "WMSSID", "user": "u", "password": "p"}
    shape = describe_secret(DB_INFO, stored(json.dumps(fields)))
    assert (shape.kind, shape.problem, shape.fits) == ("JSON object", "", False)
    assert "'sid'" in shape.conversions[0]
    assert set(shape.keys) == set(fields)


@pytest.mark.parametrize("more", [{"sid": "WMS"}, {"db": None, "dbname": "service"}])
def test_what_both_read_alike_is_copied_as_it_is(more: dict[str, object]):
    fields = {"host": "10.9.8.7", "user": "reader", "password": "p-word", "db": None, **more}
    shape = describe_secret(DB_INFO, stored(json.dumps({k: v for k, v in fields.items() if v is not None})))
    assert shape.conversions == ()
    assert shape.fits


def test_what_this_tool_refuses_is_told_without_the_value():
    shape = describe_secret("iam/path", stored("pasted-passw0rd"))
    assert not shape.fits
    assert "is not an IAM path" in shape.problem
    assert "pasted-passw0rd" not in shape.problem
