"""The mail that tells, once, of changes that Debezium has passed over. Pure."""

from collections.abc import Sequence

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.mail import Mail, subject
from connector.domain.health.mail_context import MailContext
from connector.domain.health.moments import moment
from connector.domain.health.skipped_changes import Skipped
from connector.domain.health.skipped_findings import NAME, cause_of, reason, step_of_table, table_option
from connector.domain.health.skipped_lines import Skip
from connector.domain.stage.stage import Stage

_MISSING = "its topic does not hold what the database did; nothing heals that by itself"


def skipped_mail(context: MailContext, entries: Sequence[Skipped], now: float) -> Mail:
    """One mail about everything that no mail has named yet. It has no value of a row."""
    stage = context.stage
    tables = ", ".join(dict.fromkeys(entry.table for entry in entries))
    opening = (
        "changes of captured tables may be missing on their topics. The connector runs and reports no error."
    )
    lines = [f"Stage {stage.name}, {moment(now)}: {opening}"]
    for entry in entries:
        cause = cause_of(entry)
        lines += [
            "",
            f"Table:        {entry.table}",
            f"Cause:        {cause.name}: {cause.meaning}",
            f"Seen:         {reason(entry)}",
            f"Data:         {cause.data or _MISSING}",
            f"Owner:        {cause.owner.value}",
            f"Next step:    {context.text('; '.join(filter(None, (step_of_table(entry), cause.next_step))))}",
            f"Command:      {_command(entry, cause, stage)}",
        ]
    lines += [
        "",
        f"Acknowledge:  wms-connector acknowledge {stage.name}{table_option(entries[0])}",
        *context.links(NAME),
        "",
        "No further mail follows about this until it is acknowledged and happens again; verify names it.",
    ]
    causes = ", ".join(dict.fromkeys(entry.kind.value for entry in entries))
    return Mail(subject(f"{stage.names.service}: {NAME} ({causes}) {tables}"), "\n".join(lines))


def _command(entry: Skipped, cause: ErrorClass, stage: Stage) -> str:
    """The class's command, for this table where it takes one."""
    command = cause.command_for(stage)
    return command + table_option(entry) if entry.kind in _OF_A_TABLE else command


#: The kinds whose class has a command that takes the table.
_OF_A_TABLE = (Skip.UNSUPPORTED, Skip.TRUNCATED, Skip.ABORTED)
