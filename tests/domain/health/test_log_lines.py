"""Lines of the worker's log that start the health function are those that its filter sends."""

import pytest

from connector.domain.health.log_batch import LogBatch
from connector.domain.health.log_lines import missing_log, task_failed_at
from connector.domain.health.log_phrases import LAST_ATTEMPT_SECONDS, LOG_ATTEMPTS, PATTERN
from connector.domain.health.worker_event import EventKind
from connector.local.aws_shims.log_filters import matcher

SENT = matcher(PATTERN)
AT_MS = 1_800_000_000_000
FAILED = (
    "2026-01-02T03:04:05.678Z ERROR [wms-oracle-cdc|task-0] ExactlyOnceWorkerSourceTask{id=wms-oracle-cdc-0} "
    "Task threw an uncaught and unrecoverable exception. Task is being killed and will not recover until "
    "manually restarted [o.a.k.c.r.WorkerTask] java.net.SocketException: Broken pipe"
)


def looked(attempt: int) -> str:
    """What Debezium logs when it has looked in vain for so many times."""
    told = f"No logs available yet (attempt {attempt})..."
    return f"2026-01-02T03:04:05.678Z INFO  {told} [i.d.c.o.l.LogFileCollector]"


def batch(*lines: str) -> LogBatch:
    return LogBatch("group", "worker/kafka-connect/t1", tuple((AT_MS, line) for line in lines))


def test_a_failed_task_is_sent_and_read():
    assert SENT(FAILED)
    assert task_failed_at(batch("x", FAILED)) == AT_MS / 1000
    assert task_failed_at(batch(FAILED.replace(" ERROR ", " INFO  "))) is None
    assert task_failed_at(batch(looked(LOG_ATTEMPTS))) is None


def test_a_log_that_is_missing_to_the_last_attempt_is_sent_and_read_with_the_time_of_the_first():
    line = looked(LOG_ATTEMPTS)
    assert SENT(line)
    found = missing_log(batch("x", line))
    assert found is not None
    assert (found.kind, found.cause.name) == (EventKind.LOG_MISSING, "log missing")
    assert found.at == AT_MS / 1000 - LAST_ATTEMPT_SECONDS
    assert found.key == f"t1/{AT_MS}"
    assert found.told == " ".join(line.split())


def test_the_time_of_the_last_attempt_is_what_the_waits_before_it_add_up_to():
    assert sum(2**wait for wait in range(LOG_ATTEMPTS - 1)) == LAST_ATTEMPT_SECONDS


@pytest.mark.parametrize("attempt", range(1, LOG_ATTEMPTS))
def test_a_log_that_may_still_be_archived_is_neither_sent_nor_read(attempt: int):
    assert not SENT(looked(attempt))
    assert missing_log(batch(looked(attempt))) is None


def test_a_row_with_the_same_words_is_no_missing_log():
    line = f"2026-01-02T03:04:05.678Z WARN  VALUES ('{looked(LOG_ATTEMPTS)}') [i.d.c.o.l.X]"
    assert missing_log(batch(line)) is None
