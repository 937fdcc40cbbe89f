"""The one judge of an observation: for the health check, `status`, `verify` and a registration. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health import metrics
from connector.domain.health.causes import HEARTBEAT_REFUSED, root_cause
from connector.domain.health.error_classes import (
    CONNECTOR_MISSING,
    LAGGING,
    NOT_RUNNING,
    POSITION,
    STALLED,
    UNKNOWN,
    UNREAD,
    WORKER,
    ErrorClass,
    classify,
    named,
)
from connector.domain.health.lag import LATELY_SECONDS, lag_now, patience
from connector.domain.health.observation import ConnectorStatus, Observation
from connector.domain.health.state import Memory
from connector.domain.stage.names import CONNECTOR

#: In how many checks in a row Connect must not tell of the connector before that counts: a rebalance answers
#: 404, 409 and 500 for a while.
CONFIRMED = 2
#: For how long, in seconds, it must not run before that counts: a rebalance leaves the task unassigned. Less
#: than between two checks of any schedule, so that the second one counts, and more than a rebalance takes.
IDLE_SECONDS = 45
#: What is said of a part that no probe looked at, for a reason that is told elsewhere.
_NOT_OBSERVED = "it was not observed"


@dataclass(frozen=True)
class Finding:
    """One thing that was judged. `name` is its metric, or the check of `verify` that judged it.

    `ok` is None when one look is not enough to say. `reason` says in one line why it is not ok, or not sure.
    `value` is what its metric measures; None publishes nothing. `cause` is the class of the trouble.
    `summary` says what was seen. `next_step` is what to do where the class does not say it.
    """

    name: str
    ok: bool | None
    reason: str = ""
    value: float | None = None
    cause: ErrorClass | None = None
    summary: str = ""
    next_step: str = ""

    @classmethod
    def passed(cls, name: str, summary: str = "", value: float | None = 0) -> "Finding":
        """What is as it must be."""
        return cls(name, ok=True, value=value, summary=summary)

    @classmethod
    def failed(
        cls, name: str, reason: str, cause: ErrorClass | None = None, value: float = 1, summary: str = ""
    ) -> "Finding":
        """What is not as it must be."""
        return cls(name, False, reason, value, cause, summary)

    @classmethod
    def unsure(cls, name: str, reason: str, cause: ErrorClass | None = None) -> "Finding":
        """What this look alone cannot judge: `cause` is the class if it lasts."""
        return cls(name, None, reason, cause=cause)


def findings(
    seen: Observation, settings: ConnectorSettings, now: float, untold: int, *, idle: bool = False
) -> list[Finding]:
    """Judge what was seen, and only that: a trouble that hides another is not counted twice.

    `untold`: in how many checks in a row, this one included, Connect has not told of the connector; `idle`:
    it has told of one that does not run for long enough.
    """
    judged = [
        *_health_check(seen),
        *_service(seen),
        *_connect(seen),
        *_brokers(seen),
        *_database(seen),
        *_connector(seen, untold, idle=idle),
        *_task(seen),
    ]
    if settings.kind == "debezium":
        judged += _source(seen, judged)
        judged += _depth(seen, settings, now)
        judged += _heartbeat(seen, settings, now, judged)
    return judged


def not_ok(judged: Sequence[Finding]) -> tuple[Finding, ...]:
    """What is surely not as it must be."""
    return tuple(finding for finding in judged if finding.ok is False)


def by_metric(judged: Sequence[Finding]) -> Mapping[str, float]:
    """What is published: nothing of what is not sure."""
    return {f.name: f.value for f in judged if f.value is not None and f.ok is not None}


def headroom_minutes(
    seen: Observation, settings: ConnectorSettings, memory: Memory, now: float
) -> float | None:
    """For how long the archived log still reaches back to the position; None when that cannot be known.

    While the task has failed nothing tells its position: it is as old as when it was last seen, and older by
    the time since.
    """
    if not settings.archived_log_hours:
        return None
    place = position(seen, now) or memory.position
    if place is None:
        return None
    at, age = place
    return settings.archived_log_hours * 60 - (age + now - at) / 60


def position(seen: Observation, now: float) -> tuple[int, int] | None:
    """When the position was seen and how old it was, where Oracle's metrics say so."""
    source = seen.source
    if source is None or source.position_age is None:
        return None
    return int(now), int(source.position_age)


def _health_check(seen: Observation) -> list[Finding]:
    """Of the observation itself, what failed that nothing else explains."""
    reasons = [f"{probe}: {reason}" for probe, reason in seen.blind.items() if probe not in _EXPLAINED]
    if not reasons:
        return [Finding.passed("HealthCheckFailed", "everything could be observed")]
    return [Finding.failed("HealthCheckFailed", "; ".join(reasons))]


#: Probes whose trouble is not the check's own: a rebalance keeps Connect from telling a status for a while,
#: and a worker without metrics is a source that is not seen to be connected.
_EXPLAINED = ("connector", "source")


def _unobserved(seen: Observation, name: str, *probes: str) -> list[Finding]:
    """The finding about a part that nobody could see."""
    reasons = (seen.blind[probe] for probe in probes if probe in seen.blind)
    return [Finding.unsure(name, next(reasons, seen.no_service or _NOT_OBSERVED))]


def _service(seen: Observation) -> list[Finding]:
    service = seen.service
    if seen.no_service:
        return [Finding.failed("EcsServiceUnhealthy", seen.no_service, WORKER)]
    if service is None:
        return _unobserved(seen, "EcsServiceUnhealthy", "service")
    workers = f" on {', '.join(service.addresses)}" if service.addresses else ""
    summary = f"{service.describe()}{workers}, deployment {service.rollout or 'unknown'}"
    if service.rollout_failed:
        reason = f"ECS gave up the deployment: {service.rollout_reason or 'no reason given'}"
    elif service.desired == 0:
        reason = "no worker is wanted: the desired count is 0"
    elif service.running < service.desired:
        reason = service.describe()
    else:
        return [Finding.passed("EcsServiceUnhealthy", summary)]
    stopped = f"; the last task stopped: {service.last_stop}" if service.last_stop else ""
    return [Finding.failed("EcsServiceUnhealthy", reason + stopped, WORKER, summary=summary)]


def _connect(seen: Observation) -> list[Finding]:
    if seen.connect_answers is None:
        return _unobserved(seen, "ConnectApiUnreachable", "connect", "service")
    if not seen.connect_answers:
        version = seen.connect_root.get("version", "of unknown version")
        return [Finding.passed("ConnectApiUnreachable", f"Kafka Connect {version} answers")]
    return [Finding.failed("ConnectApiUnreachable", seen.connect_answers, WORKER)]


def _brokers(seen: Observation) -> list[Finding]:
    if seen.canary is None:
        return _unobserved(seen, "BrokersUnreachable", "brokers", "secrets")
    if not seen.canary.trouble:
        return [Finding.passed("BrokersUnreachable", "the brokers answer")]
    return [Finding.failed("BrokersUnreachable", seen.canary.trouble, named("brokers"))]


def _database(seen: Observation) -> list[Finding]:
    """One listener that answers is enough."""
    if not seen.database:
        return _unobserved(seen, "DbTcpUnreachable", "database", "secrets")
    silent = {listener: reason for listener, reason in seen.database.items() if reason}
    if len(silent) < len(seen.database):
        return [Finding.passed("DbTcpUnreachable", f"{', '.join(seen.database)} accepts connections")]
    told = "; ".join(f"{listener}: {reason}" for listener, reason in silent.items())
    return [Finding.failed("DbTcpUnreachable", told, named("unreachable"))]


def _connector(seen: Observation, untold: int, *, idle: bool) -> list[Finding]:
    if seen.connect_answers != "":
        return []
    status = seen.connector
    if status is None:
        reason = seen.blind.get("connector", f"Connect has no connector {CONNECTOR}")
        if untold < CONFIRMED:
            return [Finding.unsure("ConnectorStateFailed", reason, CONNECTOR_MISSING)]
        return [Finding.failed("ConnectorStateFailed", reason, CONNECTOR_MISSING)]
    summary, tasks = f"{CONNECTOR} {status.state}", _tasks(status)
    state = Finding.passed("ConnectorStateFailed", summary)
    if status.halted:
        return [state, Finding.passed("ConnectorTaskFailed", tasks)]
    if status.state_failed:
        state = Finding.failed("ConnectorStateFailed", root_cause(status.trace), classify(status.trace))
    if status.idle:
        reason = f"not running: {status.describe()}"
        if idle:
            return [state, Finding.failed("ConnectorTaskFailed", reason, NOT_RUNNING)]
        return [state, Finding.unsure("ConnectorTaskFailed", reason, NOT_RUNNING)]
    failed = [task for task in status.tasks if task.failed]
    if not failed:
        return [state, Finding.passed("ConnectorTaskFailed", tasks)]
    told = "; ".join(f"task {task.id}: {root_cause(task.trace)}" for task in failed)
    cause = classify(failed[0].trace)
    return [state, Finding.failed("ConnectorTaskFailed", told, cause, len(failed), summary=tasks)]


def _tasks(status: ConnectorStatus) -> str:
    """Each task with its worker."""
    told = [f"task {t.id} {t.state}" + (f" on {t.worker}" if t.worker else "") for t in status.tasks]
    return ", ".join(told) or "no task"


def _task(seen: Observation) -> list[Finding]:
    """What Connect's own metrics say about the task that runs."""
    source = seen.source
    measured = {} if source is None else {"RecordsInFlight": source.in_flight, "RecordErrors": source.errors}
    return [
        Finding.passed(metric, f"{value:.0f}", value)
        for metric, value in measured.items()
        if value is not None
    ]


def _streams(seen: Observation) -> bool:
    """Whether a task is meant to run, and does as far as Connect knows."""
    return seen.connector is not None and seen.connector.streams


def _source(seen: Observation, judged: list[Finding]) -> list[Finding]:
    """Connect says RUNNING for ever while the database is out of reach: only its metrics know better."""
    if not _streams(seen):
        return []
    source = seen.source
    if source is not None and source.connected:
        queue = "" if source.queue is None else f", queue {source.queue:.0%} full"
        return [Finding.passed("SourceDisconnected", f"connected: {source.describe()}{queue}")]
    if source is None:
        reason = f"its worker shows no metrics: {seen.blind.get('source', 'nobody knows why')}"
    else:
        reason = source.describe()
    told = f"{reason}; its log says: {root_cause(seen.words)}" if seen.words else reason
    return [Finding.failed("SourceDisconnected", told, _disconnected(seen, judged))]


def _disconnected(seen: Observation, judged: list[Finding]) -> ErrorClass:
    """The class of what keeps a source from being connected."""
    if any(finding.name == "DbTcpUnreachable" and finding.ok is False for finding in judged):
        return named("unreachable")
    cause = classify(seen.words)
    return named("untold") if cause is UNKNOWN else cause


def _depth(seen: Observation, settings: ConnectorSettings, now: float) -> list[Finding]:
    source = seen.source
    judged = []
    if source is not None:
        snapshot = "a snapshot runs" if source.snapshot_running else "no snapshot runs"
        judged.append(Finding.passed("SnapshotRunning", snapshot, float(source.snapshot_running)))
        if source.since_event is not None:
            event = f"{source.since_event:.0f} s ago"
            judged.append(Finding.passed("SecondsSinceLastEvent", event, source.since_event))
        if source.queue is not None:
            judged.append(Finding.passed("QueueUsedPercent", f"{source.queue:.0%}", 100 * source.queue))
        judged.append(_lag(seen, settings, now))
    minutes = headroom_minutes(seen, settings, seen.memory or Memory(), now)
    if minutes is not None:
        reason = f"archived log reaches {minutes:.0f} minutes further back than the position"
        if minutes < _threshold("ScnHeadroomMinutes"):
            judged.append(Finding.failed("ScnHeadroomMinutes", reason, POSITION, minutes))
        else:
            judged.append(Finding.passed("ScnHeadroomMinutes", reason, minutes))
    return judged


def _lag(seen: Observation, settings: ConnectorSettings, now: float) -> Finding:
    """A lag that nobody knows is none: while the database is quiet, the heartbeat shows that all is read."""
    source, name = seen.source, "ReplicationLagSeconds"
    if source is None:
        return Finding.passed(name, "not known", value=None)
    beats = _age(None if seen.canary is None else seen.canary.newest, now)
    lag = lag_now(source.behind, source.since_event, patience(settings.heartbeat_seconds), beats)
    event = (
        "no event seen yet" if source.since_event is None else f"last event {source.since_event:.0f} s ago"
    )
    if lag is None:
        once = "" if source.behind is None else f": {source.behind:.1f} s behind at the last change"
        return Finding.passed(name, f"not known{once}, {event}", value=None)
    if lag >= _threshold(name):
        return Finding.failed(name, f"{lag:.0f} s behind the database", LAGGING, lag)
    return Finding.passed(name, f"{lag:.1f} s behind the database, {event}", lag)


def _heartbeat(
    seen: Observation, settings: ConnectorSettings, now: float, judged: list[Finding]
) -> list[Finding]:
    canary = seen.canary
    if canary is None or canary.trouble:
        return []
    age = _age(canary.newest, now)
    of_table = _age(canary.newest_of_table, now) if settings.heartbeat_table else None
    told = [
        Finding.passed(metric, f"{value:.0f} s", value)
        for metric, value in (("HeartbeatAgeSeconds", age), ("HeartbeatTableAgeSeconds", of_table))
        if value is not None
    ]
    if _streams(seen) and HEARTBEAT_REFUSED in seen.words:
        # Connected at this moment or not: the stand-in's connector begins anew each time.
        reason = f"the database refuses the statement of the heartbeat: {root_cause(seen.words)}"
        return [*told, Finding.failed("HeartbeatMissing", reason, classify(seen.words))]
    hidden = any(f.name == "SourceDisconnected" and f.ok is False for f in judged)
    if hidden or not _streams(seen) or seen.source is None or seen.source.snapshot_running:
        return told
    return [*told, _beat(seen, settings, age, of_table)]


def _beat(
    seen: Observation, settings: ConnectorSettings, age: float | None, of_table: float | None
) -> Finding:
    """Whether heartbeats arrive, and those of the heartbeat table where the stage has one."""
    name, longest = "HeartbeatMissing", patience(settings.heartbeat_seconds)
    if seen.canary is not None and seen.canary.missing:
        reason = f"there is no topic {', '.join(seen.canary.missing)}"
        return Finding.failed(name, reason, named("unknown topic"))
    if empty := _empty(seen, settings):
        cause = STALLED if age is None else UNREAD
        # Where heartbeats are rare, an empty topic may mean that none was due yet.
        if longest > LATELY_SECONDS:
            return Finding.unsure(name, empty, cause)
        return Finding.failed(name, empty, cause)
    if age is not None and age > longest:
        return Finding.failed(name, f"the newest is {age:.0f} s old", STALLED)
    if of_table is not None and of_table > longest:
        table = settings.heartbeat_table
        reason = f"heartbeats arrive, but the newest change of table {table} is {of_table:.0f} s old"
        return Finding.failed(name, reason, UNREAD)
    return Finding.passed(name, "" if age is None else f"the newest is {age:.0f} s old")


def _empty(seen: Observation, settings: ConnectorSettings) -> str:
    """What is said of a heartbeat's topic that is empty: it keeps a day, so a long silence empties it."""
    if seen.canary is None or seen.canary.newest is None:
        return "its topic is empty"
    if settings.heartbeat_table and seen.canary.newest_of_table is None:
        return f"heartbeats arrive, but no change of table {settings.heartbeat_table}"
    return ""


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)


def _threshold(name: str) -> float:
    alarm = metrics.metric(name).alarm
    return math.inf if alarm is None else alarm.threshold
