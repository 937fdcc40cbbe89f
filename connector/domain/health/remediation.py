"""What to do about a failure, within the restart budget. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.budget import LIMIT
from connector.domain.health.error_classes import NOT_RUNNING, named
from connector.domain.health.finding import Finding
from connector.domain.health.headroom import judged
from connector.domain.health.observation import Observation
from connector.domain.health.refused_login import RefusedLogin, refused_in_trace, refused_login, written_at
from connector.domain.health.state import HealthState

#: For how long nobody is mailed of a failure that a restart may fix: a restarted task runs by then, or has
#: failed anew. Short enough for two looks and a mail within a minute of the failure.
HEALING_SECONDS = 20


@dataclass(frozen=True)
class Outcome:
    """The result of an action, as a text; empty when nothing was tried.

    `attempted`: it counts as a restart. `refused`: the class for which Connect refused the registration.
    `stopped`: it was the stop after a refused login.
    """

    attempted: bool = False
    text: str = ""
    refused: str = ""
    stopped: bool = False


class Action(StrEnum):
    """What a health check can do."""

    NOTHING = "nothing"
    RESTART = "restart what failed"
    #: After a refused login, so that the connector does not try it again and again.
    STOP = "stop the connector"
    REGISTER = "register the connector"


@dataclass(frozen=True)
class Remediation:
    """What to do. `withheld` says why nothing is done although something failed.

    `healing`: nobody needs to be woken yet, because a restart is made now or was made `HEALING_SECONDS` ago
    at most. `spent`: a restart was due, and the hour's budget is used up.
    """

    action: Action = Action.NOTHING
    withheld: str = ""
    healing: bool = False
    spent: bool = False
    #: Of a stop: the refused login, and the address of the worker that was refused.
    login: RefusedLogin | None = None
    address: str = ""


def decide_remediation(
    seen: Observation, results: list[Finding], settings: ConnectorSettings, now: float, *, missing: bool
) -> Remediation:
    """The remediation for what was seen. `missing`: as for `findings`."""
    if (stop := _after_refusal(seen)) is not None:
        return stop
    wanted, cause = _wanted_action(seen, missing=missing)
    if wanted is Action.NOTHING:
        idle = any(finding.cause is NOT_RUNNING and finding.ok is False for finding in results)
        withheld = "nothing has failed, and Connect restarts only what has failed"
        return Remediation(withheld=withheld if idle else "")
    if seen.maintenance.open(now):
        return Remediation(withheld=f"a maintenance window is {seen.maintenance.describe(now)}")
    budget, state = seen.budget, seen.health_state
    if budget is None or state is None:
        return Remediation(
            withheld="the state table cannot be read, so no restart can be counted, and none is made"
        )
    wrong = {finding.name for finding in results if finding.ok is False}
    hopeful = budget.repetitions < LIMIT
    # What keeps a restart from helping may pass as soon.
    passing = hopeful and cause.retry and now - (state.failed_since or now) < HEALING_SECONDS
    if wrong & {"EcsServiceUnhealthy", "ConnectApiUnreachable"}:
        return Remediation(
            withheld="the ECS service or Connect's API has failed: a restart of the connector does not help",
            healing=passing,
        )
    if wrong & {"DbTcpUnreachable", "BrokersUnreachable"}:
        return Remediation(
            withheld="the database or the brokers do not answer; "
            "the health check restarts the connector once they do",
            healing=passing,
        )
    if not cause.retry:
        return Remediation(withheld=f"{cause.meaning}: a restart does not fix that")
    if withheld := _refused_before(seen, wanted, state) or _lost_position(seen, settings, now):
        return Remediation(withheld=withheld)
    refusal = budget.refusal(now)
    if refusal is not None:
        under_way = hopeful and budget.has_claimed(now, within=HEALING_SECONDS)
        return Remediation(withheld=refusal.reason, healing=under_way, spent=refusal.spent)
    return Remediation(wanted, healing=hopeful)


def _refused_before(seen: Observation, wanted: Action, state: HealthState) -> str:
    """Why a start would be refused as the last one was; empty if that is not known."""
    if known := seen.refused.refusal_of(seen.secret_versions):
        return f"the login with secret {known.describe()} was refused before"
    if wanted is Action.REGISTER and state.refused and not named(state.refused).retry:
        return f"the registration was refused: {named(state.refused).meaning}"
    return ""


def _after_refusal(seen: Observation) -> Remediation | None:
    """Stop a connector whose worker was refused a login: it would try until its account is locked.

    What a worker logged before the task's present worker was made, or before a halt ended, is no news.
    """
    status = seen.connector
    if seen.retiring or status is None or status.halted or seen.service is None:
        return None
    workers = {task.address: task for task in seen.service.tasks if task.address}
    failed = [(status.worker, status.trace)] if status.state_failed else []
    failed += [(task.worker, task.trace) for task in status.tasks if task.failed]
    for worker, trace in failed:
        address, login = worker.rpartition(":")[0], refused_in_trace(trace)
        if login is not None and address in workers:
            return Remediation(Action.STOP, login=login, address=address)
    login = refused_login(seen.log_message)
    if (
        login is None
        or login.validation
        or not status.running_at
        or (seen.source is not None and seen.source.connected)
    ):
        return None
    runs_at = workers.get(status.running_at[0])
    made = 0.0 if runs_at is None else runs_at.created_at or 0.0
    if (written_at(seen.log_message) or math.inf) <= max(made, seen.halt.at):
        return None
    return Remediation(Action.STOP, login=login, address=status.running_at[0])


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


def _wanted_action(seen: Observation, *, missing: bool) -> tuple[Action, ErrorClass]:
    """The action that may fix what failed, and the error class: one that forbids a retry comes first."""
    nothing = Action.NOTHING, named("unknown")
    if seen.retiring or seen.connect_answers != "" or "connector" in seen.probe_errors:
        return nothing
    status = seen.connector
    if status is None:
        return (Action.REGISTER, named("unknown")) if missing else nothing
    if status.halted or not status.failed:
        return nothing
    causes = [diagnose(trace).error_class for trace in status.traces]
    return Action.RESTART, next((cause for cause in causes if not cause.retry), causes[0])
