"""VALIDATE: Connect and the plugin check the config, and the plugin connects to the database."""

import time
from collections.abc import Mapping, Sequence

from connector.domain.admin_api import Answer, State
from connector.domain.capture import validation_errors
from connector.domain.capture.config import differs
from connector.domain.capture.validation_errors import FieldError
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.redaction import without_values
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect, ConnectError
from lambda_src.logins import check_may_log_in, own_validation, reason_in_log, remember_validation
from lambda_src.session import Session

#: What validation takes beyond the wait for the database.
SPARE_SECONDS = 10


def validate(session: Session) -> Answer:
    """Connect resolves `${env:…}` before it validates, so wrong credentials show here."""
    session.know_confidential()
    resting = session.environment.settings.state != "running"
    if resting and rests_unchanged(session, session.connect().config(CONNECTOR)):
        return Answer(State.DONE, "not needed: the connector is to rest, and its config is unchanged")
    check_may_log_in(session)
    try:
        errors = connector_errors(session, session.connect())
    except ConnectError as error:
        if error.status != 400:
            raise
        return Answer(
            State.FAILED, validation_errors.about_reply(error.server_message, session.database_address)
        )
    if errors:
        return refused(session, errors)
    return Answer(
        State.DONE, f"Connect accepts the config of {len(session.config)} keys and reaches the database"
    )


def rests_unchanged(session: Session, stored: Mapping[str, str] | None) -> bool:
    """Whether a launch makes nobody log in: it pauses or stops a connector whose config stays.

    So a connector can be put to rest while its database is away.
    """
    resting = session.environment.settings.state != "running"
    return resting and stored is not None and not differs(session.config, stored)


def connector_errors(session: Session, connect: Connect) -> tuple[FieldError, ...]:
    """What Connect and the plugin find wrong with the wanted config."""
    seconds = validation_seconds(session)
    with own_validation(session, seconds):
        return connect.validate(CONNECTOR, session.config, timeout=seconds)


def refused(session: Session, errors: Sequence[FieldError]) -> Answer:
    """The answer to a config that Connect finds wrong."""
    message = validation_errors.about_fields(errors, session.database_address)
    for error in errors:
        remember_validation(session, diagnose(error.message).error_class.name, time.time())
    if validation_errors.hides_cause(errors):
        message = _with_cause(session, message)
    return Answer(
        State.FAILED,
        message,
        details={"errors": [f"{error.field}: {without_values(error.message)}" for error in errors]},
    )


def _with_cause(session: Session, message: str) -> str:
    """A message of Debezium's that the database gives no session, and what else can be known of it."""
    error = session.database_error()
    if error:
        return f"{message} (the admin Lambda cannot reach its port either: {error})"
    return reason_in_log(session) or f"{message} (the admin Lambda reaches its port)"


def validation_seconds(session: Session) -> float:
    """How long Connect may take to validate."""
    return session.environment.settings.validation_timeout_seconds + SPARE_SECONDS
