"""Read what Debezium has passed over: what is known from the state table, and the worker's log since then."""

from collections.abc import Callable

from connector.domain.health.observation import ConnectorStatus
from connector.domain.health.skipped_changes import SKIPPED_KEY, SkippedChanges
from connector.domain.health.skipped_lines import WORDS
from lambda_src.clients.state_table import Table, read_item
from lambda_src.clients.worker_log import Logs, events_with
from lambda_src.runtime.probes import Probe, run
from lambda_src.session import Session

#: Seconds for the log, and for the probe that reads it.
_LOG_SECONDS, _PROBE_SECONDS = 5.0, 8.0
#: The probe, under which an error is reported.
PROBE = "skipped changes"


def known_skips(table: Table) -> SkippedChanges:
    """What earlier checks have found; nothing when there was none."""
    item = read_item(table, SKIPPED_KEY)
    return SkippedChanges() if item is None else SkippedChanges.from_item(item)


def with_new_skips(
    session: Session,
    known: SkippedChanges | None,
    logs: Callable[[], Logs],
    status: ConnectorStatus | None,
    now: float,
) -> tuple[SkippedChanges | None, dict[str, str]]:
    """With what the log has told since the last check, and why it could not be read.

    A log that cannot be read is an error of the check: nothing else tells of these changes. While Connect
    gives no connector there may be no log yet; nothing is lost, as the next check reads from the same time.
    """
    if known is None or status is None:
        return known, {}
    group = session.stage.names.connector_log_group

    def read() -> SkippedChanges:
        since, until = known.since(now), int(now * 1000)
        events, read_to = events_with(logs(), group, since, until, WORDS, seconds=_LOG_SECONDS)
        return known.with_lines(events, read_to)

    seen, errors = run([Probe(PROBE, read, _PROBE_SECONDS)])
    return seen.get(PROBE, known), dict(errors)
