"""What to do about a failure, within the restart budget. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.budget import LIMIT, LONGEST_WAIT_SECONDS
from connector.domain.health.error_classes import NOT_RUNNING, named
from connector.domain.health.findings import CONFIRMED, Finding
from connector.domain.health.headroom import judged
from connector.domain.health.observation import Observation


@dataclass(frozen=True)
class Outcome:
    """The result of an action, as a text; empty when nothing was tried.

    `refused`: the error class for which Connect refused the registration.
    """

    attempted: bool = False
    text: str = ""
    refused: str = ""


class Action(StrEnum):
    """What a health check can do."""

    NOTHING = "nothing"
    RESTART = "restart what failed"
    REGISTER = "register the connector"


@dataclass(frozen=True)
class Remediation:
    """What to do. `withheld` says why nothing is done although something failed.

    `healing`: nobody needs to be woken yet, because a restart is made now or later. `spent`: a restart was
    due, and the hour's budget is used up.
    """

    action: Action = Action.NOTHING
    withheld: str = ""
    healing: bool = False
    spent: bool = False


def decide_remediation(
    seen: Observation, results: list[Finding], settings: ConnectorSettings, now: float, unknown_streak: int
) -> Remediation:
    """The remediation for what was seen."""
    wanted, cause = _wanted_action(seen, unknown_streak)
    if wanted is Action.NOTHING and any(
        finding.cause is NOT_RUNNING and finding.ok is False for finding in results
    ):
        return Remediation(withheld="nothing has failed, and Connect restarts only what has failed")
    if wanted is Action.NOTHING:
        return Remediation()
    budget, state = seen.budget, seen.health_state
    if budget is None or state is None:
        return Remediation(
            withheld="the state table cannot be read, so no restart can be counted, and none is made"
        )
    wrong = {finding.name for finding in results if finding.ok is False}
    if wrong & {"EcsServiceUnhealthy", "ConnectApiUnreachable"}:
        return Remediation(
            withheld="the ECS service or Connect's API has failed: a restart of the connector does not help"
        )
    if wrong & {"DbTcpUnreachable", "BrokersUnreachable"}:
        return Remediation(
            withheld="the database or the brokers do not answer; "
            "the health check restarts the connector once they do"
        )
    if not cause.retry:
        return Remediation(withheld=f"{cause.meaning}: a restart does not fix that")
    if wanted is Action.REGISTER and state.refused and not named(state.refused).retry:
        return Remediation(withheld=f"the registration was refused: {named(state.refused).meaning}")
    if lost := _lost_position(seen, settings, now):
        return Remediation(withheld=lost)
    hopeful = budget.repetitions < LIMIT
    refusal = budget.refusal(now)
    if refusal is not None:
        # A claim by a clock that ran ahead blocks restarts for longer than any wait: nothing heals then.
        soon = not refusal.spent and refusal.wait <= LONGEST_WAIT_SECONDS
        return Remediation(withheld=refusal.reason, healing=hopeful and soon, spent=refusal.spent)
    return Remediation(wanted, healing=hopeful)


def _lost_position(seen: Observation, settings: ConnectorSettings, now: float) -> str:
    """Why a start at the connector's position reads nothing right; empty if that is not known."""
    if seen.skipped is not None and seen.skipped.set_back(seen.position):
        return (
            "the database was set back behind the connector's position: a restart reads nothing until the "
            "database has passed it again"
        )
    room = judged(seen, settings, now)
    if room is not None and room.gone:
        return (
            "the archived log no longer reaches back to the connector's position: a restart would lose that "
            "position"
        )
    return ""


def _wanted_action(seen: Observation, unknown_streak: int) -> tuple[Action, ErrorClass]:
    """The action that may fix what failed, and the error class: one that forbids a retry comes first."""
    nothing = Action.NOTHING, named("unknown")
    if seen.retiring or seen.connect_answers != "" or "connector" in seen.probe_errors:
        return nothing
    status = seen.connector
    if status is None:
        return (Action.REGISTER, named("unknown")) if unknown_streak >= CONFIRMED else nothing
    if status.halted or not status.failed:
        return nothing
    causes = [diagnose(trace).error_class for trace in status.traces]
    return Action.RESTART, next((cause for cause in causes if not cause.retry), causes[0])
