"""The one evaluation of an observation: for the health check, `status`, `verify` and a registration. Pure."""

import math

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.speaker import Speaker
from connector.domain.health import metrics
from connector.domain.health.at_rest import NO_WORKER, no_worker_meant, reads_nothing
from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.domain.health.error_classes import (
    ARCHIVED_LOG_EXPIRING,
    BUFFER_FILLING,
    CONNECTOR_MISSING,
    HEARTBEAT_TABLE_STALE,
    LAGGING,
    NO_SERVICE,
    NOT_RUNNING,
    STALLED,
    named,
)
from connector.domain.health.finding import Finding
from connector.domain.health.halt import HaltedBy
from connector.domain.health.headroom import judged
from connector.domain.health.lag import LATELY_SECONDS, lag_now, staleness_limit
from connector.domain.health.observation import POSITION_PROBE, ConnectorStatus, Observation, Source
from connector.domain.stage.aws_names import CONNECTOR

#: Said of the source while no task reads it. The value is published, so that an alarm from before ends.
_NOTHING_READ = "not judged: no task reads it"
#: The reason for a part that no probe read; why not is reported elsewhere.
_NOT_OBSERVED = "it was not checked"


def findings(
    seen: Observation,
    settings: ConnectorSettings,
    now: float,
    *,
    missing: bool = False,
    idle: bool = False,
) -> list[Finding]:
    """Evaluate what was seen, and only that: the consequences of an error are not counted again.

    `missing`: Connect has given no status of the connector for long enough to count: a rebalance answers 404,
    409 and 500 for a while. `idle`: connector or task has not been running for as long: a rebalance leaves
    the task unassigned.
    """
    results = [
        *_health_check(seen),
        *_service(seen),
        *_connect(seen),
        *_brokers(seen),
        *_database(seen),
        *_connector(seen, missing=missing, idle=idle),
        *_task(seen),
    ]
    if settings.kind == "debezium":
        results += _source(seen, results)
        results += _depth(seen, settings, now)
        results += _headroom(seen, settings, now)
        results += _heartbeat(seen, settings, now, results)
    return results


def _health_check(seen: Observation) -> list[Finding]:
    """The probes that failed, except those whose failure another finding reports."""
    reasons = [f"{probe}: {reason}" for probe, reason in seen.probe_errors.items() if probe not in _EXPLAINED]
    if not reasons:
        return [Finding.passed("HealthCheckFailed", "everything could be checked")]
    return [Finding.failed("HealthCheckFailed", "; ".join(reasons))]


#: Probes whose error is not an error of the check itself: Connect gives no status for a while during a
#: rebalance, a worker without metrics is reported as a source that is not connected, and without the position
#: the archived log that is left is not known.
_EXPLAINED = ("connector", "source", POSITION_PROBE)


def _unobserved(seen: Observation, name: str, *probes: str) -> list[Finding]:
    """The finding about a part that could not be read."""
    reasons = (seen.probe_errors[probe] for probe in probes if probe in seen.probe_errors)
    return [Finding.unsure(name, next(reasons, seen.no_service or _NOT_OBSERVED))]


def _service(seen: Observation) -> list[Finding]:
    service = seen.service
    if seen.no_service:
        return [Finding.failed("EcsServiceUnhealthy", seen.no_service, NO_SERVICE)]
    if service is None:
        return _unobserved(seen, "EcsServiceUnhealthy", "service")
    workers = f" on {', '.join(service.addresses)}" if service.addresses else ""
    summary = f"{service.describe()}{workers}, deployment {service.rollout or 'unknown'}"
    if service.rollout_failed:
        reason = f"ECS stopped the deployment: {service.rollout_reason or 'no reason given'}"
    elif no_worker_meant(seen):
        return [Finding.passed("EcsServiceUnhealthy", NO_WORKER)]
    elif service.desired == 0:
        reason = "the service's desired count is 0, so no worker runs"
    elif service.running < service.desired:
        reason = service.describe()
    else:
        return [Finding.passed("EcsServiceUnhealthy", summary)]
    return [
        Finding.failed("EcsServiceUnhealthy", reason + service.why_none, seen.worker_error, summary=summary)
    ]


def _connect(seen: Observation) -> list[Finding]:
    if no_worker_meant(seen):
        return [Finding.passed("ConnectApiUnreachable", NO_WORKER)]
    if seen.connect_answers is None:
        return _unobserved(seen, "ConnectApiUnreachable", "connect", "service")
    if not seen.connect_answers:
        version = seen.connect_root.get("version", "of unknown version")
        return [Finding.passed("ConnectApiUnreachable", f"Kafka Connect {version} answers")]
    return [Finding.failed("ConnectApiUnreachable", seen.connect_answers, seen.worker_error)]


def _brokers(seen: Observation) -> list[Finding]:
    if seen.brokers is None:
        return _unobserved(seen, "BrokersUnreachable", "brokers", "secrets")
    if not seen.brokers.error:
        return [Finding.passed("BrokersUnreachable", "the brokers answer")]
    return [Finding.failed("BrokersUnreachable", seen.brokers.error, named("brokers"))]


def _database(seen: Observation) -> list[Finding]:
    """One listener that answers is enough."""
    if not seen.database:
        return _unobserved(seen, "DbTcpUnreachable", "database", "secrets")
    silent = {listener: reason for listener, reason in seen.database.items() if reason}
    if len(silent) < len(seen.database):
        return [Finding.passed("DbTcpUnreachable", f"{', '.join(seen.database)} accepts connections")]
    message = "; ".join(f"{listener}: {reason}" for listener, reason in silent.items())
    return [Finding.failed("DbTcpUnreachable", message, named("unreachable"))]


def _connector(seen: Observation, *, missing: bool, idle: bool) -> list[Finding]:
    if no_worker_meant(seen):
        names = ("ConnectorStateFailed", "ConnectorTaskFailed")
        return [Finding.passed(name, NO_WORKER) for name in names]
    if seen.connect_answers != "":
        return []
    status = seen.connector
    if status is None:
        return [_no_connector(seen, missing=missing)]
    summary, tasks = f"{CONNECTOR} {status.state}", _tasks(status)
    state = Finding.passed("ConnectorStateFailed", summary)
    if status.halted:
        if seen.halt.by is HaltedBy.LOGIN:
            reason = f"{CONNECTOR} is {status.state}: {seen.halt.describe()}"
            state = Finding.failed("ConnectorStateFailed", reason, named(seen.halt.error_class))
        return [state, Finding.passed("ConnectorTaskFailed", tasks)]
    if status.state_failed:
        told = diagnose(status.trace)
        state = Finding.failed("ConnectorStateFailed", told.cause, told.error_class)
    if status.idle:
        reason = f"not running: {status.describe()}"
        if idle:
            return [state, Finding.failed("ConnectorTaskFailed", reason, NOT_RUNNING)]
        return [state, Finding.unsure("ConnectorTaskFailed", reason, NOT_RUNNING)]
    failed = [task for task in status.tasks if task.failed]
    if not failed:
        return [state, Finding.passed("ConnectorTaskFailed", tasks)]
    message = "; ".join(f"task {task.id}: {diagnose(task.trace).cause}" for task in failed)
    cause = diagnose(failed[0].trace).error_class
    return [state, Finding.failed("ConnectorTaskFailed", message, cause, len(failed), summary=tasks)]


def _no_connector(seen: Observation, *, missing: bool) -> Finding:
    reason = seen.probe_errors.get("connector", f"Connect has no connector {CONNECTOR}")
    judge = Finding.failed if missing else Finding.unsure
    return judge("ConnectorStateFailed", reason, CONNECTOR_MISSING)


def _tasks(status: ConnectorStatus) -> str:
    """Each task with its worker."""
    message = [f"task {t.id} {t.state}" + (f" on {t.worker}" if t.worker else "") for t in status.tasks]
    return ", ".join(message) or "no task"


def _task(seen: Observation) -> list[Finding]:
    """What the task's worker measures. One reading of the heap is no finding: its alarm needs two."""
    measured = {} if seen.source is None else seen.source.of_worker
    units = {name: " %" if metrics.metric(name).unit == "Percent" else "" for name in measured}
    return [Finding.passed(name, f"{value:.0f}{units[name]}", value) for name, value in measured.items()]


def _streams(seen: Observation) -> bool:
    """Whether a task is meant to run, and does as far as Connect knows."""
    return seen.connector is not None and seen.connector.streams


def _source(seen: Observation, results: list[Finding]) -> list[Finding]:
    """Connect reports RUNNING for ever while the database cannot be reached: only the metrics show that."""
    if reads_nothing(seen):
        return [Finding.passed("SourceDisconnected", _NOTHING_READ)]
    if not _streams(seen):
        return []
    source = seen.source
    if source is not None and source.connected:
        queue = "" if source.queue_used_ratio is None else f", queue {source.queue_used_ratio:.0%} full"
        return [Finding.passed("SourceDisconnected", f"connected: {source.describe()}{queue}")]
    if source is None:
        reason = f"the worker's metrics cannot be read: {seen.probe_errors.get('source', 'no reason given')}"
    else:
        reason = source.describe()
    if seen.log_message:
        reason = f"{reason}; last error in the worker's log: {diagnose(seen.log_message).cause}"
    return [Finding.failed("SourceDisconnected", reason, _disconnected(seen, results))]


def _disconnected(seen: Observation, results: list[Finding]) -> ErrorClass:
    """The class of what keeps a source from being connected."""
    if any(finding.name == "DbTcpUnreachable" and finding.ok is False for finding in results):
        return named("unreachable")
    cause = diagnose(seen.log_message, about=Speaker.DATABASE).error_class
    return named("no-session") if cause is UNKNOWN else cause


def _depth(seen: Observation, settings: ConnectorSettings, now: float) -> list[Finding]:
    source = seen.source
    results = []
    if source is not None:
        snapshot = "a snapshot runs" if source.snapshot_running else "no snapshot runs"
        results.append(Finding.passed("SnapshotRunning", snapshot, float(source.snapshot_running)))
        if source.seconds_since_last_event is not None:
            event = f"{source.seconds_since_last_event:.0f} s ago"
            results.append(Finding.passed("SecondsSinceLastEvent", event, source.seconds_since_last_event))
        if source.queue_used_ratio is not None:
            results.append(
                Finding.passed(
                    "QueueUsedPercent", f"{source.queue_used_ratio:.0%}", 100 * source.queue_used_ratio
                )
            )
        results += _buffer(source)
        results.append(_lag(seen, settings, now))
    return results


def _buffer(source: Source) -> list[Finding]:
    """Changes of an open transaction wait on the heap for its commit: told before the heap ends."""
    percent, name = source.buffer_percent, "TransactionBufferPercent"
    if percent is None:
        return []
    held = f"{source.buffered_changes:,.0f} changes of open transactions: about {percent:.0f} % of the heap"
    if percent >= _threshold(name):
        return [Finding.failed(name, held, BUFFER_FILLING, percent)]
    return [Finding.passed(name, held, percent)]


def _headroom(seen: Observation, settings: ConnectorSettings, now: float) -> list[Finding]:
    """Whether the archived log still reaches back to the connector's position, and for how long.

    If the stage's settings say how long archived log is kept, an unknown headroom is a finding that this
    check cannot decide. Otherwise it stays unknown: the check says so, and the stage can still be healthy.
    """
    room, name = judged(seen, settings, now), "ScnHeadroomMinutes"
    if room is None:
        return []
    if room.shown is not None and room.shown < _threshold(name):
        return [Finding.failed(name, room.text, ARCHIVED_LOG_EXPIRING, room.shown)]
    if room.minutes is not None or room.nothing_to_lose:
        return [Finding.passed(name, room.text, room.minutes)]
    if not settings.archived_log_hours:
        return [Finding(name, ok=True, summary=room.text, unknown=True)]
    return [Finding.unsure(name, room.text, ARCHIVED_LOG_EXPIRING)]


def _lag(seen: Observation, settings: ConnectorSettings, now: float) -> Finding:
    """An unknown lag is not a finding: on a quiet database the heartbeat shows that everything was read."""
    source, name = seen.source, "ReplicationLagSeconds"
    if source is None:
        return Finding.passed(name, "not known", value=None)
    beats = _age(None if seen.brokers is None else seen.brokers.newest, now)
    lag = lag_now(
        source.seconds_behind_source,
        source.seconds_since_last_event,
        staleness_limit(settings.heartbeat_seconds),
        beats,
    )
    event = (
        "no event seen yet"
        if source.seconds_since_last_event is None
        else f"last event {source.seconds_since_last_event:.0f} s ago"
    )
    if lag is None:
        once = (
            ""
            if source.seconds_behind_source is None
            else f": {source.seconds_behind_source:.1f} s of lag at the last change"
        )
        return Finding.passed(name, f"not known{once}, {event}", value=None)
    if lag >= settings.lag_alarm_seconds:
        return Finding.failed(name, f"{lag:.0f} s behind the database", LAGGING, lag)
    return Finding.passed(name, f"{lag:.1f} s behind the database, {event}", lag)


def _heartbeat(
    seen: Observation, settings: ConnectorSettings, now: float, results: list[Finding]
) -> list[Finding]:
    brokers = seen.brokers
    rest = [Finding.passed("HeartbeatMissing", _NOTHING_READ)] if reads_nothing(seen) else []
    if brokers is None or brokers.error:
        return rest
    age = _age(brokers.newest, now)
    of_table = _age(brokers.newest_of_table, now) if settings.heartbeat_table else None
    measured = [
        Finding.passed(metric, f"{value:.0f} s", value)
        for metric, value in (("HeartbeatAgeSeconds", age), ("HeartbeatTableAgeSeconds", of_table))
        if value is not None
    ]
    if _streams(seen) and HEARTBEAT_REFUSED in seen.log_message:
        # Whether it is connected at this moment or not: a refusal that is repeated starts the task each time.
        told = diagnose(seen.log_message)
        reason = f"the database refuses the heartbeat statement: {told.cause}"
        return [*measured, Finding.failed("HeartbeatMissing", reason, told.error_class)]
    if rest:
        return [*measured, *rest]
    hidden = any(f.name == "SourceDisconnected" and f.ok is False for f in results)
    if hidden or not _streams(seen) or seen.source is None or seen.source.snapshot_running:
        return measured
    beat = _beat(seen, settings, age, of_table)
    if beat.ok and settings.heartbeat_table and seen.log_unread:
        reason = "the worker's log cannot be read, which shows whether the database refuses the heartbeat"
        beat = Finding.unsure(beat.name, reason)
    return [*measured, beat]


def _beat(
    seen: Observation, settings: ConnectorSettings, age: float | None, of_table: float | None
) -> Finding:
    """Whether heartbeats arrive, and those of the heartbeat table where the stage has one."""
    name, longest = "HeartbeatMissing", staleness_limit(settings.heartbeat_seconds)
    if seen.brokers is not None and seen.brokers.missing:
        reason = f"these topics do not exist: {', '.join(seen.brokers.missing)}"
        return Finding.failed(name, reason, named("unknown topic"))
    if empty := _empty(seen, settings):
        cause = STALLED if age is None else HEARTBEAT_TABLE_STALE
        # Where heartbeats are rare, an empty topic may mean that none was due yet.
        if longest > LATELY_SECONDS:
            return Finding.unsure(name, empty, cause)
        return Finding.failed(name, empty, cause)
    if age is not None and age > longest:
        return Finding.failed(name, f"the newest heartbeat is {age:.0f} s old", STALLED)
    if of_table is not None and of_table > longest:
        table = settings.heartbeat_table
        reason = f"heartbeats arrive, but the newest change of table {table} is {of_table:.0f} s old"
        return Finding.failed(name, reason, HEARTBEAT_TABLE_STALE)
    return Finding.passed(name, "" if age is None else f"the newest heartbeat is {age:.0f} s old")


def _empty(seen: Observation, settings: ConnectorSettings) -> str:
    """The reason if a heartbeat topic is empty: it keeps records for a day, so a long silence empties it."""
    if seen.brokers is None or seen.brokers.newest is None:
        return "the heartbeat topic is empty"
    if settings.heartbeat_table and seen.brokers.newest_of_table is None:
        return f"heartbeats arrive, but there is no change of the heartbeat table {settings.heartbeat_table}"
    return ""


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)


def _threshold(name: str) -> float:
    alarm = metrics.metric(name).alarm
    return math.inf if alarm is None else alarm.threshold
