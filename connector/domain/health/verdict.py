"""Decide: what an observation means, as findings, metrics and what to do about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.budget import LIMIT
from connector.domain.health.findings import IDLE_SECONDS, Finding, by_metric, findings, not_ok
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Treatment, treat
from connector.domain.health.state import Memory


@dataclass(frozen=True)
class Verdict:
    """What is to be told and done about an observation."""

    #: Everything that was judged, well or not.
    judged: tuple[Finding, ...] = ()
    treatment: Treatment = field(default_factory=Treatment)
    retiring: bool = False
    #: Checks in a row, this one included, in which Connect has not told of the connector.
    untold: int = 0
    #: Since when every check has found that it does not run, although nothing has failed.
    idle_since: int | None = None
    #: Whether all was seen that a recovery would have to show.
    sure: bool = True

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is surely wrong."""
        return not_ok(self.judged)

    @property
    def metrics(self) -> Mapping[str, float]:
        """What is published: 0 for what is well; what was not seen is not in it."""
        return by_metric(self.judged)

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.retiring:
            return "the stage is being torn down: nothing is judged"
        if not self.findings:
            return "healthy" if self.sure else "nothing is known to be wrong, but not all could be seen"
        return "; ".join(f"{finding.name}: {finding.reason}" for finding in self.findings)


def decide(seen: Observation, settings: ConnectorSettings, now: float) -> Verdict:
    """Judge an observation; `now` is in seconds since 1970."""
    if seen.retiring:
        return Verdict((Finding.passed("HealthCheckFailed"),), retiring=True)
    memory = seen.memory or Memory()
    silent = seen.connect_answers == "" and seen.connector is None
    untold = memory.untold + 1 if silent else 0
    idle_since = None
    if seen.connect_answers == "" and seen.connector is not None and seen.connector.idle:
        idle_since = int(now) if memory.idle_since is None else memory.idle_since
    idle = idle_since is not None and now - idle_since >= IDLE_SECONDS
    judged = findings(seen, settings, now, untold, idle=idle)
    treatment = treat(seen, judged, settings, now, untold)
    if seen.budget is not None:
        left = f"{seen.budget.left(now)} of {LIMIT} restarts left in this hour"
        name, spent = "AutoRestartBudgetExceeded", treatment.spent
        judged.append(Finding.failed(name, treatment.held) if spent else Finding.passed(name, left))
    sure = not seen.blind and all(finding.ok is not None for finding in judged)
    return Verdict(tuple(judged), treatment, untold=untold, idle_since=idle_since, sure=sure)
