"""TEARDOWN_CONNECTOR: the connector is stopped, its offsets are deleted, and it is deleted."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect, ConnectError
from lambda_src.connect_admin.teardown.guard import ephemeral, taken_over
from lambda_src.session import Session

#: How long one request waits for the tasks to end, in seconds.
_STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.3


def teardown_connector(session: Session) -> Answer:
    """Stop the connector in order, so that its database sessions end. Without a worker there is none."""
    ephemeral(session)
    taken = taken_over(session)
    if taken is not None:
        return taken
    service = session.observe_service()
    if service is None or not service.addresses:
        return Answer(State.DONE, "no worker is running, so there is no connector to stop")
    session.know_confidential()
    connect = session.connect()
    if connect.config(CONNECTOR) is None:
        return Answer(State.DONE, f"there is no connector {CONNECTOR}")
    if not _stopped(session, connect):
        return Answer(State.WAITING, f"{CONNECTOR} is stopping", changed=True)
    message = _delete_offsets(connect)
    connect.delete(CONNECTOR)
    return Answer(State.DONE, f"{CONNECTOR} stopped and deleted, {message}", changed=True)


def _stopped(session: Session, connect: Connect) -> bool:
    """Ask the connector to stop, once, and wait until its tasks have ended."""
    status = connect.status(CONNECTOR)
    if status is None or not status.stopped:
        connect.stop(CONNECTOR)
    status = session.deadline.poll(
        lambda: connect.status(CONNECTOR),
        lambda status: status is not None and status.stopped and not status.tasks,
        every=_PAUSE_SECONDS,
        at_most=_STOP_SECONDS,
    )
    return status is not None and status.stopped and not status.tasks


def _delete_offsets(connect: Connect) -> str:
    try:
        connect.delete_offsets(CONNECTOR)
    except ConnectError as error:
        if error.retriable:
            raise
        # The topic that holds the offsets is deleted in any case.
        return f"its offsets are deleted with their topic ({error})"
    return "with its offsets"
