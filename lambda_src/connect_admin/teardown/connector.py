"""TEARDOWN_CONNECTOR: the connectors are stopped, their offsets are deleted, and they are deleted."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from lambda_src.comparison_leftovers import forget
from lambda_src.connect_admin.teardown.guard import ephemeral, taken_over
from lambda_src.removal import removed
from lambda_src.session import Session


def teardown_connector(session: Session) -> Answer:
    """Stop the connectors in order, so that their database sessions end. Without a worker there is none.

    One that a comparison has left goes first, and what the comparison has stored goes with it.
    """
    ephemeral(session)
    taken = taken_over(session)
    if taken is not None:
        return taken
    forget(session)
    service = session.observe_service()
    if service is None or not service.addresses:
        return Answer(State.DONE, "no worker is running, so there is no connector to stop")
    session.know_confidential()
    connect = session.connect()
    done = []
    for name in (COMPARISON_CONNECTOR, CONNECTOR):
        if connect.config(name) is None:
            continue
        message = removed(session, connect, name, offsets_stay=True)
        if message is None:
            return Answer(State.WAITING, f"{name} is stopping", changed=True)
        done.append(message)
    if not done:
        return Answer(State.DONE, f"there is no connector {CONNECTOR}")
    return Answer(State.DONE, "; ".join(done), changed=True)
