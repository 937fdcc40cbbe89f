"""A connector is stopped, its offsets are deleted, and it is deleted: in this order, each once."""

from lambda_src.clients.connect_rest import Connect, ConnectError
from lambda_src.session import Session

#: How long one request waits for the tasks to end, in seconds.
_STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.3


def removed(session: Session, connect: Connect, name: str, *, offsets_stay: bool) -> str | None:
    """What was done, as a text; None while the tasks of the connector that is there have not ended.

    `offsets_stay`: offsets that Connect does not delete are no error, for their topic is deleted later.
    """
    if not _stopped(session, connect, name):
        return None
    message = "with its offsets"
    try:
        connect.delete_offsets(name)
    except ConnectError as error:
        if error.retriable or not offsets_stay:
            raise
        message = f"its offsets are deleted with their topic ({error})"
    connect.delete(name)
    return f"{name} stopped and deleted, {message}"


def _stopped(session: Session, connect: Connect, name: str) -> bool:
    """Ask the connector to stop, once, and wait until its tasks have ended."""
    status = connect.status(name)
    if status is None or not status.stopped:
        connect.stop(name)
    status = session.deadline.poll(
        lambda: connect.status(name),
        lambda status: status is not None and status.stopped and not status.tasks,
        every=_PAUSE_SECONDS,
        at_most=_STOP_SECONDS,
    )
    return status is not None and status.stopped and not status.tasks
