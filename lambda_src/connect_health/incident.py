"""Whether people are told, and what the next check has to know. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from connector.domain import metrics
from lambda_src.connect_health.act import Outcome
from lambda_src.connect_health.findings import Finding, position
from lambda_src.connect_health.memory import LAGS_KEPT, Incident, Memory
from lambda_src.connect_health.observation import Observation
from lambda_src.connect_health.verdict import Verdict

#: How many attempts are remembered for the mail.
_TRIED_KEPT = 6

#: What explains the others stands first.
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
    "ReplicationLagSeconds",
    "AutoRestartBudgetExceeded",
)


class Tell(StrEnum):
    """What people are told."""

    NOTHING = "nothing"
    INCIDENT = "incident"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Next:
    """The memory to write, and what to tell once it is written."""

    memory: Memory
    tell: Tell = Tell.NOTHING


def mailed(findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings that the health check mails itself, the one that explains the others first."""
    own = [finding for finding in findings if finding.metric in _ORDER]
    return sorted(own, key=lambda finding: _ORDER.index(finding.metric))


def follow(memory: Memory, seen: Observation, verdict: Verdict, outcome: Outcome, now: float) -> Next:
    """What comes of a check. One message tells of an incident and one of its end.

    An incident begins when a finding has lasted for as many checks as its alarm asks for, unless the budget
    is still at work on it. It ends with the first check that saw everything and found nothing.
    """
    if verdict.retiring:
        return Next(Memory(version=memory.version + 1))
    own = mailed(verdict.findings)
    streaks = {finding.metric: memory.streaks.get(finding.metric, 0) + 1 for finding in own}
    kept = memory.next(
        streaks=streaks,
        untold=verdict.untold,
        lags=_lags(memory, verdict, now),
        position=position(seen, now) or memory.position,
        tried=_tried(memory, outcome, now) if own or not verdict.sure else (),
        refused=outcome.refused or ("" if seen.connector is not None else memory.refused),
    )
    if memory.incident is None and _due(own, streaks, verdict):
        title = " and ".join(finding.metric for finding in own[:2])
        started = Incident(int(now), title)
        return Next(_with(kept, started), Tell.INCIDENT)
    if memory.incident is not None and not own and verdict.sure:
        return Next(_with(kept, None), Tell.RECOVERY)
    return Next(kept)


def moment(at: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _due(own: list[Finding], streaks: dict[str, int], verdict: Verdict) -> bool:
    healed = {"ConnectorStateFailed", "ConnectorTaskFailed"} if verdict.treatment.healing else set()
    for finding in own:
        alarm = metrics.metric(finding.metric).alarm
        lasted = alarm is not None and streaks[finding.metric] >= alarm.periods
        if lasted and finding.metric not in healed:
            return True
    return False


def _lags(memory: Memory, verdict: Verdict, now: float) -> tuple[tuple[int, int], ...]:
    lag = verdict.metrics.get("ReplicationLagSeconds")
    return memory.lags if lag is None else (*memory.lags, (int(now), int(lag)))[-LAGS_KEPT:]


def _tried(memory: Memory, outcome: Outcome, now: float) -> tuple[str, ...]:
    if not outcome.attempted:
        return memory.tried
    return (*memory.tried, f"{moment(now)}: {outcome.text}")[-_TRIED_KEPT:]


def _with(memory: Memory, incident: Incident | None) -> Memory:
    """The memory with another incident and the same version."""
    return Memory(
        memory.streaks,
        memory.untold,
        memory.lags,
        memory.position,
        memory.tried,
        memory.refused,
        incident,
        memory.version,
    )
