"""Decide: what an observation means, as findings and metrics. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.causes import root_cause
from connector.domain.names import CONNECTOR
from connector.domain.settings import ConnectorSettings
from lambda_src.connect_health.observation import Observation

#: What a person does on purpose is no trouble.
_BY_A_PERSON = ("PAUSED", "STOPPED")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the metric that says so, and why, in one line."""

    metric: str
    reason: str
    value: float = 1


@dataclass(frozen=True)
class Verdict:
    """What is to be told. `metrics` has 0 for what is well; what was not seen is not in it."""

    metrics: Mapping[str, float]
    findings: tuple[Finding, ...] = ()
    retiring: bool = False

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.retiring:
            return "the stage is being torn down: nothing is judged"
        if not self.findings:
            return "healthy"
        return "; ".join(f"{finding.metric}: {finding.reason}" for finding in self.findings)


def decide(seen: Observation, settings: ConnectorSettings) -> Verdict:
    """Judge what was seen, and only that: a trouble that hides another is not counted twice."""
    if seen.retiring:
        return Verdict({"HealthCheckFailed": 0}, retiring=True)
    judged = [
        *_health_check(seen),
        *_service(seen),
        *_connect(seen),
        *_database(seen),
        *_connector(seen),
        *(_source(seen) if settings.kind == "debezium" else ()),
    ]
    snapshot = {}
    if settings.kind == "debezium" and seen.source is not None:
        snapshot["SnapshotRunning"] = float(seen.source.snapshot_running)
    findings = tuple(finding for finding in judged if finding.value)
    return Verdict({**{finding.metric: finding.value for finding in judged}, **snapshot}, findings)


def _health_check(seen: Observation) -> list[Finding]:
    """Of its own work, what failed that nothing else explains."""
    reasons = [f"{probe}: {reason}" for probe, reason in seen.blind.items() if probe not in _EXPLAINED]
    return [Finding("HealthCheckFailed", "; ".join(reasons), float(bool(reasons)))]


#: Probes whose trouble is not the check's own: a rebalance keeps Connect from telling a status for a while,
#: and a worker without metrics is a source that is not seen to be connected.
_EXPLAINED = ("connector", "source")


def _service(seen: Observation) -> list[Finding]:
    service = seen.service
    if service is None:
        return []
    if service.rollout == "FAILED":
        reason = f"ECS gave up the deployment: {service.rollout_reason or 'no reason given'}"
    elif service.desired == 0:
        reason = "no worker is wanted: the desired count is 0"
    elif service.running < service.desired:
        reason = service.describe()
    else:
        return [Finding("EcsServiceUnhealthy", "", 0)]
    stopped = f"; the last task stopped: {service.last_stop}" if service.last_stop else ""
    return [Finding("EcsServiceUnhealthy", reason + stopped)]


def _connect(seen: Observation) -> list[Finding]:
    if seen.connect_answers is None:
        return []
    return [Finding("ConnectApiUnreachable", seen.connect_answers, float(bool(seen.connect_answers)))]


def _database(seen: Observation) -> list[Finding]:
    """One listener that answers is enough."""
    if not seen.database:
        return []
    silent = {listener: reason for listener, reason in seen.database.items() if reason}
    told = "; ".join(f"{listener}: {reason}" for listener, reason in silent.items())
    return [Finding("DbTcpUnreachable", told, float(len(silent) == len(seen.database)))]


def _connector(seen: Observation) -> list[Finding]:
    if seen.connect_answers != "" or "connector" in seen.blind:
        return []
    status = seen.connector
    if status is None:
        return [Finding("ConnectorStateFailed", f"Connect has no connector {CONNECTOR}")]
    cause = root_cause(status.trace) if status.state == "FAILED" else ""
    failed = [task for task in status.tasks if task.state == "FAILED"]
    causes = "; ".join(f"task {task.id}: {root_cause(task.trace)}" for task in failed)
    return [
        Finding("ConnectorStateFailed", cause, float(status.state == "FAILED")),
        Finding("ConnectorTaskFailed", causes, float(len(failed))),
    ]


def _source(seen: Observation) -> list[Finding]:
    """Connect says RUNNING for ever while the database is out of reach: only its metrics know better."""
    status = seen.connector
    if status is None or status.state in _BY_A_PERSON:
        return []
    if not any(task.state == "RUNNING" for task in status.tasks):
        return []
    if seen.source is None:
        reason = f"its worker shows no metrics: {seen.blind.get('source', 'nobody knows why')}"
        return [Finding("SourceDisconnected", reason)]
    return [Finding("SourceDisconnected", seen.source.describe(), float(not seen.source.connected))]
