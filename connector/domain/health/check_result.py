"""What a check of a stage found, in one type and one format for people and programs. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.errors import ServerError
from connector.domain.health import metrics
from connector.domain.health.error_classes import named
from connector.domain.health.finding import Finding
from connector.domain.stage.stage import Stage

#: What a finding is called in `status` and `verify`; others are shown only when they are bad.
TITLES: Mapping[str, str] = {
    "HealthCheckFailed": "observation",
    "EcsServiceUnhealthy": "service",
    "ConnectApiUnreachable": "Connect",
    "BrokersUnreachable": "brokers",
    "DbTcpUnreachable": "database",
    "ConnectorStateFailed": "connector",
    "ConnectorTaskFailed": "task",
    "SourceDisconnected": "source",
    "SnapshotRunning": "snapshot",
    "ReplicationLagSeconds": "lag",
    "ScnHeadroomMinutes": "archived log",
    "TransactionBufferPercent": "open transactions",
    "HeapAfterCollectionPercent": "heap",
    "HeartbeatMissing": "heartbeat",
    "ChangesSkipped": "skipped changes",
    "ConfigDrifted": "live config",
    "ConnectorHalted": "halted",
    "MaintenanceOpen": "maintenance",
    "AutoRestartBudgetExceeded": "restarts",
    # Of `verify_checks`: what an operator has done to the connector, and a deployment of the service.
    "paused": "connector",
    "deployment": "service",
}


@dataclass(frozen=True)
class CheckResult:
    """One check. `ok` is None when one check cannot decide; then `next_step` says when to check again.

    `value` is what was measured, where something was. `error_class` and `owner` are empty for what no error
    class explains. All texts are one line without a confidential value.
    """

    name: str
    ok: bool | None
    reason: str = ""
    value: float | None = None
    error_class: str = ""
    owner: str = ""
    summary: str = ""
    next_step: str = ""

    @property
    def title(self) -> str:
        """What the check is called for people."""
        return TITLES.get(self.name, self.name)

    @property
    def shown(self) -> bool:
        """Whether a table of all checks has a row for it: a bare measurement that is well has none."""
        return self.ok is not True or self.name in TITLES or not _measured(self.name)

    def line(self) -> str:
        """What is wrong and what to do, in one line."""
        kind = f" (class {self.error_class}, owner {self.owner})" if self.error_class else ""
        return f"{self.title}: {self.reason}{kind}; next: {self.next_step}"

    def to_payload(self) -> dict[str, Any]:
        """As plain JSON."""
        values = asdict(self)
        return {**values, "class": values.pop("error_class")}

    @classmethod
    def from_payload(cls, content: Mapping[str, Any]) -> "CheckResult":
        """The inverse of `to_payload`; what a newer version adds is ignored."""
        try:
            value = content.get("value")
            return cls(
                str(content["name"]),
                content["ok"] if content["ok"] in (True, False) else None,
                str(content.get("reason", "")),
                None if value is None else float(value),
                *(str(content.get(key, "")) for key in ("class", "owner", "summary", "next_step")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServerError(
                f"the admin Lambda returned a finding that cannot be parsed ({error})"
            ) from None


def result(finding: Finding, stage: Stage) -> CheckResult:
    """A finding about one stage, with what to do about it."""
    cause = finding.cause
    return CheckResult(
        finding.name,
        finding.ok,
        with_names(finding.reason, stage),
        finding.value,
        "" if cause is None else cause.name,
        "" if cause is None else cause.owner.value,
        finding.summary,
        "" if finding.ok else next_step(finding, stage),
    )


def next_step(finding: Finding, stage: Stage) -> str:
    """What to do about a finding: the class's step and command, and the runbook's section of its alarm."""
    steps = [finding.next_step, *([] if finding.cause is None else [step_of(finding.cause, stage)])]
    alarm = metrics.metric(finding.name).alarm if _measured(finding.name) else None
    if alarm is not None:
        if not any(steps):
            # More follows, and a command is copied with what stands behind it.
            steps.append(alarm.text_step(stage).removesuffix("."))
        steps.append(f"runbook: {alarm.link}")
    step = "; ".join(filter(None, steps)) or f"read the log of {stage.names.connect_admin}"
    return step if finding.ok is False else f"run verify again in a minute; if nothing has changed, {step}"


def step_of(cause: ErrorClass, stage: Stage) -> str:
    """The next step of a class with its command."""
    return f"{cause.next_step} ({cause.command_for(stage)})"


def launch(stage: Stage, file: str = "") -> str:
    """The command that fixes most: launching is idempotent. With `file`, that of one stack alone."""
    command = named("connector missing").command_for(stage)
    return command.replace(" --yes", f"/{file} --yes") if file else command


def problems(results: Iterable[CheckResult]) -> Sequence[CheckResult]:
    """What keeps a stage from being healthy: each reason once, the certain ones first."""
    found = sorted((r for r in results if r.ok is not True), key=lambda r: r.ok is None)
    kept: list[CheckResult] = []
    for each in found:
        if each.ok is None and any(each.reason in other.reason for other in kept):
            continue
        kept.append(each)
    return kept


def _measured(name: str) -> bool:
    return any(metric.name == name for metric in metrics.METRICS)
