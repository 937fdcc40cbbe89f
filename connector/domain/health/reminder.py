"""When people are reminded of a connector that an operator has halted, and what the mail says. Pure.

A halt that the stage's config declares is not mailed: it stands in the config. A halt after a refused login
has an incident of its own.
"""

from connector.domain.health.at_rest import halted_by
from connector.domain.health.halt import HaltedBy
from connector.domain.health.mail import Mail, subject
from connector.domain.health.mail_context import MailContext
from connector.domain.health.moments import moment
from connector.domain.health.observation import Observation
from connector.domain.health.rest_findings import HALTED
from connector.domain.health.verdict import Verdict
from connector.domain.stage.aws_names import CONNECTOR

DAY = 24 * 3600
#: So many minutes of archived log must be left for a day to be early enough.
SOON_MINUTES = 240
#: Connect shows the state from before a request for some seconds.
_SETTLED_SECONDS = 120
_DATA = "nothing is lost while the database keeps its log since then; after that, changes are"


def begins_unmarked(seen: Observation, now: float) -> bool:
    """Whether the connector was halted by hand, without a mark: from now on its time counts."""
    by = halted_by(seen.connector, seen.halt)
    return by is HaltedBy.OPERATOR and seen.halt.by is None and now - seen.halt.at > _SETTLED_SECONDS


def is_due(seen: Observation, verdict: Verdict, now: float) -> bool:
    """Whether people are to be reminded now: after a day, or when the operator said; then each day.

    Sooner when archived log runs out: the moment at which too little was left follows from what is left now.
    """
    halt = seen.halt
    if halt.by is not HaltedBy.OPERATOR or halted_by(seen.connector, halt) is not HaltedBy.OPERATOR:
        return False
    due = halt.reminded_at + DAY if halt.reminded_at else halt.remind_at or halt.at + DAY
    left = verdict.metrics.get("ScnHeadroomMinutes")
    if left is not None and left < SOON_MINUTES:
        began = now - (SOON_MINUTES - left) * 60
        if halt.reminded_at < began:
            return True
    return now >= due


def reminder_mail(context: MailContext, seen: Observation, verdict: Verdict, now: float) -> Mail:
    """What somebody needs who has forgotten it: since when, why, until when it can wait, and the command."""
    stage, halt, state = (
        context.stage,
        seen.halt,
        "halted" if seen.connector is None else seen.connector.state,
    )
    rooms = [f.summary or f.reason for f in verdict.results if f.name == "ScnHeadroomMinutes"]
    log = rooms[0] if rooms else "not known: changes are lost once the database deletes log that was not read"
    again = f'wms-connector pause {stage.name} --why "<why>" --for 2d'
    lines = [
        f"Stage {stage.name}, {moment(now)}: {CONNECTOR} is {state}, and no change reaches the topics.",
        "",
        f"Since:        {moment(halt.at)}, {_hours(now - halt.at)} ago",
        f"Why:          {halt.why or 'nobody said so'}",
        "By:           an operator; neither the health check nor a launch ends it",
        f"Archived log: {log}",
        f"Lag:          grows; it is {_hours(now - halt.at)} if nothing was read since",
        f"Data:         {_DATA}",
        "",
        "Owner:        us",
        "Next step:    if the reason has passed, resume the connector: it goes on from its offset",
        f"Command:      wms-connector resume {stage.name}",
        f"Not yet:      {again}",
        *context.links(HALTED),
        "",
        "This mail is sent each day until the connector is resumed.",
    ]
    return Mail(subject(f"{stage.names.service}: {HALTED} ({state.lower()})"), "\n".join(lines))


def _hours(seconds: float) -> str:
    hours = max(0, round(seconds / 3600))
    return f"{hours // 24} days and {hours % 24} hours" if hours >= 48 else f"{hours} hours"
