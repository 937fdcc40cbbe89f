"""Health check and `verify` read one lag out of Debezium's numbers."""

import pytest

from connector.domain.health.lag import LATELY_SECONDS, lag_now, patience


@pytest.mark.parametrize(
    ("behind", "since_event", "heartbeat_age", "expected"),
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
    behind: float | None, since_event: float | None, heartbeat_age: float | None, expected: float | None
):
    assert lag_now(behind, since_event, 300, heartbeat_age) == expected


def test_rare_heartbeats_ask_for_more_patience():
    assert patience(1) == patience(100) == LATELY_SECONDS
    assert patience(3600) == 3 * 3600
