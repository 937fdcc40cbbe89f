"""What a maintenance window may be, and the summary that ends it. Pure."""

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.check_result import result
from connector.domain.health.headroom import judged
from connector.domain.health.mail import GOES_ON, RESTS, Mail, listed, subject
from connector.domain.health.mail_context import MailContext
from connector.domain.health.maintenance_window import Window
from connector.domain.health.moments import moment
from connector.domain.health.observation import Observation
from connector.domain.health.rest_findings import MAINTENANCE
from connector.domain.health.verdict import Verdict


def refusal(seen: Observation, settings: ConnectorSettings, seconds: int, now: float) -> str | None:
    """Why changes may be lost in a window of so many seconds, with the next step; None if none can be.

    The connector may stand still for all of it, so the database must keep for as long the log that the
    connector has not read. What is not known is refused. The kind `jdbc` reads no log.
    """
    if settings.kind != "debezium":
        return None
    hours, wanted = settings.archived_log_hours, _duration(seconds)
    if not hours:
        return (
            "how long the database keeps its archived log is not known, so changes may be lost: ask the DBA, "
            "set connector.archived_log_hours in the stage's config.yaml and launch"
        )
    if hours * 3600 < seconds:
        return (
            f"the database keeps its archived log for {hours} h (connector.archived_log_hours), less than "
            f"the window of {wanted}: choose a shorter window, or ask the DBA to keep the log longer"
        )
    room = judged(seen, settings, now)
    if room is not None and room.nothing_to_lose:
        return None
    if room is None or room.minutes is None:
        return (
            "for how long the log stays that the connector has not read is not known, so changes may be "
            f"lost: {'' if room is None else f'{room.text}; '}of a stage that streams it is known from the "
            "second health check on"
        )
    if room.minutes * 60 < seconds:
        return (
            f"the log that the connector has not read stays for {max(0, room.minutes):.0f} minutes, less "
            f"than the window of {wanted}: {room.text}; choose a shorter one, or let the connector catch up"
        )
    return None


def summary_mail(
    context: MailContext, window: Window, seen: Observation, verdict: Verdict, now: float
) -> Mail:
    """The one mail at the end of a window: what the check finds now, then each mail that was held."""
    stage, found = context.stage, verdict.findings
    state = _state(verdict)
    lines = [
        f"Stage {stage.name}, {moment(now)}: the maintenance window has ended; {state}.",
        "",
        f"Window:       {moment(window.since)} to {moment(window.until)}",
        f"Opened by:    {window.by or 'not known'}",
        f"Why:          {window.why}",
        f"Connector:    {_connector(context, window, seen, verdict)}",
        f"Check now:    {context.text(verdict.summary)}",
        *listed("To do:", tuple(context.text(result(each, stage).line()) for each in found)),
        _data(context, verdict),
        f"Command:      wms-connector verify {stage.name}",
        *context.links(MAINTENANCE),
        "",
        f"Mails that were held: {len(window.held) + window.not_kept}",
        *(f"{moment(mail.at)}  {mail.subject}" for mail in window.held),
        *([f"and {window.not_kept} more, which were not kept"] if window.not_kept else []),
    ]
    for mail in window.held:
        lines += ["", f"---- held, {moment(mail.at)}: {mail.subject}", mail.text]
    return Mail(subject(f"{stage.names.service}: maintenance ended ({state})"), "\n".join(lines))


def _state(verdict: Verdict) -> str:
    """How the stage is, in a few words."""
    count = len(verdict.findings)
    if count:
        return "1 problem" if count == 1 else f"{count} problems"
    if verdict.rest:
        return "nothing is streamed"
    return "all is well" if verdict.sure else "not everything could be checked"


def _data(context: MailContext, verdict: Verdict) -> str:
    """The line that says whether data is at risk, by the first problem that has a class."""
    cause = next((finding.cause for finding in verdict.findings if finding.cause is not None), None)
    if cause is not None:
        return context.data(cause)
    return f"Data:         {RESTS if verdict.rest else GOES_ON}"


def _connector(context: MailContext, window: Window, seen: Observation, verdict: Verdict) -> str:
    """What became of the connector, which may have been stopped for the window."""
    resume = f"wms-connector resume {context.stage.name}"
    if not window.halted_at:
        return f"not stopped for the window; {verdict.rest}" if verdict.rest else "not stopped for the window"
    if window.resumed_at:
        return f"stopped for the window, resumed {moment(window.resumed_at)}"
    if window.halt_error:
        return f"stopped for the window, and could not be resumed: {window.halt_error}; {resume}"
    if verdict.rest:
        return f"stopped for the window; somebody has changed that, so it stays: {verdict.rest}; {resume}"
    state = "in an unknown state" if seen.connector is None else seen.connector.state
    return f"stopped for the window; somebody has started it since, it is {state}"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])
