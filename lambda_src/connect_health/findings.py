"""What is wrong, as far as it was seen, metric by metric. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain import metrics
from connector.domain.admin import BY_A_PERSON
from connector.domain.causes import HEARTBEAT_REFUSED, root_cause
from connector.domain.error_classes import (
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
from connector.domain.lag import LATELY_SECONDS, lag_now, patience
from connector.domain.names import CONNECTOR
from connector.domain.settings import ConnectorSettings
from lambda_src.connect_health.memory import Memory
from lambda_src.connect_health.observation import Observation
from lambda_src.connect_rest import ConnectorStatus

#: In how many checks in a row Connect must not tell of the connector before that counts: a rebalance answers
#: 404, 409 and 500 for a while.
CONFIRMED = 2
#: For how long, in seconds, it must not run before that counts: a rebalance leaves the task unassigned. Less
#: than between two checks of any schedule, so that the second one counts, and more than a rebalance takes.
IDLE_SECONDS = 45


@dataclass(frozen=True)
class Finding:
    """One thing that was judged: its metric, 0 when it is well, else why not in one line, and its class."""

    metric: str
    reason: str
    value: float = 1
    cause: ErrorClass | None = None
    wrong: bool = True

    @classmethod
    def fine(cls, metric: str, value: float = 0) -> "Finding":
        """What is well; `value` is what its metric measures."""
        return cls(metric, "", value, wrong=False)


def findings(
    seen: Observation, settings: ConnectorSettings, now: float, untold: int, *, idle: bool = False
) -> list[Finding]:
    """Judge what was seen, and only that: a trouble that hides another is not counted twice.

    `untold`: in how many checks in a row, this one included, Connect has not told of the connector; `idle`:
    it has told of one that does not run for long enough, see `idles`.
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


def idles(seen: Observation) -> bool:
    """Whether connector or task does not run, although nobody has stopped it and nothing has failed."""
    status = seen.connector
    if status is None or status.state in BY_A_PERSON:
        return False
    states = [task.state for task in status.tasks]
    if "FAILED" in (status.state, *states):
        return False
    return status.state != "RUNNING" or "RUNNING" not in states


def unheard(seen: Observation, settings: ConnectorSettings) -> bool:
    """Whether heartbeats are so rare that an empty topic may mean that none was due yet."""
    return patience(settings.heartbeat_seconds) > LATELY_SECONDS and _empty(seen, settings) != ""


def _health_check(seen: Observation) -> list[Finding]:
    """Of its own work, what failed that nothing else explains."""
    reasons = [f"{probe}: {reason}" for probe, reason in seen.blind.items() if probe not in _EXPLAINED]
    if not reasons:
        return [Finding.fine("HealthCheckFailed")]
    return [Finding("HealthCheckFailed", "; ".join(reasons))]


#: Probes whose trouble is not the check's own: a rebalance keeps Connect from telling a status for a while,
#: and a worker without metrics is a source that is not seen to be connected.
_EXPLAINED = ("connector", "source")


def _service(seen: Observation) -> list[Finding]:
    service = seen.service
    if seen.no_service:
        return [Finding("EcsServiceUnhealthy", seen.no_service, cause=WORKER)]
    if service is None:
        return []
    if service.rollout == "FAILED":
        reason = f"ECS gave up the deployment: {service.rollout_reason or 'no reason given'}"
    elif service.desired == 0:
        reason = "no worker is wanted: the desired count is 0"
    elif service.running < service.desired:
        reason = service.describe()
    else:
        return [Finding.fine("EcsServiceUnhealthy")]
    stopped = f"; the last task stopped: {service.last_stop}" if service.last_stop else ""
    return [Finding("EcsServiceUnhealthy", reason + stopped, cause=WORKER)]


def _connect(seen: Observation) -> list[Finding]:
    if seen.connect_answers is None:
        return []
    if not seen.connect_answers:
        return [Finding.fine("ConnectApiUnreachable")]
    return [Finding("ConnectApiUnreachable", seen.connect_answers, cause=WORKER)]


def _brokers(seen: Observation) -> list[Finding]:
    if seen.canary is None:
        return []
    if not seen.canary.trouble:
        return [Finding.fine("BrokersUnreachable")]
    return [Finding("BrokersUnreachable", seen.canary.trouble, cause=named("brokers"))]


def _database(seen: Observation) -> list[Finding]:
    """One listener that answers is enough."""
    if not seen.database:
        return []
    silent = {listener: reason for listener, reason in seen.database.items() if reason}
    if len(silent) < len(seen.database):
        return [Finding.fine("DbTcpUnreachable")]
    told = "; ".join(f"{listener}: {reason}" for listener, reason in silent.items())
    return [Finding("DbTcpUnreachable", told, cause=named("unreachable"))]


def _connector(seen: Observation, untold: int, *, idle: bool) -> list[Finding]:
    if seen.connect_answers != "":
        return []
    status = seen.connector
    if status is None and untold < CONFIRMED:
        return []
    if status is None:
        reason = seen.blind.get("connector", f"Connect has no connector {CONNECTOR}")
        return [Finding("ConnectorStateFailed", reason, cause=CONNECTOR_MISSING)]
    state = Finding.fine("ConnectorStateFailed")
    if status.state in BY_A_PERSON:
        return [state, Finding.fine("ConnectorTaskFailed")]
    if status.state == "FAILED":
        cause = classify(status.trace)
        state = Finding("ConnectorStateFailed", root_cause(status.trace), cause=cause)
    if idles(seen):
        return [state, _not_running(status)] if idle else [state]
    failed = [task for task in status.tasks if task.state == "FAILED"]
    if not failed:
        return [state, Finding.fine("ConnectorTaskFailed")]
    told = "; ".join(f"task {task.id}: {root_cause(task.trace)}" for task in failed)
    return [state, Finding("ConnectorTaskFailed", told, len(failed), classify(failed[0].trace))]


def _not_running(status: ConnectorStatus) -> Finding:
    tasks = ", ".join(f"task {task.id} {task.state}" for task in status.tasks) or "no task"
    reason = f"not running: connector {status.state}, {tasks}"
    return Finding("ConnectorTaskFailed", reason, cause=NOT_RUNNING)


def _task(seen: Observation) -> list[Finding]:
    """What Connect's own metrics say about the task that runs."""
    source = seen.source
    measured = {} if source is None else {"RecordsInFlight": source.in_flight, "RecordErrors": source.errors}
    return [Finding.fine(metric, value) for metric, value in measured.items() if value is not None]


def _running(seen: Observation) -> bool:
    """Whether a task is meant to run, and does as far as Connect knows."""
    status = seen.connector
    if status is None or status.state in BY_A_PERSON:
        return False
    return any(task.state == "RUNNING" for task in status.tasks)


def _source(seen: Observation, judged: list[Finding]) -> list[Finding]:
    """Connect says RUNNING for ever while the database is out of reach: only its metrics know better."""
    if not _running(seen):
        return []
    if seen.source is not None and seen.source.connected:
        return [Finding.fine("SourceDisconnected")]
    if seen.source is None:
        reason = f"its worker shows no metrics: {seen.blind.get('source', 'nobody knows why')}"
    else:
        reason = seen.source.describe()
    told = f"{reason}; its log says: {root_cause(seen.words)}" if seen.words else reason
    return [Finding("SourceDisconnected", told, cause=_disconnected(seen, judged))]


def _disconnected(seen: Observation, judged: list[Finding]) -> ErrorClass:
    """The class of what keeps a source from being connected."""
    if any(finding.metric == "DbTcpUnreachable" and finding.wrong for finding in judged):
        return named("unreachable")
    cause = classify(seen.words)
    return named("untold") if cause is UNKNOWN else cause


def _depth(seen: Observation, settings: ConnectorSettings, now: float) -> list[Finding]:
    source = seen.source
    memory = seen.memory or Memory()
    judged = []
    if source is not None:
        judged.append(Finding.fine("SnapshotRunning", float(source.snapshot_running)))
        if source.since_event is not None:
            judged.append(Finding.fine("SecondsSinceLastEvent", source.since_event))
        if source.queue is not None:
            judged.append(Finding.fine("QueueUsedPercent", 100 * source.queue))
        beats = _age(None if seen.canary is None else seen.canary.newest, now)
        lag = lag_now(source.behind, source.since_event, patience(settings.heartbeat_seconds), beats)
        if lag is not None:
            late = lag >= _threshold("ReplicationLagSeconds")
            reason = f"{lag:.0f} s behind the database"
            judged.append(Finding("ReplicationLagSeconds", reason, lag, LAGGING, late))
    minutes = headroom_minutes(seen, settings, memory, now)
    if minutes is not None:
        near = minutes < _threshold("ScnHeadroomMinutes")
        reason = f"archived log reaches {minutes:.0f} minutes further back than the position"
        judged.append(Finding("ScnHeadroomMinutes", reason, minutes, POSITION, near))
    return judged


def _heartbeat(
    seen: Observation, settings: ConnectorSettings, now: float, judged: list[Finding]
) -> list[Finding]:
    canary = seen.canary
    if canary is None or canary.trouble:
        return []
    age = _age(canary.newest, now)
    of_table = _age(canary.newest_of_table, now) if settings.heartbeat_table else None
    told = [] if age is None else [Finding.fine("HeartbeatAgeSeconds", age)]
    told += [] if of_table is None else [Finding.fine("HeartbeatTableAgeSeconds", of_table)]
    if _running(seen) and HEARTBEAT_REFUSED in seen.words:
        # Connected at this moment or not: the stand-in's connector begins anew each time.
        reason = f"the database refuses the statement of the heartbeat: {root_cause(seen.words)}"
        return [*told, Finding("HeartbeatMissing", reason, cause=classify(seen.words))]
    hidden = any(f.metric == "SourceDisconnected" and f.wrong for f in judged)
    if hidden or not _running(seen) or seen.source is None or seen.source.snapshot_running:
        return told
    if canary.missing:
        reason = f"there is no topic {', '.join(canary.missing)}"
        return [*told, Finding("HeartbeatMissing", reason, cause=named("unknown topic"))]
    longest = patience(settings.heartbeat_seconds)
    if empty := _empty(seen, settings):
        if unheard(seen, settings):
            return told
        return [*told, Finding("HeartbeatMissing", empty, cause=STALLED if age is None else UNREAD)]
    if age is not None and age > longest:
        return [*told, Finding("HeartbeatMissing", f"the newest is {age:.0f} s old", cause=STALLED)]
    if of_table is not None and of_table > longest:
        table = settings.heartbeat_table
        reason = f"heartbeats arrive, but the newest change of table {table} is {of_table:.0f} s old"
        return [*told, Finding("HeartbeatMissing", reason, cause=UNREAD)]
    return [*told, Finding.fine("HeartbeatMissing")]


def _empty(seen: Observation, settings: ConnectorSettings) -> str:
    """What is said of a heartbeat's topic that is empty: it keeps a day, so a long silence empties it."""
    canary = seen.canary
    if canary is None or canary.trouble or canary.missing:
        return ""
    if canary.newest is None:
        return "its topic is empty"
    if settings.heartbeat_table and canary.newest_of_table is None:
        return f"heartbeats arrive, but no change of table {settings.heartbeat_table}"
    return ""


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)


def _threshold(name: str) -> float:
    alarm = metrics.metric(name).alarm
    return math.inf if alarm is None else alarm.threshold


def by_metric(judged: list[Finding]) -> Mapping[str, float]:
    """What is published."""
    return {finding.metric: finding.value for finding in judged}
