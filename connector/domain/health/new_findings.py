"""What of the findings is news to people who were told of an incident already. Pure.

An incident that is open must hide no other trouble; nor may what follows from it be told as another one.
"""

from collections.abc import Mapping, Sequence

from connector.domain.health.error_classes import ERROR_CLASSES, LAGGING, POSITION, ErrorClass, named
from connector.domain.health.findings import Finding
from connector.domain.health.state import Incident

_OUTSIDE = frozenset({"BrokersUnreachable", "DbTcpUnreachable"})
_FAILED = frozenset({"ConnectorTaskFailed", "ConnectorStateFailed"})
_STILL = _OUTSIDE | _FAILED | {"SourceDisconnected"}
#: While these last no restart is made, so what was told of a failure beside them told of no restart in vain.
_HOLDS = _OUTSIDE | {"EcsServiceUnhealthy", "ConnectApiUnreachable"}
#: Metric -> what explains a finding of it, as long as that has been told and is still found.
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
#: After these are over, what was missed is caught up with.
_HALTS = _STILL | _HOLDS | {"HeartbeatMissing"}


def class_name(finding: Finding) -> str:
    """The name of a finding's class; empty when it has none."""
    return "" if finding.cause is None else finding.cause.name


def news_of(found: Sequence[Finding], incident: Incident, lags: Sequence[tuple[int, int]]) -> list[Finding]:
    """What was found and neither told under its class nor is explained by what was told.

    What has no class is told under its metric: that the restarts are spent.
    `lags`: when, and what the lag was; newest last.
    """
    told = {metric for metric, _ in incident.told}
    classes = {cause for _, cause in incident.told if cause}
    standing = told & {finding.name for finding in found}
    return [
        finding
        for finding in found
        if (class_name(finding) not in classes if finding.cause else finding.name not in told)
        and not _explained(finding, told, standing, falling=_falling(lags))
    ]


def _explained(finding: Finding, told: set[str], standing: set[str], *, falling: bool) -> bool:
    if finding.cause is not None and _says_why(finding.cause):
        return False
    if standing & _EXPLAINED_BY.get(finding.name, frozenset()):
        return True
    if finding.name == "AutoRestartBudgetExceeded":
        # The mail about a failure comes when the first restarts have not helped: more would be no news.
        return bool(told & _FAILED) and not told & _HOLDS
    return finding.cause is LAGGING and falling and bool(told & _HALTS)


def _says_why(cause: ErrorClass) -> bool:
    """Whether a class names something that a person has to mend, whatever else is wrong."""
    of_trace = cause in ERROR_CLASSES and cause is not named("untold")
    return cause is POSITION or (of_trace and not cause.retry)


def _falling(lags: Sequence[tuple[int, int]]) -> bool:
    return len(lags) > 1 and lags[-1][1] < lags[-2][1]
