"""Read what Debezium has passed over: what is known from the state table, and the worker's log since then."""

from dataclasses import replace

from connector.domain.health.observation import Observation
from connector.domain.health.skipped_changes import SKIPPED_KEY, SkippedChanges
from connector.domain.health.skipped_lines import WORDS
from connector.domain.health.snapshot_lines import SNAPSHOT_WORDS
from connector.domain.health.state import HealthState
from lambda_src.clients.state_table import Table, read_item
from lambda_src.clients.worker_log import events_with
from lambda_src.session import Session

#: Seconds for the probe, and for reading the log, which keeps what it has read until then.
SECONDS, _LOG_SECONDS = 10.0, 6.0
#: The probe, under which an error is reported.
PROBE = "skipped changes"


def known_skips(table: Table) -> SkippedChanges:
    """What earlier checks have found; nothing when there was none."""
    item = read_item(table, SKIPPED_KEY)
    return SkippedChanges() if item is None else SkippedChanges.from_item(item)


def with_new_skips(session: Session, known: SkippedChanges, now: float) -> SkippedChanges:
    """With what the worker's log has told since the last check. `now` is in seconds since 1970.

    A log that cannot be read is an error of the check: nothing else tells of these changes. None is lost by
    that, as the next check reads from the same time. Ask only where there is a service, hence a log.
    """
    group = session.stage.names.connector_log_group
    since, until = known.since(now), int(now * 1000)
    events, read_to = events_with(
        session.aws.logs(), group, since, until, (*WORDS, *SNAPSHOT_WORDS), seconds=_LOG_SECONDS
    )
    return known.with_lines(events, read_to)


def with_set_back(seen: Observation, now: float) -> Observation:
    """With whether the database is behind the connector's position; `now` is in seconds since 1970."""
    if seen.skipped is None:
        return seen
    memory = (seen.health_state or HealthState()).scn
    return replace(seen, skipped=seen.skipped.with_position(seen.position, memory, seen.scn_sightings, now))
