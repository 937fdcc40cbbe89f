"""The connector runs, is paused or is stopped, as `connector.state` says, unless somebody stands above it."""

import time
from collections.abc import Callable

from connector.domain.health.at_rest import halted_by
from connector.domain.health.halt import HaltedBy
from connector.domain.health.observation import ConnectorStatus
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.state_table import read_halt, write_halt
from lambda_src.logins import end_halt, resume
from lambda_src.session import Session

#: How long a registration waits for a state that it asked for, in seconds, and how often it asks.
_FOLLOW_SECONDS = 15.0
_PAUSE_SECONDS = 0.5
_AFTER_LOGIN = "; it was stopped after a refused login, and goes on from its offset"


def initial_state(session: Session) -> str:
    """The state in which a missing connector is created.

    What an operator has halted stays halted, even if somebody has deleted it since: nothing but an operator
    starts it.
    """
    declared = session.environment.settings.connect_state
    halt = read_halt(session.aws.table(session.environment.table))
    if halt.by is HaltedBy.OPERATOR:
        return declared if declared != "RUNNING" else "STOPPED"
    if declared != "RUNNING":
        _mark(session)
    elif halt.by is HaltedBy.DECLARED:
        end_halt(session, time.time())
    return declared


def make_declared(session: Session, connect: Connect) -> str:
    """Pause, stop or resume the connector if that is wanted; what was done or kept, to follow a summary.

    An operator's halt is kept and named. Whether a connector may log in that was stopped after a refused
    login was checked before.
    """
    declared = session.environment.settings.connect_state
    halt = read_halt(session.aws.table(session.environment.table))
    status = _settled(connect, session)
    if status is None:
        return ""
    by = halted_by(status, halt)
    if by is HaltedBy.OPERATOR or (by is HaltedBy.LOGIN and status.halted and declared != "RUNNING"):
        return f"; it stays {status.state}: {halt.describe()}"
    if declared == "RUNNING":
        if not status.halted:
            if halt.by is not HaltedBy.LOGIN:
                end_halt(session, time.time())
            return ""
        resume(session, connect)
        _follow(connect, session, lambda now: not now.halted)
        return _AFTER_LOGIN if by is HaltedBy.LOGIN else "; resumed, as connector.state says"
    if by is not HaltedBy.DECLARED:
        _mark(session)
    if status.state == declared:
        return ""
    (connect.pause if declared == "PAUSED" else connect.stop)(CONNECTOR)
    _follow(connect, session, lambda now: now.state == declared)
    return f"; {declared.lower()}, as connector.state says"


def _mark(session: Session) -> None:
    """Before the request: a run that dies behind it leaves a halt that says why."""
    table = session.aws.table(session.environment.table)
    write_halt(table, read_halt(table), by=HaltedBy.DECLARED, at=int(time.time()))


def _settled(connect: Connect, session: Session) -> ConnectorStatus | None:
    """The status once a worker has taken the connector up, or the last one; None without a connector.

    A worker that has just started says UNASSIGNED before STOPPED. That ends nobody's halt.
    """
    return session.deadline.poll(
        lambda: connect.status(CONNECTOR),
        lambda found: found is None or not found.unassigned,
        every=_PAUSE_SECONDS,
        at_most=_FOLLOW_SECONDS,
    )


def _follow(connect: Connect, session: Session, enough: Callable[[ConnectorStatus], bool]) -> None:
    """Wait until the status follows a request: else the next step would find the state from before."""
    session.deadline.poll(
        lambda: connect.status(CONNECTOR),
        lambda found: found is not None and enough(found),
        every=_PAUSE_SECONDS,
        at_most=_FOLLOW_SECONDS,
    )
