"""OFFSETS and what changes them: where the connector is in its source, as Connect has stored it.

Offsets can be changed only while the connector is stopped. Whoever changes them has stopped it and taken a
backup before: `wms-connector offsets` does both.
"""

import time
from collections.abc import Sequence

from connector.domain.admin_api import Answer, State
from connector.domain.capture.offsets import Pair
from connector.domain.errors import ServerError
from connector.domain.health.at_rest import halted_by
from connector.domain.health.check_result import launch
from connector.domain.health.halt import HaltedBy
from connector.domain.health.observation import ConnectorStatus
from connector.domain.health.restore import RESET, Consequence, Known, restoring
from connector.domain.health.scn import position_in
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import Reason
from lambda_src.backups import backed_up
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.state_table import read_halt, read_health_state, write_halt
from lambda_src.connect_admin.control import MISSING, there, turn
from lambda_src.session import Session


def offsets(session: Session) -> Answer:
    """What is stored; none before the first snapshot. With offsets: what restoring these would mean."""
    session.know_confidential()
    found = session.connect().offsets(CONNECTOR)
    if found is None:
        return Answer(State.FAILED, MISSING)
    message = f"{CONNECTOR} has stored {len(found) or 'no'} offset{'' if len(found) == 1 else 's'}"
    told = consequence(session, found, session.offsets) if session.offsets else Consequence(RESET)
    details = {
        "offsets": [dict(pair) for pair in found],
        "meaning": told.meaning,
        "refusal": told.refusal,
        "doubt": told.doubt,
    }
    return Answer(State.DONE, message, details=details)


def stop_for_offsets(session: Session) -> Answer:
    """Stop the connector; who has halted it before still does, and so does the config that declares it."""
    return turn(session, "STOPPED", ("STOPPED",), Connect.stop, _mark_unless_halted)


def restore_offsets(session: Session) -> Answer:
    """Replace the stored offsets of a stopped connector by the given ones."""
    found = _stopped(session)
    if isinstance(found, Answer):
        return found
    if not session.offsets:
        return Answer(State.FAILED, "no offset was given, so none was restored")
    told = consequence(session, found.offsets(CONNECTOR) or (), session.offsets)
    if told.refusal:
        return Answer(State.FAILED, f"{told.refusal}; nothing was changed")
    if told.doubt and not session.position_checked:
        return Answer(State.FAILED, f"{told.doubt}; nothing was changed: confirm it with --position-checked")
    unsaved = backed_up(session, Reason.OFFSETS)
    found.alter_offsets(CONNECTOR, session.offsets)
    stored = found.offsets(CONNECTOR) or ()
    if [dict(pair) for pair in stored] != [dict(pair) for pair in session.offsets]:
        return Answer(State.WAITING, "Connect has taken the offsets and does not show them yet", changed=True)
    return Answer(State.DONE, f"restored: {told.meaning}; {next_step(session)}{unsaved}", changed=True)


def reset_offsets(session: Session) -> Answer:
    """Delete the stored offsets of a stopped connector."""
    found = _stopped(session)
    if isinstance(found, Answer):
        return found
    unsaved = ""
    if found.offsets(CONNECTOR):
        unsaved = backed_up(session, Reason.OFFSETS)
        found.delete_offsets(CONNECTOR)
        if found.offsets(CONNECTOR):
            return Answer(State.WAITING, "Connect still shows the offsets", changed=True)
    return Answer(State.DONE, f"reset: {RESET}; {next_step(session)}{unsaved}", changed=True)


def _stopped(session: Session) -> Connect | Answer:
    found = there(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    if not status.stopped or status.tasks:
        return Answer(
            State.FAILED, f"offsets are changed while the connector is stopped: {status.describe()}"
        )
    return connect


def consequence(session: Session, stored: Sequence[Pair], wanted: Sequence[Pair]) -> Consequence:
    """What it means to restore offsets; those of another stage's topics are refused."""
    server = session.stage.topics.prefix
    debezium = session.environment.settings.kind == "debezium"
    others = [pair for pair in wanted if pair["partition"].get("server") != server]
    if debezium and others:
        return Consequence("", refusal=f"the offsets are not those of topic prefix {server!r}")
    if not debezium:
        return Consequence("the position goes to the time in the offset: what is newer is read again")
    state = read_health_state(session.aws.table(session.environment.table))
    hours = session.environment.settings.archived_log_hours
    known = Known(state.scn, hours, time.time(), _database_scn(session))
    return restoring(position_in(stored, server), position_in(wanted, server), known)


def _database_scn(session: Session) -> int | None:
    """The database's SCN as the running task saw it last; None while no task runs, or if nobody answers."""
    try:
        status = session.connect().status(CONNECTOR)
        if status is None or not status.running_at:
            return None
        return session.source_at(status.running_at[0]).scn
    except ServerError:
        return None


def _mark_unless_halted(session: Session, status: ConnectorStatus) -> None:
    if halted_by(status, read_halt(session.aws.table(session.environment.table))) is None:
        mark_halt(session, "its offsets are changed")


def mark_halt(session: Session, why: str) -> None:
    """Write who halts the connector: an operator, and why, or the config that declares it."""
    table = session.aws.table(session.environment.table)
    declared = session.environment.settings.state != "running"
    by = HaltedBy.DECLARED if declared else HaltedBy.OPERATOR
    write_halt(table, read_halt(table), by=by, at=int(time.time()), why="" if declared else why)


def next_step(session: Session) -> str:
    """How the connector starts again."""
    state = session.environment.settings.state
    if state == "running":
        return f"start it with wms-connector resume {session.stage.name}"
    return (
        f"it stays stopped, as connector.state is {state}: to start it, set connector.state to running in "
        f"the stage's config.yaml, then run {launch(session.stage)}"
    )
