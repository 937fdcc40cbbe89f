"""What both functions do with a maintenance window: keep a mail in it, and end the halt made for it."""

from collections.abc import Mapping
from typing import Any

from connector.domain.diagnosis.redaction import without_values
from connector.domain.errors import WmsError
from connector.domain.health.maintenance_window import HeldMail, Window
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import Table, change_window, read_halt
from lambda_src.logins import check_may_log_in, resume
from lambda_src.session import Session


def hold(table: Table, mail: HeldMail) -> bool:
    """Keep a mail for the summary of the window that holds it; whether one does.

    A table that cannot be read or written holds nothing back.
    """

    def kept(window: Window) -> Window | None:
        return window.with_mail(mail) if window.holds_mails(mail.at) else None

    try:
        return change_window(table, kept) is not None
    except WmsError:
        return False


def release(session: Session, window: Window, now: float) -> Mapping[str, Any]:
    """Resume the connector if the window's own halt still stands; what of the window changes by that.

    What somebody else has halted, or changed about the halt, stays as it is. The window is not written.
    """
    if not window.halts(read_halt(session.aws.table(session.environment.table))):
        return {}
    try:
        session.know_confidential()
        connect = session.connect()
        status = connect.status(CONNECTOR)
        if status is not None and not status.halted:
            return {}
        check_may_log_in(session)
        resume(session, connect)
    except WmsError as error:
        return {"halt_error": session.redactor.redact(without_values(str(error)))}
    return {"resumed_at": int(now), "halt_error": ""}
