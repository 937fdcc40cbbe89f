"""REGISTER: the connector exists with the wanted config."""

from collections.abc import Mapping

from connector.domain.admin_api import Answer, State
from connector.domain.capture import validation_errors
from connector.domain.capture.config import NAME_KEY, config_hash, differs
from connector.domain.health.halt import HaltedBy
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect, ConnectError
from lambda_src.clients.state_table import read_halt
from lambda_src.connect_admin.registration.validate import connector_errors, refused, validation_seconds
from lambda_src.connect_admin.teardown.guard import STANDS_BACK, is_being_torn_down
from lambda_src.logins import check_may_log_in, own_validation, resume
from lambda_src.session import Session

#: How long a registration waits for a connector that it resumes, in seconds, and how often it asks.
_RESUME_SECONDS = 15.0
_PAUSE_SECONDS = 0.5


def register(session: Session) -> Answer:
    """Create or update the connector only if its config differs; else restart what has failed.

    Refused while the stage is being torn down: only a launch cancels that, by its first request.
    """
    if is_being_torn_down(session):
        return Answer(State.FAILED, STANDS_BACK)
    session.know_confidential()
    check_may_log_in(session)
    connect = session.connect()
    wanted = session.config
    stored = connect.config(CONNECTOR)
    details = {"connector": CONNECTOR, "config_hash": config_hash(wanted)}
    if stored is not None and not differs(wanted, stored):
        return _leave(session, connect, details)
    try:
        with own_validation(session):
            connect.put_config(CONNECTOR, wanted, timeout=validation_seconds(session))
    except ConnectError as error:
        return _refusal(session, connect, error)
    if stored is None:
        return Answer(State.DONE, f"{CONNECTOR} created", changed=True, details=details)
    keys = changed_keys(wanted, stored)
    again = _after_login_halt(session, connect)
    return Answer(
        State.DONE,
        f"{CONNECTOR} updated ({', '.join(keys)}){again}",
        changed=True,
        details={**details, "changed_keys": keys},
    )


def changed_keys(wanted: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """The keys that differ, in order."""
    keys = (wanted.keys() | stored.keys()) - {NAME_KEY}
    return sorted(key for key in keys if wanted.get(key) != stored.get(key))


def _refusal(session: Session, connect: Connect, error: ConnectError) -> Answer:
    """Why Connect did not take the config; raises the error again when the config is not the cause.

    Connect 4.3 should answer 400 with the errors. For a plugin with fields that have no value it fails and
    answers 500 (a NullPointerException), as it also does while it rebalances.
    The validate endpoint distinguishes the two.
    """
    if error.status not in (400, 500):
        raise error
    errors = connector_errors(session, connect)
    if errors:
        return refused(session, errors)
    if error.status == 400:
        return Answer(
            State.FAILED, validation_errors.about_reply(error.server_message, session.database_address)
        )
    raise error


def _after_login_halt(session: Session, connect: Connect) -> str:
    """Start a connector again that was stopped after a refused login; what was done, to follow a summary.

    Whether it may log in was checked before. What an operator has halted stays halted.
    """
    if read_halt(session.aws.table(session.environment.table)).by is not HaltedBy.LOGIN:
        return ""
    status = connect.status(CONNECTOR)
    if status is None or not status.halted:
        return ""
    resume(session, connect)
    # Else the next step would find it stopped.
    session.deadline.poll(
        lambda: connect.status(CONNECTOR),
        lambda found: found is not None and not found.halted,
        every=_PAUSE_SECONDS,
        at_most=_RESUME_SECONDS,
    )
    return "; it was stopped after a refused login, and goes on from its offset"


def _leave(session: Session, connect: Connect, details: dict[str, str]) -> Answer:
    """Leave an unchanged connector alone, but restart what has failed: Connect never retries by itself."""
    if again := _after_login_halt(session, connect):
        return Answer(State.DONE, f"{CONNECTOR} unchanged{again}", changed=True, details=details)
    status = connect.status(CONNECTOR)
    if status is None or not status.failed:
        return Answer(State.DONE, f"{CONNECTOR} unchanged", details=details)
    connect.restart_failed(CONNECTOR)
    return Answer(
        State.DONE, f"{CONNECTOR} unchanged; it had failed and was restarted", changed=True, details=details
    )
