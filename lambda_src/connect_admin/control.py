"""RESTART, PAUSE, RESUME, STOP: an operator's requests. None of them counts against the restart budget."""

import time
from collections.abc import Callable
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.health.at_rest import halted_by
from connector.domain.health.halt import HaltedBy
from connector.domain.health.observation import HALTED, ConnectorStatus
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src import logins
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.state_table import Table, read_halt, write_halt
from lambda_src.connect_admin.registration.arrival import gets_a_connection
from lambda_src.connect_admin.registration.verify import decide, failure
from lambda_src.connect_admin.teardown.guard import is_being_torn_down
from lambda_src.logins import check_may_log_in, let_retry
from lambda_src.observe import observe_connector
from lambda_src.session import Session

#: How long one request waits for the status to follow, in seconds.
_FOLLOW_SECONDS = 20.0
_PAUSE_SECONDS = 0.5

BEING_TORN_DOWN = (
    "the stage is being torn down, so its connector is not changed; launch the stage to cancel the teardown"
)
MISSING = f"Connect has no connector {CONNECTOR}; launch the stage to register it"


def there(session: Session) -> tuple[Connect, ConnectorStatus] | Answer:
    """Connect and the connector's status, or why nothing can be done with it."""
    if is_being_torn_down(session):
        return Answer(State.FAILED, BEING_TORN_DOWN)
    session.know_confidential()
    connect = session.connect()
    status = connect.status(CONNECTOR)
    if status is not None:
        return connect, status
    if connect.config(CONNECTOR) is None:
        return Answer(State.FAILED, MISSING)
    return Answer(State.WAITING, f"Connect has no status of {CONNECTOR} yet")


def restart(session: Session) -> Answer:
    """Restart connector and task. Once Connect may have got the request, no program may repeat it."""
    found = _may_start(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    if status.halted:
        return Answer(
            State.FAILED,
            f"{CONNECTOR} is {status.state} ({read_halt(_table(session)).describe()}); a restart does not "
            "change that. Resume it",
        )
    try:
        connect.restart(CONNECTOR)
        # Right after the request the status is still the old one.
        session.deadline.sleep(_PAUSE_SECONDS)
        seen = _follow(session, connect, lambda now: now.runs)
    except (ServerError, DeadlineExceeded) as error:
        message = f"a restart was requested, and its outcome is not known ({error}); check it with status"
        return Answer(State.FAILED, message, changed=True)
    if seen is not None and seen.failed:
        message = failure(seen, session.database_address)
        return Answer(State.FAILED, f"restarted, but {message}", changed=True, details=_details(seen))
    states = "no status yet" if seen is None else seen.describe()
    return Answer(State.DONE, f"restarted: {states}", changed=True, details=_details(seen))


def pause(session: Session) -> Answer:
    """Pause the task. It can continue from its offset for as long as the database keeps the log."""
    return turn(session, "PAUSED", HALTED, Connect.pause, _mark)


def stop(session: Session) -> Answer:
    """End the task; the connector keeps its config and its offsets."""
    return turn(session, "STOPPED", ("STOPPED",), Connect.stop, _mark)


def resume(session: Session) -> Answer:
    """Resume the connector from its offset. This does not fix what has failed."""
    found = _may_start(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    if status.halted:
        logins.resume(session, connect)
        seen = _follow(session, connect, lambda now: now.runs or now.failed)
        if seen is None or not (seen.runs or seen.failed):
            states = "no status yet" if seen is None else seen.describe()
            return Answer(State.WAITING, f"resuming: {states}", changed=True, details=_details(seen))
        status, changed = seen, True
    else:
        changed = False
    if status.failed:
        message = f"{failure(status, session.database_address)}; fix that, then restart it"
        return Answer(State.FAILED, message, changed=changed, details=_details(status))
    word = "resumed" if changed else "not paused"
    declared = session.environment.settings.state
    until = "" if declared == "running" else f"; connector.state is {declared}, so the next launch ends it"
    message = f"{word}: {status.describe()}{until}"
    return Answer(State.DONE, message, changed=changed, details=_details(status))


def connected(session: Session) -> Answer:
    """Whether connector and task run and the source is connected, as a registration judges it."""
    session.know_confidential()
    seen, settings = observe_connector(session), session.environment.settings
    answer = decide(seen, replace(settings, state="running"), session.database_address)
    if seen.connector is not None and seen.connector.failed:
        return replace(answer, state=State.FAILED)
    if answer.state is State.DONE and settings.kind != "debezium":
        # It has no metrics: its task runs whether or not the database answers.
        return gets_a_connection(session, answer)
    return answer


def turn(
    session: Session,
    wanted: str,
    enough: tuple[str, ...],
    ask: Callable[[Connect, str], None],
    mark: Callable[[Session, ConnectorStatus], None],
) -> Answer:
    """Pause or stop the connector, mark who does that, and wait until its tasks are idle."""
    found = there(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    mark(session, status)
    if status.state in enough and _settled(status):
        return Answer(State.DONE, f"{status.describe()} already", details=_details(status))
    if status.state not in enough:
        ask(connect, CONNECTOR)
    seen = _follow(session, connect, lambda now: now.state == wanted and _settled(now))
    if seen is None or seen.state != wanted or not _settled(seen):
        states = "no status yet" if seen is None else seen.describe()
        return Answer(
            State.WAITING, f"{wanted} was requested; now: {states}", changed=True, details=_details(seen)
        )
    return Answer(State.DONE, seen.describe(), changed=True, details=_details(seen))


def _may_start(session: Session) -> tuple[Connect, ConnectorStatus] | Answer:
    """As `there`, for what makes the task log in: never with what was refused, unless an operator says so."""
    if session.retry_login:
        let_retry(session)
    check_may_log_in(session)
    return there(session)


def _mark(session: Session, status: ConnectorStatus) -> None:
    """An operator halts the connector, whoever has done so before.

    An operator's mark on a connector that runs is of a halt that somebody has ended by hand: it is replaced.
    """
    halt, now = read_halt(_table(session)), int(time.time())
    stands = halted_by(status, halt) is HaltedBy.OPERATOR and halt.by is HaltedBy.OPERATOR
    if stands and not session.why and not session.remind_seconds:
        return
    write_halt(
        _table(session),
        halt,
        by=HaltedBy.OPERATOR,
        at=halt.at if stands else now,
        why=session.why or (halt.why if stands else ""),
        remind_at=now + session.remind_seconds if session.remind_seconds else 0,
    )


def _table(session: Session) -> Table:
    return session.aws.table(session.environment.table)


def _follow(
    session: Session, connect: Connect, enough: Callable[[ConnectorStatus], bool]
) -> ConnectorStatus | None:
    """The status once it is `enough`, or as it is when the time is up."""
    return session.deadline.poll(
        lambda: connect.status(CONNECTOR),
        lambda status: status is not None and enough(status),
        every=_PAUSE_SECONDS,
        at_most=_FOLLOW_SECONDS,
    )


def _settled(status: ConnectorStatus) -> bool:
    """Whether no task is active any more; a failed task is not active either."""
    if status.stopped:
        return not status.tasks
    return all(task.failed or task.state == status.state for task in status.tasks)


def _details(status: ConnectorStatus | None) -> dict[str, object]:
    if status is None:
        return {}
    return {"connector": status.state, "tasks": [task.state for task in status.tasks]}
