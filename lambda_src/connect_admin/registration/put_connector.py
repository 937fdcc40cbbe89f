"""REGISTER: the connector exists with the wanted config."""

import time
from collections.abc import Mapping
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture import validation_errors
from connector.domain.capture.config import changed_keys, config_hash, differs
from connector.domain.capture.envelope import envelope_of
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import Reason
from lambda_src.backups import backed_up
from lambda_src.clients.connect_rest import Connect, ConnectError
from lambda_src.connect_admin.registration.declared_state import initial_state, make_declared
from lambda_src.connect_admin.registration.validate import (
    connector_errors,
    refused,
    rests_unchanged,
    validation_seconds,
)
from lambda_src.connect_admin.teardown.guard import STANDS_BACK, is_being_torn_down
from lambda_src.logins import check_may_log_in, own_validation
from lambda_src.session import Session


def register(session: Session) -> Answer:
    """`_register`, with the moment of a change: a record that proves it must be younger."""
    answer = _register(session)
    return replace(answer, details={**answer.details, "at": time.time()}) if answer.changed else answer


def _register(session: Session) -> Answer:
    """Create or update the connector only if its config differs; else restart what has failed.

    Refused while the stage is being torn down: only a launch cancels that, by its first request.
    """
    if is_being_torn_down(session):
        return Answer(State.FAILED, STANDS_BACK)
    session.know_confidential()
    resting = session.environment.settings.state != "running"
    if not resting:
        check_may_log_in(session)
    connect = session.connect()
    wanted = session.config
    stored = connect.config(CONNECTOR)
    if resting and not rests_unchanged(session, stored):
        check_may_log_in(session)
    details = {"connector": CONNECTOR, "config_hash": config_hash(wanted)}
    if stored is not None and not differs(wanted, stored):
        return _leave(session, connect, details)
    state = "RUNNING" if stored is not None else initial_state(session)
    unsaved = "" if stored is None else backed_up(session, Reason.CONFIG)
    try:
        with own_validation(session, validation_seconds(session)):
            if state == "RUNNING":
                connect.put_config(CONNECTOR, wanted, timeout=validation_seconds(session))
            else:
                connect.create(CONNECTOR, wanted, state, timeout=validation_seconds(session))
    except ConnectError as error:
        return _refusal(session, connect, error)
    if stored is None:
        shown = "" if state == "RUNNING" else f" and left {state}"
        return Answer(State.DONE, f"{CONNECTOR} created{shown}", changed=True, details=details)
    keys = changed_keys(wanted, stored)
    again = make_declared(session, connect)
    return Answer(
        State.DONE,
        f"{CONNECTOR} updated ({', '.join(keys)}){_switched(wanted, stored)}{again}{unsaved}",
        changed=True,
        details={**details, "changed_keys": keys},
    )


def _switched(wanted: Mapping[str, str], stored: Mapping[str, str]) -> str:
    """What consumers must know: a record from now on has another form."""
    now, before = envelope_of(wanted), envelope_of(stored)
    return "" if now == before else f"; its messages have the envelope {now} from now on, not {before}"


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


def _leave(session: Session, connect: Connect, details: dict[str, str]) -> Answer:
    """Leave an unchanged connector alone, but restart what has failed: Connect never retries by itself."""
    before = connect.status(CONNECTOR)
    done = make_declared(session, connect)
    status = connect.status(CONNECTOR)
    if status is None or status.halted or not status.failed:
        changed = before is not None and status is not None and before.state != status.state
        return Answer(State.DONE, f"{CONNECTOR} unchanged{done}", changed=changed, details=details)
    connect.restart_failed(CONNECTOR)
    return Answer(
        State.DONE, f"{CONNECTOR} unchanged; it had failed and was restarted", changed=True, details=details
    )
