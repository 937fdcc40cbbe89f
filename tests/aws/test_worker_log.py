"""What a request for the status takes of the worker's log."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.aws import worker_log
from connector.aws.worker_log import status_events
from connector.domain.health.skipped_changes import FIRST_MS
from connector.domain.health.skipped_lines import skip_in
from tests.support import silent_lines as lines
from tests.support.fake_aws import FakeAws

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TABLE = "WMS.PLAN_BASE_WVR_TBL"
_TRACE = "2026-01-02T03:03:00.000Z ERROR [wms-oracle-cdc|task-0] failed | a.b.SomeException: words"


def _events(*log: tuple[float, str]) -> tuple[tuple[int, str], ...]:
    aws = FakeAws()
    aws.log_events = [(NOW.timestamp() - ago, message) for ago, message in log]
    found = status_events(aws, "group", NOW)
    assert found is not None
    return found


def test_it_is_the_tasks_newest_lines_and_an_hour_of_those_that_tell_of_skipped_changes():
    hour = FIRST_MS / 1000
    found = _events(
        (hour + 5, lines.truncated(TABLE, 1)),
        (hour - 5, lines.truncated(TABLE, 2)),
        (1000, _TRACE),
        (60, _TRACE),
        (50, lines.dropped(TABLE)),
        (40, "2026-01-02T03:03:20.000Z INFO  another line"),
    )
    assert [line for _, line in found] == [
        lines.truncated(TABLE, 2),
        _TRACE,
        *[line for _, line in found if line == lines.dropped(TABLE)],
    ]
    assert any(line == lines.dropped(TABLE) for _, line in found)


def test_a_flood_of_long_lines_stays_small_and_its_newest_still_tells(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker_log, "_MOST_SKIPS", 5)
    flood = [(2000 - n, lines.schema_change("WMS", f"drop table T{n} " + "x" * 9000)) for n in range(20)]
    found = _events(*flood)
    assert len(found) == 5
    assert sum(len(line) for _, line in found) <= 5 * 2000
    seen = skip_in(found[-1][1])
    assert seen is not None
    assert seen.table == "WMS.T19"


def test_a_line_of_another_level_that_has_the_word_is_no_error():
    aws = FakeAws()
    info = "2026-01-02T03:03:30.000Z INFO  the level of the root logger is ERROR"
    aws.log_events = [(NOW.timestamp() - 30, _TRACE), (NOW.timestamp() - 10, info)]
    assert worker_log.last_error(aws, "group", NOW - timedelta(minutes=1)) == "SomeException: words"
