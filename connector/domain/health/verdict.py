"""Decide: what an observation means, as findings, metrics and what to do about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.alarm import GRACE_SECONDS
from connector.domain.health.at_rest import as_declared
from connector.domain.health.budget import LIMIT
from connector.domain.health.finding import Finding, by_metric, not_ok
from connector.domain.health.findings import findings
from connector.domain.health.observation import POSITION_PROBE, Observation
from connector.domain.health.remediation import Remediation, decide_remediation
from connector.domain.health.rest_findings import maintenance_finding, rest_findings, rest_of
from connector.domain.health.skipped_findings import skipped_findings, without_standing
from connector.domain.health.state import HealthState


@dataclass(frozen=True)
class Verdict:
    """What is to be reported and done about an observation."""

    #: Every check, passed or not.
    results: tuple[Finding, ...] = ()
    remediation: Remediation = field(default_factory=Remediation)
    retiring: bool = False
    #: Since when Connect has given no check a status of the connector, although it answers.
    unknown_since: int | None = None
    #: Since when every check has found the connector or its task not running, although nothing has failed.
    idle_since: int | None = None
    #: Whether everything was seen that a recovery requires.
    sure: bool = True
    #: Why nothing is meant to be streamed now; empty if something is. `declared`: the stage's config says so.
    rest: str = ""
    declared: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is certainly wrong."""
        return not_ok(self.results)

    @property
    def works(self) -> bool:
        """Whether everything was seen and works now; what was passed over before does not count."""
        return self.sure and not without_standing(self.findings)

    @property
    def metrics(self) -> Mapping[str, float]:
        """What is published: 0 for a passed check, nothing for what was not seen."""
        return by_metric(self.results)

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.retiring:
            return "the stage is being torn down: nothing is checked"
        if self.findings:
            found = [f"{finding.name}: {finding.reason}" for finding in self.findings]
            return "; ".join([*found, *([self._well] if self.rest else [])])
        if self.sure:
            unknown = [f"{f.name}: {f.summary}" for f in self.results if f.unknown]
            return "; ".join([self._well, *unknown])
        unsure = "; ".join(f"{f.name}: {f.reason}" for f in self.results if f.ok is None)
        rest = f"{self._well}; " if self.rest else ""
        doubt = "no problem was found, but not everything could be checked" + (
            f": {unsure}" if unsure else ""
        )
        return rest + doubt

    @property
    def _well(self) -> str:
        """What is said of a stage without a problem: one that streams nothing is not called healthy."""
        if not self.rest:
            return "healthy"
        return f"nothing is streamed{', as meant' if self.declared else ''}: {self.rest}"


def decide(seen: Observation, settings: ConnectorSettings, now: float) -> Verdict:
    """Evaluate an observation; `now` is in seconds since 1970."""
    if seen.retiring:
        return Verdict((Finding.passed("HealthCheckFailed"),), retiring=True)
    state = seen.health_state or HealthState()
    silent = seen.connect_answers == "" and seen.connector is None
    stands_still = seen.connect_answers == "" and seen.connector is not None and seen.connector.idle
    unknown_since = _since(state.unknown_since, now, still=silent)
    idle_since = _since(state.idle_since, now, still=stands_still)
    missing = _has_lasted(unknown_since, now)
    results = findings(seen, settings, now, missing=missing, idle=_has_lasted(idle_since, now))
    results += [*rest_findings(seen), maintenance_finding(seen, now)]
    if settings.kind == "debezium":
        results += skipped_findings(seen)
    remediation = decide_remediation(seen, results, settings, now, missing=missing)
    if seen.budget is not None:
        left = f"{seen.budget.left(now)} of {LIMIT} restarts left in this hour"
        name, spent = "AutoRestartBudgetExceeded", remediation.spent
        results.append(Finding.failed(name, remediation.withheld) if spent else Finding.passed(name, left))
    # Whether the position has to be known is for the finding about the archived log to say.
    unread = set(seen.probe_errors) - {POSITION_PROBE}
    sure = not unread and all(finding.ok is not None for finding in results)
    return Verdict(
        tuple(results),
        remediation,
        unknown_since=unknown_since,
        idle_since=idle_since,
        sure=sure,
        rest=rest_of(seen),
        declared=as_declared(seen),
    )


def _since(before: int | None, now: float, *, still: bool) -> int | None:
    """Since when every check has found something; None if this one does not."""
    if not still:
        return None
    return int(now) if before is None else before


def _has_lasted(since: int | None, now: float) -> bool:
    return since is not None and now - since >= GRACE_SECONDS
