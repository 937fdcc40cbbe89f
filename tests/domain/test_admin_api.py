"""What goes between a caller and the admin Lambda, as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.admin_api import Operation, Request
from connector.domain.errors import OperatorError

events = st.lists(st.tuples(st.integers(0, 2**53), st.text())).map(tuple)


@given(st.builds(Request, st.sampled_from(list(Operation)), log=st.none() | events))
def test_a_request_survives_its_way_as_json(request: Request):
    assert Request.from_payload(json.loads(json.dumps(request.to_payload()))) == request


@pytest.mark.parametrize(
    "log", ["secret row", [["secret row"]], [[1, "a", "secret row"]], {"a": 1}, [["x", "y"]]]
)
def test_a_log_that_is_none_is_refused_without_its_values(log: object):
    with pytest.raises(OperatorError, match="the request's log") as refused:
        Request.from_payload({"operation": "status", "log": log})
    assert "secret" not in str(refused.value)
