"""What the product's own judge makes of what was seen of the connector; `told` says what is right.

One check, made at once. Everything else of the stage is well. The state is the one of a stage that has just
been registered, so that a restart is within the budget.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from connector.domain.health.budget import Budget
from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.domain.health.error_classes import classify
from connector.domain.health.incident import mailed
from connector.domain.health.mail import incident_mail
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import BrokerReading, Observation
from connector.domain.health.remediation import Action
from connector.domain.health.scn import position_in
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.stage import Stage
from lambda_src.clients.worker_log import GivenLog, last_failure
from lambda_src.observe_skipped import with_set_back
from tests.faults.oracle.testbed import ConnectorTestbed
from tests.support.observations import WELL


@dataclass(frozen=True)
class Judgement:
    """Findings, who is to do what, and what the check does. Empty texts where nothing was found."""

    found: str
    classes: str
    does: str
    next_step: str
    summary: str
    #: What was read of the worker's log.
    read: str
    #: The classes found, the mail that would be sent (empty without one), and whether a restart is made.
    named: tuple[str, ...] = ()
    mail: str = ""
    restarts: bool = False

    def cells(self) -> dict[str, str]:
        """Columns of the table."""
        return {
            "health finds": self.found or "nothing",
            "class, owner": self.classes or "none",
            "health does": self.does,
            "next step": self.next_step or "none",
        }


def judge(bed: ConnectorTestbed) -> Judgement:
    """Feed status, metrics and log as they are to the health check's decision."""
    now = time.time()
    position = position_in(bed.offsets(), bed.stage.topics.prefix)
    status, source = bed.status(), bed.source()
    address = f"{bed.database.host}:{bed.database.port}"
    seen = replace(
        WELL,
        connector=status,
        source=source if status is not None and status.running_at else None,
        scn_sightings=() if source.scn is None else ((now, source.scn),),
        position=position,
        # Here the health check reads every line of the log, whether it names the connector or not.
        skipped=SkippedChanges().with_lines(_events(bed.log()), int(now * 1000)),
        database={address: bed.listening()},
        brokers=BrokerReading(newest=now - 1, newest_of_table=now - 1),
    )
    read = _log_message(bed, seen, now)
    verdict = decide(with_set_back(replace(seen, log_message=read), now), bed.settings, now)
    causes = [finding.cause for finding in verdict.findings if finding.cause is not None]
    action, withheld = verdict.remediation.action.value, verdict.remediation.withheld
    return Judgement(
        ", ".join(finding.name for finding in verdict.findings),
        ", ".join(dict.fromkeys(f"{cause.name}, {cause.owner.value}" for cause in causes)),
        (withheld and f"no restart: {withheld}") or (action if action != "nothing" else "watches"),
        "; ".join(dict.fromkeys(cause.next_step for cause in causes)),
        verdict.summary,
        read,
        tuple(cause.name for cause in causes),
        _mail(verdict, now),
        verdict.remediation.action is Action.RESTART,
    )


def finds(bed: ConnectorTestbed, error_class: str) -> str:
    """For a case's proof: what is wrong if the health check does not find this class; empty if it does."""
    classes = judge(bed).classes
    return "" if f"{error_class}, " in classes else f"the health check finds {classes or 'nothing'}"


def _mail(verdict: Verdict, now: float) -> str:
    """What people would be mailed, if the error lasts."""
    if not mailed(verdict.findings):
        return ""
    return incident_mail(MailContext(Stage.parse("main")), verdict, HealthState(), Budget(), now).text


def _events(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Lines of the log, each with its time in milliseconds since 1970."""
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append((int(datetime.fromisoformat(line.split(" ", 1)[0]).timestamp() * 1000), line))
    return found


def _log_message(bed: ConnectorTestbed, seen: Observation, now: float) -> str:
    """As `lambda_src.observe` reads it: of a source that is not connected, or of a refused heartbeat."""
    status, source = seen.connector, seen.source
    connected = source is not None and source.connected
    if status is None or not status.streams or (connected and not bed.settings.heartbeat_table):
        return ""
    about = HEARTBEAT_REFUSED if connected else ""
    return last_failure(GivenLog(_events(bed.task_log())), "of the worker", now, about=about)


def judge_refusal(errors: Sequence[str]) -> dict[str, str]:
    """What a registration makes of the errors of a validation: columns of the table."""
    cause = classify("; ".join(errors))
    return {
        "health finds": "the launch fails",
        "class, owner": f"{cause.name}, {cause.owner.value}",
        "health does": "nothing: there is no connector yet",
        "next step": cause.next_step,
    }
