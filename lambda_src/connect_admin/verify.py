"""VERIFY: connector and task run, and the source is connected. RUNNING alone proves nothing."""

from connector.domain.admin import BY_A_PERSON, Answer, State
from connector.domain.causes import root_cause
from connector.domain.error_classes import explain_database
from connector.domain.errors import ServerError
from connector.domain.names import CONNECTOR
from lambda_src.connect_admin.register import failed
from lambda_src.connect_admin.session import Session
from lambda_src.connect_rest import ConnectorStatus
from lambda_src.metrics_page import Source

#: A restart takes a moment to show: until then the status is that of the previous life.
CONFIRM_SECONDS = 8.0
_PAUSE_SECONDS = 1.0


def verify(session: Session) -> Answer:
    """Look at the status and at the task's worker; a failure counts once it has lasted."""
    session.know_confidential()
    connect = session.connect()
    status = connect.status(CONNECTOR)
    give_up = session.deadline.now() + CONFIRM_SECONDS
    while status is not None and failed(status) and session.deadline.now() < give_up:
        session.deadline.sleep(_PAUSE_SECONDS)
        status = connect.status(CONNECTOR)
    if status is None:
        return Answer(State.WAITING, f"Connect has no status of {CONNECTOR} yet")
    if session.environment.settings.kind == "jdbc":
        # It has no metric of its own: what can be seen is that its task runs.
        return decide(status, Source(), "", session.database_address, source_seen=False)
    source, trouble = _source(session, status)
    return decide(status, source, trouble, session.database_address)


def decide(
    status: ConnectorStatus,
    source: Source | None,
    trouble: str,
    database: str,
    *,
    source_seen: bool = True,
) -> Answer:
    """`source` is None when nobody could be asked; `trouble` then says why.

    Without `source_seen` the connector is of a kind that does not tell whether its source is connected.
    """
    details = {
        "connector": status.state,
        "tasks": [task.state for task in status.tasks],
        "source": "unknown" if source is None else source.describe(),
    }
    if failed(status):
        return Answer(State.FAILED, failure(status, database), details=details)
    if status.state in BY_A_PERSON:
        return Answer(
            State.FAILED,
            f"{CONNECTOR} is {status.state}: a person did that, and launching does not undo it; "
            "`wms-connector resume` with the stage's name does",
            details=details,
        )
    states = [f"connector {status.state}", *(f"task {task.id} {task.state}" for task in status.tasks)]
    if not status.tasks:
        states.append("no task yet")
    running = status.state == "RUNNING" and [t.state for t in status.tasks] == ["RUNNING"]
    if not running:
        return Answer(State.WAITING, ", ".join(states), details=details)
    if not source_seen:
        told = f"{', '.join(states)}; this kind of connector does not tell whether its source is connected"
        return Answer(State.DONE, told, details=details)
    if source is None or not source.connected:
        why = trouble if source is None else source.describe()
        return Answer(
            State.WAITING,
            f"{', '.join(states)}, but the source {database} is not seen to be connected: {why}",
            details=details,
        )
    return Answer(State.DONE, f"{', '.join(states)}, source connected: {source.describe()}", details=details)


def failure(status: ConnectorStatus, database: str) -> str:
    """Why connector or task failed, in one line."""
    who, trace = next(
        (
            (name, text)
            for name, state, text in (
                (f"connector {CONNECTOR}", status.state, status.trace),
                *((f"task {task.id} of {CONNECTOR}", task.state, task.trace) for task in status.tasks),
            )
            if state == "FAILED"
        ),
        (CONNECTOR, ""),
    )
    return f"{who} FAILED: {explain_database(trace, database) or root_cause(trace)}"


def _source(session: Session, status: ConnectorStatus) -> tuple[Source | None, str]:
    """What the worker that runs the task says."""
    if not status.running_at:
        return None, "no task runs"
    address = status.running_at[0]
    try:
        return session.source_at(address), ""
    except ServerError as error:
        return None, f"its worker at {address} shows no metrics: {error}"
