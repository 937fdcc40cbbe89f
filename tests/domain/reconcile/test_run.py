"""A run survives being stored between two requests, whatever it holds."""

import pytest

from connector.domain.errors import OperatorError
from connector.domain.reconcile.comparison import TableReport
from connector.domain.reconcile.run import (
    Chunk,
    ComparisonItem,
    ComparisonPhase,
    Part,
    ReconcileRequest,
    ReconcileRun,
)

RUN = "0" * 32


def test_a_run_is_read_as_it_was_written() -> None:
    run = ReconcileRun(RUN, "ab", ["WMS.T"], 1, 2, ComparisonPhase.READ)
    run.parts.append(Part("WMS.T", True, "wms.WMS.T", 0, 3, 9))
    run.chunks.append(Chunk("WMS.T", False, 0, [0, 5]))
    run.reports["WMS.T"] = TableReport(equal=3, keys={"missing": ['{"ID":1}']})
    item = ComparisonItem(4, run)
    assert ComparisonItem.from_item(item.to_item()) == item
    assert ComparisonItem.from_item(ComparisonItem(5).to_item()) == ComparisonItem(5)


def test_the_state_of_another_version_counts_as_none() -> None:
    for text in ("{", '{"id": 1}', "[]"):
        assert ComparisonItem.from_item({"version": 3, "run": text}) == ComparisonItem(3)


def test_a_request_is_read_as_it_was_sent_and_a_wrong_one_is_refused() -> None:
    request = ReconcileRequest(RUN, ("1", "2"), repair=True, keys_shown=True, begin=True)
    assert ReconcileRequest.from_payload(request.to_payload()) == request
    assert ReconcileRequest.from_payload(None) is None
    for content in (
        {},
        {"run": "x"},
        {"run": RUN, "keys": "secret"},
        {"run": RUN, "keys": ["secret"] * 1001},
    ):
        with pytest.raises(OperatorError) as raised:
            ReconcileRequest.from_payload(content)
        assert "secret" not in str(raised.value)
