"""Single rules of the health check's findings."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.error_classes import BUFFER_FILLING
from connector.domain.health.finding import Finding
from connector.domain.health.findings import findings
from connector.domain.health.observation import BYTES_PER_CHANGE, Source
from tests.support.observations import NOW, WELL


def finding(name: str, **changes: Any) -> Finding:
    """The finding `name` about a well stage with something changed."""
    found = findings(replace(WELL, **changes), ConnectorSettings(), NOW)
    (named,) = [each for each in found if each.name == name]
    return named


@pytest.mark.parametrize("answering", ["a:1521", "b:1521"])
def test_one_listener_that_answers_is_enough(answering: str):
    listeners = {"a:1521": "connection refused", "b:1521": "connection refused", answering: ""}
    found = finding("DbTcpUnreachable", database=listeners)
    assert (found.ok, found.value, found.cause) == (True, 0, None)


def test_a_database_of_which_no_listener_answers_is_unreachable():
    listeners = {"a:1521": "connection refused", "b:1521": "no answer within 5 s"}
    found = finding("DbTcpUnreachable", database=listeners)
    assert (found.ok, found.value) == (False, 1)
    assert found.reason == "a:1521: connection refused; b:1521: no answer within 5 s"


@pytest.mark.parametrize("probe", ["record", "table", "secrets", "service", "brokers", "database"])
def test_a_probe_that_saw_nothing_fails_the_health_check(probe: str):
    found = finding("HealthCheckFailed", probe_errors={probe: "access denied"})
    assert (found.ok, found.value, found.reason) == (False, 1, f"{probe}: access denied")


@pytest.mark.parametrize("probe", ["connector", "source"])
def test_a_failed_probe_that_another_finding_reports_does_not_fail_the_health_check(probe: str):
    assert finding("HealthCheckFailed", probe_errors={probe: "no answer within 6 s"}).ok is True


@pytest.mark.parametrize(
    ("changes", "ok"), [(0, True), (315_789, True), (315_790, False), (2_000_000, False)]
)
def test_an_open_transaction_that_takes_much_of_the_heap_is_told_before_the_heap_ends(
    changes: int, *, ok: bool
):
    source = Source(streaming=True, buffered_changes=changes, heap_limit=1e9)
    found = finding("TransactionBufferPercent", source=source)
    assert found.ok is ok
    assert found.value == pytest.approx(changes * 1900 / 1e9 * 100)
    assert (found.cause is BUFFER_FILLING) is not ok


@pytest.mark.parametrize(
    ("changes", "old", "percent"),
    [
        # Seen: 83,902 changes of rows of 4,000 characters, 475 of 490 MiB in use, and then the heap ended.
        (83_902, 475 << 20, 96.9),
        (30_000, 400 << 20, 81.6),
        # So few cannot have filled it.
        (1_000, 475 << 20, 3.9),
        (0, 475 << 20, 0),
        # Many narrow ones that have not been promoted yet.
        (200_000, 50 << 20, 74),
    ],
)
def test_wide_rows_of_an_open_transaction_show_in_the_old_generation(changes: int, old: int, percent: float):
    source = Source(
        streaming=True, buffered_changes=changes, heap_limit=float(490 << 20), old_generation=float(old)
    )
    assert source.buffer_percent == pytest.approx(percent, rel=0.01)


@pytest.mark.parametrize("kind", ["debezium", "jdbc"])
@pytest.mark.parametrize(
    ("old", "survivors", "percent"), [(0, 0, 0), (850, 0, 85), (800, 100, 90), (20, None, 2)]
)
def test_the_heap_after_a_collection_is_measured_and_one_reading_is_no_finding(
    kind: str, old: float, survivors: float | None, percent: float
):
    source = Source(streaming=True, heap_limit=1000, old_generation=old, survivors=survivors)
    found = findings(replace(WELL, source=source), ConnectorSettings(kind=kind), NOW)
    (heap,) = [each for each in found if each.name == "HeapAfterCollectionPercent"]
    assert (heap.ok, heap.value, heap.summary) == (True, percent, f"{percent} %")


@pytest.mark.parametrize(
    "source",
    [
        Source(streaming=True),
        Source(streaming=True, old_generation=5),
        Source(streaming=True, old_generation=5, heap_limit=-1),
        Source(streaming=True, survivors=5, heap_limit=1000),
    ],
)
def test_a_heap_that_is_not_known_is_not_measured(source: Source):
    assert source.heap_percent is None
    found = findings(replace(WELL, source=source), ConnectorSettings(), NOW)
    assert "HeapAfterCollectionPercent" not in [each.name for each in found]


_BYTES = st.floats(0, 1e12)


@given(_BYTES, _BYTES, st.floats(0, 1e8), st.floats(1, 1e12))
def test_a_transaction_never_takes_more_of_the_heap_by_its_old_generation_than_the_heaps_own_figure(
    old: float, survivors: float, changes: float, limit: float
):
    """Both are of one reading: the two alarms cannot contradict each other."""
    source = Source(buffered_changes=changes, heap_limit=limit, old_generation=old, survivors=survivors)
    by_number = 100 * changes * BYTES_PER_CHANGE / limit
    assert source.buffer_percent is not None
    assert source.heap_percent is not None
    assert source.buffer_percent <= max(by_number, source.heap_percent) * (1 + 1e-9)


@pytest.mark.parametrize(
    "source", [Source(streaming=True), Source(streaming=True, buffered_changes=7, heap_limit=-1)]
)
def test_a_buffer_that_is_not_known_is_not_judged(source: Source):
    found = findings(replace(WELL, source=source), ConnectorSettings(), NOW)
    assert "TransactionBufferPercent" not in [each.name for each in found]
