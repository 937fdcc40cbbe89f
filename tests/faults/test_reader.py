"""A record is noted as the change that it is of."""

import json
from typing import Any

import pytest

from connector.local import schema
from tests.faults.compare import Found, Kind
from tests.faults.reader import ChangeLog

_TABLE = ("WMS", schema.REVISION)
_ROW = f"WMS.{schema.REVISION}/7"


def image(number: int, **more: Any) -> dict[str, Any]:
    """A row as the topics have it: decimals are text."""
    return {"PLAN_WVR_RVSN_ID": "7", "RVSN_NUM": str(number), **more}


@pytest.fixture
def change_log() -> ChangeLog:
    return ChangeLog({_TABLE: "t"}, lambda key: key < 100)


def note(change_log: ChangeLog, content: dict[str, Any] | None, key: str = "7") -> None:
    value = None if content is None else json.dumps(content).encode()
    change_log.take("t", json.dumps({"PLAN_WVR_RVSN_ID": key}).encode(), value, 1.0)


def test_the_number_of_a_change_comes_from_the_row_and_a_deletes_from_the_row_before_it(
    change_log: ChangeLog,
) -> None:
    note(change_log, {"op": "r", "before": None, "after": image(3)})
    note(change_log, {"op": "u", "before": image(3), "after": image(4)})
    note(change_log, {"op": "d", "before": image(4), "after": None})
    note(change_log, None)
    kinds = [(3, Kind.READ), (4, Kind.UPDATE), (5, Kind.DELETE), (5, Kind.TOMBSTONE)]
    assert change_log.found == [Found("t", _ROW, number, kind, 1.0) for number, kind in kinds]
    assert change_log.has(_ROW, 5)
    assert not change_log.has(_ROW, 6)


def test_the_newest_image_of_a_row_can_be_inspected(change_log: ChangeLog) -> None:
    note(change_log, {"op": "c", "before": None, "after": image(1, NEW="x")})
    note(change_log, {"op": "u", "before": image(1), "after": image(2, NEW="y")})
    assert change_log.images[_ROW]["NEW"] == "y"


def test_rows_of_others_are_left_alone(change_log: ChangeLog) -> None:
    note(change_log, {"op": "c", "before": None, "after": image(1)}, key="100")
    assert change_log.found == []
