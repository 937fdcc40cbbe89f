"""Lines of the worker's log that tell of a failed task, or of a redo log that is missing. Pure."""

from connector.domain.health.error_classes import named
from connector.domain.health.log_batch import LogBatch
from connector.domain.health.log_phrases import LAST_ATTEMPT_SECONDS, LOG_MISSING, TASK_FAILED
from connector.domain.health.printable import printable
from connector.domain.health.worker_event import EventKind, WorkerEvent

#: The class of Debezium's that looks for logs, as the log's pattern shortens it.
_COLLECTOR = "LogFileCollector]"


def task_failed_at(batch: LogBatch) -> float | None:
    """When a line told last that a task fails, in seconds since 1970; None if none does.

    Whether it still is so, a check sees.
    """
    found = [at for at, line in batch.events if " ERROR " in line and TASK_FAILED in line]
    return max(found) / 1000 if found else None


def missing_log(batch: LogBatch) -> WorkerEvent | None:
    """The event that the connector has looked in vain for its redo log for the last time; None if it has not.

    Its time is that of the first look. A log that is there after fewer looks is no event: one that was just
    switched is missing until it is archived.
    """
    found = [(at, line) for at, line in batch.events if LOG_MISSING in line and line.endswith(_COLLECTOR)]
    if not found:
        return None
    at, line = found[-1]
    return WorkerEvent(
        EventKind.LOG_MISSING,
        f"{batch.task}/{at}",
        named("log missing"),
        at=at / 1000 - LAST_ATTEMPT_SECONDS,
        reason=printable(line),
    )
