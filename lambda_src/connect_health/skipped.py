"""Keep what Debezium has passed over, and mail it once, by one run among those at the same time."""

from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import Observation
from connector.domain.health.skipped_changes import Skipped
from connector.domain.health.skipped_mail import skipped_mail
from connector.domain.secrets.redactor import Redactor
from lambda_src.clients.state_table import Table, replace_item
from lambda_src.connect_health.notify import Sns, send


def keep_and_tell(
    context: MailContext,
    seen: Observation,
    *,
    now: float,
    table: Table,
    sns: Sns,
    topic: str,
    redactor: Redactor,
) -> tuple[Skipped, ...]:
    """Write what is known and mail what no mail has named; the entries that were mailed.

    Another run or an operator may have written meanwhile: then nothing is mailed, and the next check reads
    the same lines again. A message that SNS refuses is an error, and the next check sends it again.
    """
    skipped = seen.skipped
    if skipped is None:
        return ()
    new = skipped.unmailed
    written = skipped.as_mailed().next()
    if not replace_item(table, written.to_item(), replaced_version=skipped.replaced_version):
        return ()
    if not new:
        return ()
    try:
        sent = send(sns, topic, skipped_mail(context, new, now), redactor, table=table, now=now)
    except Exception:
        replace_item(table, written.unmailed_again(new).next().to_item())
        raise
    return new if sent else ()
