"""Decide: what an observation means, as findings, metrics and what to do about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.settings import ConnectorSettings
from lambda_src.connect_health.findings import IDLE_SECONDS, Finding, by_metric, findings, idles, unheard
from lambda_src.connect_health.memory import Memory
from lambda_src.connect_health.observation import Observation
from lambda_src.connect_health.treatment import Treatment, treat


@dataclass(frozen=True)
class Verdict:
    """What is to be told and done. `metrics` has 0 for what is well; what was not seen is not in it."""

    metrics: Mapping[str, float]
    findings: tuple[Finding, ...] = ()
    treatment: Treatment = field(default_factory=Treatment)
    retiring: bool = False
    #: Checks in a row, this one included, in which Connect has not told of the connector.
    untold: int = 0
    #: Since when every check has found that it does not run, although nothing has failed.
    idle_since: int | None = None
    #: Whether all was seen that a recovery would have to show.
    sure: bool = True

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if self.retiring:
            return "the stage is being torn down: nothing is judged"
        if not self.findings:
            return "healthy" if self.sure else "nothing is known to be wrong, but not all could be seen"
        return "; ".join(f"{finding.metric}: {finding.reason}" for finding in self.findings)


def decide(seen: Observation, settings: ConnectorSettings, now: float) -> Verdict:
    """Judge an observation; `now` is in seconds since 1970."""
    if seen.retiring:
        return Verdict({"HealthCheckFailed": 0}, retiring=True)
    memory = seen.memory or Memory()
    silent = seen.connect_answers == "" and seen.connector is None
    untold = memory.untold + 1 if silent else 0
    idle_since = None
    if seen.connect_answers == "" and idles(seen):
        idle_since = int(now) if memory.idle_since is None else memory.idle_since
    idle = idle_since is not None and now - idle_since >= IDLE_SECONDS
    judged = findings(seen, settings, now, untold, idle=idle)
    treatment = treat(seen, judged, settings, now, untold)
    if seen.budget is not None:
        due = Finding(
            "AutoRestartBudgetExceeded", treatment.held, float(treatment.spent), wrong=treatment.spent
        )
        judged.append(due)
    wrong = tuple(finding for finding in judged if finding.wrong)
    sure = not silent and idle_since is None and seen.connect_answers is not None and not seen.blind
    if settings.kind == "debezium":
        sure = sure and not unheard(seen, settings)
    return Verdict(by_metric(judged), wrong, treatment, untold=untold, idle_since=idle_since, sure=sure)
