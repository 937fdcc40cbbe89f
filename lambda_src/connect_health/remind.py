"""Remind people of a halted connector, once among runs at the same time."""

from connector.domain.health.halt import HaltedBy
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import Observation
from connector.domain.health.reminder import begins_unmarked, is_due, reminder_mail
from connector.domain.health.verdict import Verdict
from connector.domain.secrets.redactor import Redactor
from lambda_src.clients.state_table import Table, replace_item, write_halt
from lambda_src.connect_health.notify import Sns, send


def remind(
    context: MailContext,
    seen: Observation,
    verdict: Verdict,
    *,
    now: float,
    table: Table,
    sns: Sns,
    topic: str,
    redactor: Redactor,
) -> bool:
    """Send the mail that is due; whether it was. A message that SNS refuses is sent by the next check."""
    if begins_unmarked(seen, now):
        write_halt(table, seen.halt, by=HaltedBy.OPERATOR, at=int(now))
        return False
    if not is_due(seen, verdict, now):
        return False
    written = seen.halt.reminded(now)
    if not replace_item(table, written.to_item(), replaced_version=seen.halt.replaced_version):
        return False
    try:
        mail = reminder_mail(context, seen, verdict, now)
        return send(sns, topic, mail, redactor, table=table, now=now)
    except Exception:
        replace_item(table, written.reminded(seen.halt.reminded_at).to_item())
        raise
