"""A comparison that nobody asks on any more is cleared away, as part of a health check."""

from connector.domain.errors import WmsError
from connector.domain.reconcile.run import ABANDONED_SECONDS
from lambda_src.clients.state_table import read_run
from lambda_src.comparison_leftovers import sweep
from lambda_src.session import Session


def clear_abandoned(session: Session, now: float) -> str:
    """What was done, as a text; empty if no comparison was left.

    What fails is tried again with the next check, and fails no check.
    """
    try:
        item = read_run(session.aws.table(session.environment.table))
        if item.run is None or now - item.run.touched < ABANDONED_SECONDS:
            return ""
        left = sweep(session, item)
    except WmsError as error:
        return f"failed: {error}"
    return left.summary if left else "a comparison that was killed is cleared away"
