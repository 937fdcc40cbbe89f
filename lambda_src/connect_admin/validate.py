"""VALIDATE: Connect and the plugin check the config, and the plugin connects to the database."""

from connector.domain import names
from connector.domain.admin import Answer, State
from connector.domain.connector_config import NAME_KEY
from lambda_src.connect_admin import complaints
from lambda_src.connect_admin.session import Session
from lambda_src.connect_rest import ConnectError

#: What validation takes beyond the wait for the database.
SPARE_SECONDS = 15


def validate(session: Session) -> Answer:
    """Connect resolves `${env:…}` before it validates, so wrong credentials show here."""
    session.know_confidential()
    address = session.database_address
    try:
        # Validation insists on the name, which registration gives in the URL.
        named = {**session.config, NAME_KEY: names.CONNECTOR}
        errors = session.connect().validate(named, timeout=validation_seconds(session))
    except ConnectError as error:
        if error.status != 400:
            raise
        return Answer(State.FAILED, complaints.about_reply(error.words, address))
    if errors:
        return Answer(
            State.FAILED,
            complaints.about_fields(errors, address),
            details={"errors": [f"{error.field}: {error.message}" for error in errors]},
        )
    return Answer(
        State.DONE, f"Connect accepts the config of {len(session.config)} keys and reaches the database"
    )


def validation_seconds(session: Session) -> float:
    """How long Connect may take to validate."""
    return session.environment.settings.validation_timeout_seconds + SPARE_SECONDS
