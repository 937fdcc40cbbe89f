"""End a maintenance window whose time is up: resume what was stopped for it, and mail one summary."""

import time
from dataclasses import replace

from connector.domain.health.mail_context import MailContext
from connector.domain.health.maintenance import summary_mail
from connector.domain.health.maintenance_window import Window
from connector.domain.health.observation import Observation
from connector.domain.health.verdict import Verdict
from lambda_src.clients.state_table import Table, change_window, read_window, replace_item
from lambda_src.connect_health.notify import Sns, send
from lambda_src.maintenance import release
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session


def end_maintenance(
    session: Session,
    context: MailContext,
    seen: Observation,
    verdict: Verdict,
    *,
    table: Table,
    sns: Sns,
    topic: str,
    clock: Clock = time.time,
) -> str:
    """What this check does about a window that is over, as a text; empty if there is none.

    The summary waits for one more check if the connector was resumed just now, or if not all is well: this
    check makes a restart that was held. A summary that SNS refuses is sent by the next check.
    """
    now = clock()
    if not seen.maintenance.over(now):
        return ""
    window = read_window(table)
    outcome = release(session, window, now)
    resumed = "resumed_at" in outcome
    waits = resumed or not (verdict.works or window.closing)

    def written(found: Window) -> Window | None:
        if not found.over(now):
            return None
        return found.next(closing=True, **outcome) if waits else found.ended()

    before = change_window(table, written)
    if before is None:
        return "another run has ended the maintenance window"
    if waits:
        return f"{'resumed the connector; ' * resumed}the summary of the window follows with the next check"
    before = replace(before, **outcome)
    try:
        mail = summary_mail(context, before, seen, verdict, now)
        send(sns, topic, mail, session.redactor, table=table, now=now)
    except Exception:
        # In place of the item that says that there is no window, which is one on.
        replace_item(table, before.next().next().to_item())
        raise
    return "ended the maintenance window and mailed its summary"
