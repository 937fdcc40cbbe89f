"""The daily backup, as part of a health check."""

from collections.abc import Mapping

from connector.domain.errors import WmsError
from connector.domain.health.metrics import BACKUP_OVERDUE
from connector.domain.health.observation import Observation
from connector.domain.stage.backup import EVERY_SECONDS, OVERDUE_SECONDS, Reason
from lambda_src.backups import back_up, last_backup
from lambda_src.session import Session


def daily_backup(session: Session, seen: Observation, now: float) -> tuple[Mapping[str, float], str]:
    """Write a backup if one is due; whether one is overdue then, as a metric, and what was done.

    Nothing for a stage without backups, and while there is no connector to read, which has its own alarms. A
    backup that fails is tried again with the next check, and fails no check.
    """
    if session.backups is None or seen.connector is None:
        return {}, ""
    last, done = 0, ""
    try:
        last = last_backup(session)
        if now - last >= EVERY_SECONDS:
            done = back_up(session, Reason.DAILY, clock=lambda: now)
            last = int(now)
    except WmsError as error:
        done = f"failed: {error}"
    return {BACKUP_OVERDUE: float(now - last >= OVERDUE_SECONDS)}, done
