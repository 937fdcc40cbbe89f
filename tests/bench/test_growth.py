"""What counts as linear, and that a cost that is not ends in exit status 1."""

import socket
import sys
from collections.abc import Callable
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.net.connection import KafkaConnection
from kafka.protocol.admin import ListGroupsRequest

from tests.bench import growth
from tests.bench.database_sessions import connections
from tests.bench.growth import Growth, Meter, Row


def rows(seconds: Callable[[int], float], calls: Callable[[int], int] = lambda _: 0) -> list[Row]:
    return [Row("list", "stages", n, seconds(n), {"cloudformation x": calls(n)}) for n in (1, 20, 200)]


def ratio(found: list[Row]) -> Growth:
    (each,) = growth.growth(found)
    return each


def test_a_cost_for_each_item_is_linear():
    each = ratio(rows(lambda n: 0.3 * n, lambda n: 6 * n))
    assert (round(each.seconds, 1), each.calls, each.linear) == (1.0, 1.0, True)


def test_a_cost_that_stays_is_far_below():
    each = ratio(rows(lambda _: 2.0, lambda _: 12))
    assert each.linear
    assert each.seconds < 0.11
    assert each.calls == pytest.approx(0.1)


@pytest.mark.parametrize(
    "found",
    [
        rows(lambda n: 0.001 * n * n),
        rows(lambda n: 0.01 * n, lambda n: n * n),
        # Only the largest size tells.
        rows(lambda n: 0.01 * n + (20.0 if n == 200 else 0.0)),
    ],
)
def test_what_rises_with_the_square_is_not_linear(found: list[Row]):
    assert not ratio(found).linear


def test_some_milliseconds_are_no_growth():
    assert ratio(rows(lambda n: 0.04 if n == 200 else 0.0001)).linear


def test_one_size_has_no_growth_and_operations_are_judged_each_by_itself():
    assert growth.growth(rows(lambda n: n)[:1]) == []
    other = [Row("check", "topics", n, n * n, {}) for n in (100, 1000)]
    assert [each.linear for each in growth.growth([*rows(lambda n: n), *other])] == [True, False]


@given(st.floats(0.01, 10), st.floats(0, 100), st.lists(st.integers(1, 10_000), min_size=2, unique=True))
def test_a_fixed_cost_and_one_for_each_item_are_linear_at_any_sizes(
    each: float, fixed: float, sizes: list[int]
):
    assert ratio([Row("x", "stages", n, fixed + each * n, {}) for n in sizes]).linear


def test_calls_are_told_apart_and_are_those_of_one_run_of_many():
    meter = Meter(lambda _: None)

    def run() -> None:
        meter.calls["lambda invoke"] += 4
        for _ in range(6):
            KafkaConnection._send_request(connection, ListGroupsRequest())

    with mock.patch.object(KafkaConnection, "_send_request") as sent:
        connection = mock.Mock(spec=KafkaConnection)
        meter.measure("check", "topics", 100, run, times=2)
        KafkaConnection._send_request(connection, ListGroupsRequest())
    (row,) = meter.rows
    assert row.calls == {"kafka ListGroups": 3, "lambda invoke": 2}
    assert (row.aws, row.kafka) == (2, 3)
    assert sent.call_count == 7


def test_the_table_has_the_sizes_side_by_side():
    lines = list(growth.table(rows(float, lambda n: n)))
    assert lines == [
        "| operation | 1 stages | 20 stages | 200 stages | cost per item |",
        "| --- | --- | --- | --- | --- |",
        "| list | 1.00 s, 1 AWS | 20.00 s, 20 AWS | 200.00 s, 200 AWS | × 1.00, calls × 1.00 |",
        "",
    ]


@pytest.mark.parametrize(("power", "status"), [(1, 0), (2, 1)])
def test_a_cost_that_is_not_linear_is_exit_status_1(
    power: int, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(growth, "measure", lambda **_: rows(lambda n: float(n**power)))
    with pytest.raises(SystemExit) as ended:
        growth.main()
    assert ended.value.code == status
    assert ("list: the cost per item of stages rises by 10.00" in capsys.readouterr().out) is bool(status)


def test_sessions_are_the_established_connections_to_the_database():
    here = f"{int.from_bytes(socket.inet_aton('127.0.0.9'), sys.byteorder):08X}"
    table = [
        "  sl  local_address rem_address   st tx_queue rx_queue",
        f"   0: 0100007F:9C40 {here}:05F1 01 00000000:00000000",
        f"   1: 0100007F:9C41 {here}:05F1 06 00000000:00000000",
        f"   2: {here}:05F1 0100007F:9C40 01 00000000:00000000",
        f"   3: 0100007F:9C42 {here}:2383 01 00000000:00000000",
        f"   4: 0000000000000000FFFF00000100007F:9C43 0000000000000000FFFF0000{here}:05F1 01 0",
        "   5: 0100007F:9C44 0A00007F:05F1 01 00000000:00000000",
    ]
    assert connections(table, "127.0.0.9", 1521) == 2
