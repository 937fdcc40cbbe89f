"""MAINTENANCE: open a window in which mails and restarts are held, end it, show it.

The health check ends a window whose time is up, and mails its summary.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.health.at_rest import halted_by
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.maintenance import refusal
from connector.domain.health.maintenance_window import Window
from connector.domain.health.observation import ConnectorStatus
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.state_table import change_window, read_halt, read_window, write_halt
from lambda_src.clients.worker_log import GivenLog
from lambda_src.connect_admin.control import BEING_TORN_DOWN, MISSING, turn
from lambda_src.connect_admin.teardown.guard import is_being_torn_down
from lambda_src.maintenance import release
from lambda_src.observe import observe
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

#: How long the look may take from which the time of the archived log is known, in seconds.
_LOOK_SECONDS = 13.0


def start_maintenance(session: Session, clock: Clock = time.time) -> Answer:
    """Open a window, or move the end of the one that is open; with `pause`, stop the connector for it.

    Refused while changes may be lost in it. A request that is repeated opens no second window.
    """
    wanted = session.window
    if wanted is None or not session.why:
        return Answer(State.FAILED, "a maintenance window needs its length and its reason (--for, --why)")
    if is_being_torn_down(session):
        return Answer(State.FAILED, BEING_TORN_DOWN)
    seen = observe(session, logs=lambda: GivenLog(()), clock=clock, within=_LOOK_SECONDS)
    now = clock()
    refused = refusal(seen, session.environment.settings, wanted.seconds, now)
    if refused is not None:
        return Answer(State.FAILED, f"no window was opened: {refused}")
    if wanted.pause and seen.connector is None:
        reason = seen.connect_answers or seen.probe_errors.get("connector") or MISSING
        return Answer(State.FAILED, f"no window was opened: the connector cannot be stopped: {reason}")
    halts = wanted.pause and halted_by(seen.connector, seen.halt) is None

    def opened(found: Window) -> Window:
        # One that is over and not ended yet goes on: its mails are not lost.
        window = found if found.there else replace(found, since=int(now))
        if halts:
            why = f"for maintenance: {session.why}"
            window = replace(window, halted_at=int(now), halt_why=why, resumed_at=0, halt_error="")
        until = int(now) + wanted.seconds
        return window.next(until=until, why=session.why, by=wanted.by, closing=False)

    table = session.aws.table(session.environment.table)
    change_window(table, opened)
    window = read_window(table)
    ours = halts or window.halts(seen.halt)
    rest = "" if not wanted.pause or seen.connector is None else _rest(seen.connector, seen.halt, ours=ours)
    summary = (
        f"a maintenance window is {window.describe(now)}; alarms that CloudWatch mails are not held{rest}"
    )
    answer = Answer(State.DONE, summary, changed=True, details=window.to_json(now))
    if not wanted.pause or not ours:
        return answer
    stopped = turn(session, "STOPPED", ("STOPPED",), Connect.stop, _marked(window))
    if stopped.state is State.DONE:
        return answer
    return replace(stopped, summary=f"the window is open, but {CONNECTOR} is not stopped: {stopped.summary}")


def end_maintenance(session: Session, clock: Clock = time.time) -> Answer:
    """End the window and resume what was stopped for it; the next health check mails the summary."""
    now, table = clock(), session.aws.table(session.environment.table)
    window = read_window(table)
    if not window.there:
        return Answer(State.DONE, "no maintenance window is open", details=window.to_json(now))
    outcome = release(session, window, now)

    def ended(found: Window) -> Window | None:
        until = min(found.until, int(now))
        return found.next(until=until, closing=True, **outcome) if found.there else None

    change_window(table, ended)
    window = read_window(table)
    details = {"ended": True, "resumed": bool(window.resumed_at), "halt_error": window.halt_error}
    return Answer(State.DONE, "the maintenance window is ended", changed=True, details=details)


def show_maintenance(session: Session, clock: Clock = time.time) -> Answer:
    """The window and the mails that it holds."""
    now = clock()
    window = read_window(session.aws.table(session.environment.table))
    return Answer(State.DONE, f"maintenance window: {window.describe(now)}", details=window.to_json(now))


def _marked(window: Window) -> Callable[[Session, ConnectorStatus], None]:
    """Marks the halt as the window's, unless the connector is halted already."""

    def mark(session: Session, status: ConnectorStatus) -> None:
        table = session.aws.table(session.environment.table)
        if not status.halted:
            halt = {"by": HaltedBy.OPERATOR, "at": window.halted_at, "why": window.halt_why}
            write_halt(table, read_halt(table), **halt)

    return mark


def _rest(status: ConnectorStatus, halt: Halt, *, ours: bool) -> str:
    """What becomes of the connector, to follow the window; `ours`: the window stops it."""
    if ours:
        return f"; {CONNECTOR} is stopped until then"
    return f"; {CONNECTOR} was {status.state} before, and stays so: {halt.describe()}"
