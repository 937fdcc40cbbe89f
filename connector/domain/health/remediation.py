"""What may be done about what failed. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.budget import LIMIT, LONGEST_WAIT_SECONDS
from connector.domain.health.error_classes import NOT_RUNNING, ErrorClass, classify, named
from connector.domain.health.findings import CONFIRMED, Finding, headroom_minutes
from connector.domain.health.observation import Observation


@dataclass(frozen=True)
class Outcome:
    """What came of it, in words; empty when nothing was tried.

    `refused`: the class of trouble for which Connect refused the registration.
    """

    attempted: bool = False
    text: str = ""
    refused: str = ""


class Act(StrEnum):
    """What a health check can do."""

    NOTHING = "nothing"
    RESTART = "restart what failed"
    REGISTER = "register the connector"


@dataclass(frozen=True)
class Treatment:
    """What to do. `held` says why nothing is done although something failed.

    `healing`: nobody needs to be woken yet, since a restart is made or will be. `spent`: a restart was due,
    and the hour's budget is used up.
    """

    act: Act = Act.NOTHING
    held: str = ""
    healing: bool = False
    spent: bool = False


def treat(
    seen: Observation, judged: list[Finding], settings: ConnectorSettings, now: float, untold: int
) -> Treatment:
    """The treatment for what was seen."""
    wanted, cause = _wanted(seen, untold)
    if wanted is Act.NOTHING and any(
        finding.cause is NOT_RUNNING and finding.ok is False for finding in judged
    ):
        return Treatment(held="Connect restarts only what has failed, and nothing has")
    if wanted is Act.NOTHING:
        return Treatment()
    budget, memory = seen.budget, seen.memory
    if budget is None or memory is None:
        return Treatment(held="the state table cannot be read, so no restart can be claimed")
    wrong = {finding.name for finding in judged if finding.ok is False}
    if wrong & {"EcsServiceUnhealthy", "ConnectApiUnreachable"}:
        return Treatment(held="ECS or Connect's API is the trouble: restarting the connector would not help")
    if wrong & {"DbTcpUnreachable", "BrokersUnreachable"}:
        return Treatment(held="database or brokers do not answer: a restart is made once they do")
    if not cause.retry:
        return Treatment(held=f"{cause.meaning}: no restart mends that")
    if wanted is Act.REGISTER and memory.refused and not named(memory.refused).retry:
        return Treatment(held=f"the registration was refused: {named(memory.refused).meaning}")
    minutes = headroom_minutes(seen, settings, memory, now)
    if minutes is not None and minutes <= 0:
        return Treatment(held="the archived log no longer reaches the position: a restart would lose it")
    hopeful = budget.repetitions < LIMIT
    refusal = budget.refusal(now)
    if refusal is not None:
        # A claim of a clock that ran ahead keeps restarts away for longer than any wait: nothing heals then.
        soon = not refusal.spent and refusal.wait <= LONGEST_WAIT_SECONDS
        return Treatment(held=refusal.reason, healing=hopeful and soon, spent=refusal.spent)
    return Treatment(wanted, healing=hopeful)


def _wanted(seen: Observation, untold: int) -> tuple[Act, ErrorClass]:
    """What would mend what failed, and the class that speaks most against it."""
    nothing = Act.NOTHING, named("unknown")
    if seen.retiring or seen.connect_answers != "" or "connector" in seen.blind:
        return nothing
    status = seen.connector
    if status is None:
        return (Act.REGISTER, named("unknown")) if untold >= CONFIRMED else nothing
    if status.halted or not status.failed:
        return nothing
    causes = [classify(trace) for trace in status.traces]
    return Act.RESTART, next((cause for cause in causes if not cause.retry), causes[0])
