"""A record is noted as the change that it is of."""

import json
from typing import Any

import pytest

from connector.local import schema
from tests.faults.compare import Found, Kind
from tests.faults.reader import Book

_TABLE = ("WMS", schema.REVISION)
_ROW = f"WMS.{schema.REVISION}/7"


def image(number: int, **more: Any) -> dict[str, Any]:
    """A row as the topics have it: decimals are text."""
    return {"PLAN_WVR_RVSN_ID": "7", "RVSN_NUM": str(number), **more}


@pytest.fixture
def book() -> Book:
    return Book({_TABLE: "t"}, lambda key: key < 100)


def note(book: Book, content: dict[str, Any] | None, key: str = "7") -> None:
    value = None if content is None else json.dumps(content).encode()
    book.take("t", json.dumps({"PLAN_WVR_RVSN_ID": key}).encode(), value, 1.0)


def test_the_number_of_a_change_comes_from_the_row_and_a_deletes_from_the_row_before_it(book: Book) -> None:
    note(book, {"op": "r", "before": None, "after": image(3)})
    note(book, {"op": "u", "before": image(3), "after": image(4)})
    note(book, {"op": "d", "before": image(4), "after": None})
    note(book, None)
    kinds = [(3, Kind.READ), (4, Kind.UPDATE), (5, Kind.DELETE), (5, Kind.TOMBSTONE)]
    assert book.found == [Found("t", _ROW, number, kind, 1.0) for number, kind in kinds]
    assert book.has(_ROW, 5)
    assert not book.has(_ROW, 6)


def test_the_newest_image_of_a_row_can_be_looked_at(book: Book) -> None:
    note(book, {"op": "c", "before": None, "after": image(1, NEW="x")})
    note(book, {"op": "u", "before": image(1), "after": image(2, NEW="y")})
    assert book.images[_ROW]["NEW"] == "y"


def test_rows_of_others_are_left_alone(book: Book) -> None:
    note(book, {"op": "c", "before": None, "after": image(1)}, key="100")
    assert book.found == []
