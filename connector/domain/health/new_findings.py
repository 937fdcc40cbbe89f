"""Which findings are new to people who have been mailed about an incident already. Pure.

An open incident must hide no other error; nor may its consequences be mailed as another incident.
"""

from collections.abc import Collection, Mapping, Sequence

from connector.domain.diagnosis.classes import ERROR_CLASSES
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.error_classes import ARCHIVED_LOG_EXPIRING, LAGGING, WORKER, named
from connector.domain.health.finding import Finding
from connector.domain.health.state import Incident
from connector.domain.health.worker_event import EventKind, WorkerEvent
from connector.domain.health.worker_stops import DEPLOYMENT, NOT_STARTED, RECLAIMED, UNREADABLE

_OUTSIDE = frozenset({"BrokersUnreachable", "DbTcpUnreachable"})
_FAILED = frozenset({"ConnectorTaskFailed", "ConnectorStateFailed"})
_STILL = _OUTSIDE | _FAILED | {"SourceDisconnected"}
#: While these last no restart is made, so a mail about a failure beside them did not report a restart that
#: failed.
_HOLDS = _OUTSIDE | {"EcsServiceUnhealthy", "ConnectApiUnreachable"}
#: Metric -> what explains a finding of it, as long as that has been mailed and is still found.
_EXPLAINED_BY: Mapping[str, frozenset[str]] = {
    # A worker ends when it cannot reach the brokers.
    "EcsServiceUnhealthy": frozenset({"BrokersUnreachable"}),
    "ConnectApiUnreachable": frozenset({"BrokersUnreachable"}),
    # A restart is made once these answer.
    "ConnectorTaskFailed": _OUTSIDE,
    "ConnectorStateFailed": _OUTSIDE,
    "SourceDisconnected": _OUTSIDE,
    "AutoRestartBudgetExceeded": _OUTSIDE,
    "HeartbeatMissing": _STILL,
    "ReplicationLagSeconds": _STILL | {"HeartbeatMissing"},
}
#: Classes that are stages of one outage: the database stops or moves, starts, opens, and sessions come back.
_OUTAGE = frozenset({"unreachable", "database host", "database starting", "no free session", "session ended"})
#: What ECS tells of in events, and the findings that are about the same workers.
_EVENTS = frozenset(kind.value for kind in EventKind if kind is not EventKind.LOG_MISSING)
_OF_WORKER = frozenset({"EcsServiceUnhealthy", "ConnectApiUnreachable"})
#: Classes that tell no more than that a worker is away. What has been mailed of it explains them, but for
#: classes after which another worker starts at once.
_AWAY = frozenset({WORKER.name, NOT_STARTED.name, DEPLOYMENT.name})
_PASSING = frozenset({RECLAIMED.name, UNREADABLE.name})
#: When these have ended the connector catches up, so a lag is expected.
_HALTS = _STILL | _HOLDS | _EVENTS | {EventKind.LOG_MISSING.value, "HeartbeatMissing"}


def class_name(finding: Finding) -> str:
    """The name of a finding's class; empty when it has none."""
    return "" if finding.cause is None else finding.cause.name


def find_new(found: Sequence[Finding], incident: Incident, lags: Sequence[tuple[int, int]]) -> list[Finding]:
    """The findings whose class was not mailed yet and which nothing that was mailed explains.

    A finding without a class counts by its metric: that the restarts are used up.
    `lags`: when, and what the lag was; newest last.
    """
    notified = {metric for metric, _ in incident.notified}
    classes = {cause for _, cause in incident.notified if cause}
    standing = notified & {finding.name for finding in found}
    return [
        finding
        for finding in found
        if (class_name(finding) not in classes if finding.cause else finding.name not in notified)
        and not _explained(finding, notified, standing, falling=_falling(lags))
        and not (_is_away(finding) and _worker_is_known(incident))
        and not (class_name(finding) in _OUTAGE and classes & _OUTAGE)
    ]


def is_new_event(event: WorkerEvent, incident: Incident, found: Collection[str]) -> bool:
    """Whether an event tells people more than the mails about an open incident have.

    `found`: the metrics of the last check's findings.
    """
    if event.cause.name in {cause for _, cause in incident.notified}:
        return False
    if event.cause.name not in _AWAY:
        return True
    # A worker ends when it cannot reach the brokers.
    brokers = {metric for metric, _ in incident.notified} & {*found} & {"BrokersUnreachable"}
    return not brokers and not _worker_is_known(incident)


def _is_away(finding: Finding) -> bool:
    return finding.name in _OF_WORKER and class_name(finding) in _AWAY


def _worker_is_known(incident: Incident) -> bool:
    """Whether a mail about an incident has told that a worker is away."""
    told = {cause for metric, cause in incident.notified if metric in _EVENTS | _OF_WORKER}
    return bool(told - _PASSING)


def _explained(finding: Finding, notified: set[str], standing: set[str], *, falling: bool) -> bool:
    if finding.cause is not None and says_why(finding.cause):
        return False
    if standing & _EXPLAINED_BY.get(finding.name, frozenset()):
        return True
    if finding.name == "AutoRestartBudgetExceeded":
        # The mail about a failure is sent after the first restarts have not helped: this is not news.
        return bool(notified & _FAILED) and not notified & _HOLDS
    return finding.cause is LAGGING and falling and bool(notified & _HALTS)


def says_why(cause: ErrorClass) -> bool:
    """Whether a class names something that somebody has to fix, whatever else is wrong."""
    of_trace = cause in ERROR_CLASSES and cause is not named("no-session")
    return cause is ARCHIVED_LOG_EXPIRING or (of_trace and not cause.retry)


def _falling(lags: Sequence[tuple[int, int]]) -> bool:
    return len(lags) > 1 and lags[-1][1] < lags[-2][1]
