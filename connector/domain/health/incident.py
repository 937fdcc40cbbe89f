"""Whether to notify people, and what the next check has to know. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.domain.health import metrics
from connector.domain.health.alarm import Alarm
from connector.domain.health.finding import Finding
from connector.domain.health.headroom import remembered
from connector.domain.health.lag import milliseconds, same_reading
from connector.domain.health.moments import moment
from connector.domain.health.new_findings import class_name, find_new, is_new_event, says_why
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Outcome
from connector.domain.health.state import LAGS_KEPT, HealthState, Incident
from connector.domain.health.verdict import Verdict
from connector.domain.health.worker_event import WorkerEvent

_LAG = "ReplicationLagSeconds"
#: How many attempts are remembered for the mail.
_TRIED_KEPT = 6
#: The findings that a restart may fix.
_HEALABLE = ("ConnectorTaskFailed", "ConnectorStateFailed")

#: Findings that explain others come first.
_ORDER = (
    "EcsServiceUnhealthy",
    "ConnectApiUnreachable",
    "BrokersUnreachable",
    "DbTcpUnreachable",
    "ConnectorTaskFailed",
    "ConnectorStateFailed",
    "ScnHeadroomMinutes",
    "SourceDisconnected",
    "HeartbeatMissing",
    "TransactionBufferPercent",
    _LAG,
    "ConfigDrifted",
    "AutoRestartBudgetExceeded",
)


class Notification(StrEnum):
    """What people are notified of."""

    NOTHING = "nothing"
    INCIDENT = "incident"
    #: A finding of another class has joined an incident that was mailed.
    GROWN = "grown"
    RECOVERY = "recovery"
    #: Of something that a maintenance window keeps for its summary.
    HELD = "nothing: a maintenance window holds the mail"


@dataclass(frozen=True)
class Next:
    """The state to write, and what to mail once it is written."""

    state: HealthState
    notification: Notification = Notification.NOTHING
    #: The findings that have joined an open incident.
    new_findings: tuple[Finding, ...] = ()


def mailed(findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings that the health check mails itself, the one that explains the others first."""
    own = [finding for finding in findings if finding.name in _ORDER]
    return sorted(own, key=lambda finding: _ORDER.index(finding.name))


def advance(state: HealthState, seen: Observation, verdict: Verdict, outcome: Outcome, now: float) -> Next:
    """The result of a check. One mail reports an incident, and one its end.

    An incident begins when a finding has lasted for its grace time, unless a restart may still fix it. A
    finding that joins it is mailed if it is new and has lasted as long (`new_findings`).
    The incident ends with the first check that saw everything and found nothing, if the last event of ECS's
    is long enough ago (`WorkerHistory.quiet`).
    """
    if verdict.retiring:
        return Next(HealthState(version=state.version + 1))
    own = mailed(verdict.findings)
    lags = _lags(state, verdict, now)
    new_findings = [] if state.incident is None else find_new(own, state.incident, lags)
    keys = (*map(_metric, own), *map(_kind, new_findings))
    # A figure that is read twice has not lasted since the first time.
    held = _lag_is_read_again(state, seen, verdict, now)
    found_since = {
        key: int(now) if held and key.startswith(_LAG) else state.found_since.get(key, int(now))
        for key in keys
    }
    failed = any(finding.name in _HEALABLE for finding in own)
    kept = state.next(
        found_since=found_since,
        unknown_since=verdict.unknown_since,
        idle_since=verdict.idle_since,
        failed_since=(state.failed_since or int(now)) if failed else None,
        lags=lags,
        lag_ms=milliseconds(verdict.metrics[_LAG]) if _LAG in verdict.metrics else state.lag_ms,
        scn=remembered(state, seen, now),
        tried=_tried(state, outcome, now) if own or not verdict.sure else (),
        refused=outcome.refused or ("" if seen.connector is not None else state.refused),
    )
    healing = verdict.remediation.healing
    lasted = {key: now - since for key, since in found_since.items()}
    if state.incident is None:
        if not _due(own, _metric, lasted, healing=healing):
            return Next(kept)
        title = " and ".join(finding.name for finding in own[:2])
        return Next(replace(kept, incident=Incident(int(now), title, _pairs(own))), Notification.INCIDENT)
    if due := _due(new_findings, _kind, lasted, healing=healing):
        return Next(replace(kept, incident=_grown(state.incident, due, own)), Notification.GROWN, tuple(due))
    if not own and verdict.sure and state.worker.quiet(now):
        return Next(replace(kept, incident=None, worker=state.worker.closed()), Notification.RECOVERY)
    return Next(kept)


def join(state: HealthState, event: WorkerEvent, now: float) -> Next:
    """The result of an event of ECS's, which opens an incident or joins the one that is open.

    It is no check: it counts no findings, and whether the incident is over is for the next check to say. A
    worker that stops again and again is mailed once, as long as its class stays. The same state comes back
    for an event that was recorded before.
    """
    if state.worker.knows(event):
        return Next(state)
    kept = state.next(worker=state.worker.recorded(event, now))
    pair = (event.kind.value, event.cause.name)
    if state.incident is None:
        # Of an incident before, no event counts to this one.
        fresh = replace(kept, worker=state.worker.closed().recorded(event, now))
        opened = Incident(int(now), event.kind.value, (pair,))
        return Next(replace(fresh, incident=opened), Notification.INCIDENT)
    if not is_new_event(event, state.incident, state.found_since):
        return Next(kept)
    incident = _with(state.incident, [event.kind.value], (pair,))
    return Next(replace(kept, incident=incident), Notification.GROWN)


def join_refusal(state: HealthState, finding: Finding, tried: str, now: float) -> Next:
    """The result of a refused login that the worker's log tells: it opens an incident or joins the open one.

    It is no check. The next ones find the connector stopped, with the same class, which is mailed once.
    """
    kept = state.next(tried=(*state.tried, f"{moment(now)}: {tried}")[-_TRIED_KEPT:])
    if state.incident is None:
        opened = Incident(int(now), finding.name, _pairs([finding]))
        return Next(replace(kept, incident=opened), Notification.INCIDENT)
    if class_name(finding) in {cause for _, cause in state.incident.notified}:
        return Next(state)
    incident = _grown(state.incident, [finding], [finding])
    return Next(replace(kept, incident=incident), Notification.GROWN, (finding,))


def _metric(finding: Finding) -> str:
    return finding.name


def _kind(finding: Finding) -> str:
    return f"{finding.name}/{class_name(finding)}"


def _due(
    found: list[Finding], key: Callable[[Finding], str], lasted: Mapping[str, float], *, healing: bool
) -> list[Finding]:
    """The findings whose grace time is over and that no restart may still fix."""
    due = []
    for finding in found:
        alarm = metrics.metric(finding.name).alarm
        over = alarm is not None and lasted[key(finding)] >= _grace_seconds(finding, alarm)
        if over and not (healing and finding.name in _HEALABLE):
            due.append(finding)
    return due


def _grace_seconds(finding: Finding, alarm: Alarm) -> int:
    """For how long a finding must be there before it is mailed.

    A task that is RUNNING without a connection may have one in a moment, unless the worker's log names a
    cause that somebody has to fix: each attempt with a wrong password brings the account closer to its lock.
    """
    known = finding.name == "SourceDisconnected" and finding.cause is not None and says_why(finding.cause)
    return 0 if known else alarm.grace_seconds


def _pairs(found: list[Finding]) -> tuple[tuple[str, str], ...]:
    return tuple((finding.name, class_name(finding)) for finding in found)


def _grown(incident: Incident, due: list[Finding], own: list[Finding]) -> Incident:
    """The incident with the findings that its new mail names."""
    return _with(incident, [finding.name for finding in due], _pairs(own))


def _with(incident: Incident, names: list[str], pairs: tuple[tuple[str, str], ...]) -> Incident:
    title = " and ".join([incident.title, *(name for name in names if name not in incident.title)])
    return Incident(incident.since, title, tuple(dict.fromkeys((*incident.notified, *pairs))))


def _lag_is_read_again(state: HealthState, seen: Observation, verdict: Verdict, now: float) -> bool:
    """Whether no change was read since the check before, so that Debezium still shows the lag of then."""
    since = None if seen.source is None else seen.source.seconds_since_last_event
    before = (state.lags[-1][0] if state.lags else 0, state.lag_ms)
    return same_reading(before, verdict.metrics.get(_LAG), since, now)


def _lags(state: HealthState, verdict: Verdict, now: float) -> tuple[tuple[int, int], ...]:
    lag = verdict.metrics.get(_LAG)
    return state.lags if lag is None else (*state.lags, (int(now), int(lag)))[-LAGS_KEPT:]


def _tried(state: HealthState, outcome: Outcome, now: float) -> tuple[str, ...]:
    if not (outcome.attempted or outcome.stopped):
        return state.tried
    return (*state.tried, f"{moment(now)}: {outcome.text}")[-_TRIED_KEPT:]
