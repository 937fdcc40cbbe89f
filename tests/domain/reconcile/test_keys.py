"""Keys as a condition of SQL: what is made is one condition that a request takes, or nothing is made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.snapshot import MOST_CHARACTERS, check_where
from connector.domain.errors import OperatorError
from connector.domain.reconcile.keys import conditions

VALUES = st.integers(-(10**12), 10**12) | st.text(max_size=40)


@given(st.lists(st.fixed_dictionaries({"ID": VALUES}, optional={"PART": VALUES}), min_size=1, max_size=200))
def test_a_condition_is_one_that_a_snapshot_takes_or_is_refused(rows: list[dict[str, object]]) -> None:
    keys = [json.dumps(row) for row in rows if row.keys() == rows[0].keys()]
    try:
        where, count = conditions(keys)
    except OperatorError:
        return
    assert 1 <= count <= len(keys)
    check_where(where)
    quotes = where.count("'")
    texts = sum(isinstance(value, str) for row in map(json.loads, keys[:count]) for value in row.values())
    assert quotes == 2 * texts


def test_as_many_keys_as_a_request_takes_are_named_at_once() -> None:
    keys = [json.dumps({"ID": 10**11 + number}) for number in range(500)]
    where, count = conditions(keys)
    assert where.startswith("ID IN (100000000000, 100000000001")
    assert 60 < count < 500
    assert len(where) <= MOST_CHARACTERS
    assert conditions(['{"A":1,"B":"x"}', '{"A":2,"B":"y"}']) == ("(A=1 AND B='x') OR (A=2 AND B='y')", 2)


@pytest.mark.parametrize("key", ['{"ID":"it\'s"}', '{"id":1}', '{"ID":"a;b"}', '{"ID":null}', '{"ID":1.5}'])
def test_what_cannot_be_written_safely_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(OperatorError) as raised:
        conditions([key])
    assert "it's" not in str(raised.value)
