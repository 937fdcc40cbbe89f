"""What a launch looks for before it says that a connector runs: something that arrives, not only a state.

Streaming: a heartbeat on its topic that was written lately, after the registration and by this worker, and of
a stage with a heartbeat table its change. During a snapshot no heartbeat is due, but the task's count of
written records grows. The kind `jdbc` has neither: its validation opens a connection, as `verify` looks at
it.
"""

import time
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture import validation_errors
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.errors import ServerError
from connector.domain.health.lag import staleness_limit
from connector.domain.health.observation import Observation
from connector.domain.health.refused_login import SECRET_OF
from lambda_src.clients.kafka_port import UNKNOWN_TOPIC
from lambda_src.connect_admin.registration.validate import connector_errors, refused
from lambda_src.session import Session

#: How long one request waits for what is due in a moment, and how often it looks, in seconds.
_SECONDS = 15.0
_EVERY_SECONDS = 1.0
#: Heartbeats that are rarer than this, in seconds, are not waited for: a launch waits 300 s for this step.
LONGEST_SECONDS = 200
_VALIDATION_SECONDS = 12.0


def arrived(session: Session, seen: Observation, done: Answer) -> Answer:
    """The answer `done`, with what has arrived; WAITING as long as nothing has."""
    if session.environment.settings.kind != "debezium":
        return gets_a_connection(session, done)
    if seen.source is not None and seen.source.snapshot_running and not seen.source.streaming:
        return _snapshot(session, seen, done)
    return _heartbeat(session, seen, done)


def gets_a_connection(session: Session, done: Answer) -> Answer:
    """Of a kind without heartbeats: whether its validation, which lists tables, gets a connection.

    A refused login fails at once, and its version is remembered: waiting would repeat it until the account is
    locked.
    """
    errors = connector_errors(session, session.connect(_VALIDATION_SECONDS))
    if any(diagnose(error.message).error_class.name in SECRET_OF for error in errors):
        return refused(session, errors)
    if errors:
        why = validation_errors.about_fields(errors, session.database_address)
        return replace(done, state=State.WAITING, summary=f"its task runs, but it gets no connection: {why}")
    looked = (
        "this kind of connector has no heartbeat: looked for instead that it opens a connection to the "
        "database"
    )
    return _with(done, looked)


def _snapshot(session: Session, seen: Observation, done: Answer) -> Answer:
    """Whether rows are written while the snapshot runs; two readings of one task tell it."""
    status = seen.connector
    address = status.running_at[0] if status is not None and status.running_at else ""
    before = None if seen.source is None else seen.source.written
    if not address or before is None:
        return replace(done, state=State.WAITING, summary=f"{done.summary}; its rows are not counted yet")
    now = session.deadline.poll(
        lambda: session.source_at(address),
        lambda source: not source.snapshot_running or (source.written or 0) > before,
        every=_EVERY_SECONDS,
        at_most=_SECONDS,
    )
    written = now.written or 0
    if written > before:
        looked = f"{written:,.0f} rows so far, and rising; heartbeats follow once it has ended"
        return replace(_with(done, looked), details={**done.details, "snapshot": looked})
    ended = "it has just ended" if not now.snapshot_running else f"no row came in {_SECONDS:.0f} s"
    return replace(
        done, state=State.WAITING, summary=f"{done.summary}: {written:,.0f} rows so far, but {ended}"
    )


def _heartbeat(session: Session, seen: Observation, done: Answer) -> Answer:
    settings = session.environment.settings
    if settings.heartbeat_seconds > LONGEST_SECONDS:
        rare = f"a heartbeat is due each {settings.heartbeat_seconds} s, which a launch does not wait for"
        return _with(done, f"{rare}: the health check looks for it")
    roles = ("heartbeat", *(("heartbeat_table",) if settings.heartbeat_table else ()))
    # A launch that changed nothing has no moment of a change: the newest heartbeat may then be hours old.
    lately = time.time() - staleness_limit(settings.heartbeat_seconds)
    after = max(session.since, _worker_began(session, seen), lately)
    with session.kafka() as kafka:

        def newest() -> dict[str, float | None]:
            found: dict[str, float | None] = {}
            for role in roles:
                try:
                    found[role] = kafka.newest(session.stage.topics.one(role))
                except ServerError as error:
                    if error.status != UNKNOWN_TOPIC:
                        raise
                    found[role] = None
            return found

        found = session.deadline.poll(
            newest,
            lambda found: all(at is not None and at > after for at in found.values()),
            every=_EVERY_SECONDS,
            at_most=_SECONDS,
        )
    missing = [session.stage.topics.one(role) for role, at in found.items() if at is None or at <= after]
    if missing:
        what = " and ".join(missing)
        return replace(
            done, state=State.WAITING, summary=f"{done.summary}, but no new record has arrived on {what} yet"
        )
    way = "a heartbeat went from the database to its topic" if len(roles) > 1 else "a heartbeat has arrived"
    return _with(done, way)


def _worker_began(session: Session, seen: Observation) -> float:
    """When ECS made the worker that runs the task, in seconds since 1970; 0 when that is not known."""
    running = () if seen.connector is None else seen.connector.running_at
    made = [task.created_at or 0.0 for task in session.service.tasks if task.address in running]
    return max(made, default=0.0)


def _with(done: Answer, looked: str) -> Answer:
    return replace(done, summary=f"{done.summary}; {looked}")
