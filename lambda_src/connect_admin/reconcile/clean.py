"""RECONCILE_CLEAN: what a comparison leaves behind goes, on an operator's word."""

from connector.domain.admin_api import Answer, State
from lambda_src.clients.state_table import read_run
from lambda_src.comparison_leftovers import sweep, write_none
from lambda_src.session import Session


def clean(session: Session) -> Answer:
    """Delete what the run that the request names has left; without a name, what any has."""
    item = read_run(session.aws.table(session.environment.table))
    meant = session.reconcile
    if meant is not None and item.run is not None and item.run.id != meant.run:
        return Answer(State.DONE, "another comparison has begun since; what it makes is left alone")
    left = sweep(session, item)
    if left is not None:
        return left
    if item.run is None:
        # A step that is still under way finds that it was overtaken.
        write_none(session, item)
    message = "nothing of a comparison is left but its topics, which keep nothing longer than an hour"
    return Answer(State.DONE, message, changed=item.run is not None)
