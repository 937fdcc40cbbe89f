"""The text of a mail: one for an incident, one for its end. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.diagnosis.error_class import LOST, ErrorClass
from connector.domain.health import metrics
from connector.domain.health.budget import LIMIT, Budget
from connector.domain.health.error_classes import ARCHIVED_LOG_EXPIRING
from connector.domain.health.finding import Finding
from connector.domain.health.incident import mailed
from connector.domain.health.mail_context import MailContext
from connector.domain.health.moments import moment
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verdict import Verdict

#: What SNS takes as a subject: this many characters of ASCII.
SUBJECT = 100

#: How the subject of every mail of a drill begins.
DRILL = "DRILL"

_LAG = "ReplicationLagSeconds"
#: What becomes of the data of a connector that runs, and of one that does not.
GOES_ON = "the connector goes on from its position: what has changed meanwhile follows"
RESTS = "the connector keeps its position: what changes meanwhile follows once it runs again"


@dataclass(frozen=True)
class Mail:
    """One message. `urgent`: changes are lost if it waits, so no maintenance window holds it."""

    subject: str
    text: str
    urgent: bool = False


def incident_mail(
    context: MailContext,
    verdict: Verdict,
    state: HealthState,
    budget: Budget | None,
    now: float,
    *,
    new_findings: tuple[Finding, ...] = (),
) -> Mail:
    """What somebody who is woken needs: what happened, what was tried, the command to run.

    `new_findings`: the findings that have joined an incident since its mail; they come first.
    """
    found = [*new_findings, *(finding for finding in mailed(verdict.findings) if finding not in new_findings)]
    first = found[0]
    cause = first.cause or next((f.cause for f in found if f.cause is not None), UNKNOWN)
    alarm, stage, text = metrics.metric(first.name).alarm, context.stage, context.text
    log = _archived_log(verdict, found)
    left = "unknown: the state table cannot be read" if budget is None else f"{budget.left(now)} of {LIMIT}"
    lines = [
        f"Stage {stage.name}, {moment(now)}: {alarm.description if alarm else first.name}",
        "",
        *(joins(state.incident) if new_findings and state.incident else []),
        f"Cause:        {cause.name}: {cause.meaning}",
        f"Last error:   {text(first.reason)}",
        *(f"Also:         {finding.name}: {text(finding.reason)}" for finding in found[1:]),
        f"Lag:          {trend(state, verdict.metrics, now)}",
        *log,
        context.data(cause, log_known=bool(log)),
        *listed("Tried:", state.tried or ("nothing",)),
        *([f"No action:    {verdict.remediation.withheld}"] if verdict.remediation.withheld else []),
        f"Restarts left in this hour: {left}",
        "",
        *context.steps(cause),
        *context.links(alarm.section if alarm else first.name),
        "",
        "No further mail follows until this incident ends, unless an error of another class joins it.",
    ]
    urgent = any(_loses_changes(finding.cause) for finding in new_findings or found)
    title = subject(f"{stage.names.service}: {first.name} ({cause.name})")
    return Mail(title, "\n".join(lines), urgent=urgent)


def _loses_changes(cause: ErrorClass | None) -> bool:
    """Whether the log that the connector has not read is gone, or will be soon."""
    return cause is not None and (cause is ARCHIVED_LOG_EXPIRING or cause.data == LOST)


def recovery_mail(
    context: MailContext,
    incident: Incident,
    state: HealthState,
    before: HealthState,
    now: float,
    *,
    rest: str = "",
    measured: Mapping[str, float] | None = None,
) -> Mail:
    """The mail that an incident has ended. `before` is the state in which the incident was still open.

    `rest` says why nothing is streamed now, if nothing is meant to be; `measured` are this check's metrics.
    """
    stage, data = context.stage, GOES_ON
    well = "healthy again. Nobody needs to do anything"
    if rest:
        well = f"no problem is left, but nothing is streamed: {rest}"
        data = RESTS
    minutes = max(1, round((now - incident.since) / 60))
    lines = [
        f"Stage {stage.name}, {moment(now)}: {well}.",
        "",
        f"Incident:     {incident.title}, mailed {moment(incident.since)}, {minutes} minutes ago",
        *([f"Events:       {before.worker.summary}"] if before.worker.summary else []),
        *listed("Tried:", before.tried or ("nothing",)),
        f"Lag:          {trend(state, measured or {}, now)}",
        f"Data:         {data}",
        *context.links(incident.title.partition(" ")[0]),
    ]
    return Mail(subject(f"{stage.names.service}: recovered from {incident.title}"), "\n".join(lines))


def drill_mail(mail: Mail) -> Mail:
    """The same message as a drill: nobody may take it for an incident."""
    opening = "This is a DRILL: nothing below has happened, and nobody needs to do anything."
    return Mail(subject(f"{DRILL} {mail.subject}"), f"{opening}\n\n{mail.text}")


def trend(state: HealthState, measured: Mapping[str, float], now: float) -> str:
    """The lag and whether it grows; where this check did not measure it, when the last change came.

    `measured`: metric -> value, of this check.
    """
    if _LAG not in measured:
        return _last_seen(state, measured, now)
    if not state.lags:
        return f"{measured[_LAG]:.0f} s"
    (began, old), (ended, new) = state.lags[0], state.lags[-1]
    if began == ended:
        return f"{new} s"
    change = "growing" if new > old else "falling" if new < old else "steady"
    return f"{new} s, {change} ({old} s {round((ended - began) / 60)} minutes before)"


def _last_seen(state: HealthState, measured: Mapping[str, float], now: float) -> str:
    """What is known of a lag that cannot be measured: how old the newest change and heartbeat are."""
    since = (("last change", "SecondsSinceLastEvent"), ("last heartbeat", "HeartbeatAgeSeconds"))
    known = [f"{what} {_ago(measured[name])}" for what, name in since if name in measured]
    if state.lags:
        at, lag = state.lags[-1]
        known.append(f"it was {lag} s {_ago(now - at)}")
    return (
        ", ".join(["not measured now", *known]) if known else "not known: it was not measured before either"
    )


def _ago(seconds: float) -> str:
    return f"{max(0, round(seconds / 60))} min ago" if seconds >= 60 else f"{max(0, round(seconds))} s ago"


def _archived_log(verdict: Verdict, found: list[Finding]) -> list[str]:
    """How long a repair may take before the position is lost, unless the mail is about just that."""
    named = {finding.name for finding in found}
    return [
        f"Archived log: {finding.summary or finding.reason}"
        for finding in verdict.results
        if finding.name == "ScnHeadroomMinutes" and finding.name not in named
    ]


def joins(incident: Incident) -> list[str]:
    """The line of a mail about what has joined an open incident."""
    return [f"Joins:        an incident that was mailed {moment(incident.since)} and is still open"]


def listed(title: str, lines: tuple[str, ...]) -> list[str]:
    """Lines under one title."""
    return [f"{title if number == 0 else '':<13} {line}" for number, line in enumerate(lines)]


def subject(text: str) -> str:
    """A text as SNS takes it for a subject."""
    plain = text.encode("ascii", "replace").decode()
    return plain if len(plain) <= SUBJECT else plain[: SUBJECT - 3] + "..."
