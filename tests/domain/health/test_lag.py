"""Health check and `verify` read one lag out of Debezium's numbers."""

import pytest

from connector.domain.health.lag import LATELY_SECONDS, lag_now, staleness_limit


@pytest.mark.parametrize(
    ("seconds_behind_source", "seconds_since_last_event", "heartbeat_age", "expected"),
    [
        (1200.0, 10.0, None, 1200.0),
        (1200.0, 300.0, 5.0, 1200.0),
        (1200.0, None, None, 1200.0),
        (None, 10.0, 5.0, None),
        (1200.0, 40_000.0, 5.0, 0.0),
        (1200.0, 40_000.0, 300.0, 0.0),
        (1200.0, 40_000.0, 301.0, None),
        (1200.0, 40_000.0, None, None),
        (None, 40_000.0, 5.0, None),
    ],
)
def test_a_lag_counts_as_long_as_its_change_is_of_lately(
    seconds_behind_source: float | None,
    seconds_since_last_event: float | None,
    heartbeat_age: float | None,
    expected: float | None,
):
    assert lag_now(seconds_behind_source, seconds_since_last_event, 300, heartbeat_age) == expected


def test_rare_heartbeats_ask_for_more_time():
    assert staleness_limit(1) == staleness_limit(100) == LATELY_SECONDS
    assert staleness_limit(3600) == 3 * 3600
