"""The kind `jdbc`: what is seen of its source and of how far it has read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.polled_source import PolledSource, newest_read, polled_checks
from connector.domain.stage.topics import JDBC_TABLES

NOW = 1_800_000_000.0
TABLES = [f"{schema}.{table}" for schema, table in JDBC_TABLES]

anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def offset(table: str, moment: Any) -> dict[str, Any]:
    """As Connect stores it for Confluent's connector."""
    return {
        "partition": {"protocol": "1", "table": table},
        "offset": {"timestamp": moment, "timestamp_nanos": 1000000},
    }


def checks(source: PolledSource, in_flight: float | None = 0) -> dict[str, tuple[bool | None, str]]:
    found = polled_checks(source, "", in_flight, NOW)
    return {each.name: (each.ok, each.reason or each.summary) for each in found}


def test_of_each_table_the_newest_timestamp_is_read_and_debeziums_own_offset_is_left_out() -> None:
    stored = [offset(TABLES[0], 1714979289123), {"partition": {"server": "wms"}, "offset": {"scn": "1"}}]
    assert newest_read(stored) == {TABLES[0]: 1714979289.123}


@given(st.lists(st.dictionaries(st.sampled_from(["partition", "offset"]), anything)))
def test_offsets_of_another_form_are_no_error(stored: list[dict[str, Any]]) -> None:
    assert all(isinstance(table, str) for table in newest_read(stored))


def test_a_source_that_is_read_says_how_far() -> None:
    found = checks(PolledSource(newest={TABLES[0]: NOW - 30, TABLES[1]: NOW - 600}))
    assert found == {
        "source": (True, "the connector opens a connection to the database"),
        "lag": (
            True,
            f"SYS_ADD_TS of the newest row read: {TABLES[0]} 30 s ago, {TABLES[1]} 10 min ago",
        ),
    }


def test_a_table_that_was_never_read_is_not_well_and_not_wrong() -> None:
    assert checks(PolledSource(newest={TABLES[0]: NOW}))["lag"] == (
        None,
        f"of {TABLES[1]} no row has been read yet",
    )


def test_a_clock_of_another_zone_is_said() -> None:
    found = checks(PolledSource(newest=dict.fromkeys(TABLES, NOW + 4 * 3600)))
    assert "240 min ahead (is it not UTC?)" in found["lag"][1]


@pytest.mark.parametrize(("waiting", "ok"), [(None, True), (999, True), (1000, False)])
def test_rows_that_wait_for_the_brokers_are_lag(waiting: float | None, ok: bool) -> None:
    assert checks(PolledSource(newest=dict.fromkeys(TABLES, NOW)), waiting)["lag"][0] is ok
