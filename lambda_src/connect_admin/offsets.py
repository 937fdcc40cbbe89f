"""OFFSETS: where the connector is in its source, as Connect has stored it. Changes nothing."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_admin.control import MISSING
from lambda_src.session import Session


def offsets(session: Session) -> Answer:
    """None is stored before the first snapshot has begun."""
    session.know_confidential()
    found = session.connect().offsets(CONNECTOR)
    if found is None:
        return Answer(State.FAILED, MISSING)
    message = f"{CONNECTOR} has stored {len(found) or 'no'} offset{'' if len(found) == 1 else 's'}"
    return Answer(State.DONE, message, details={"offsets": [dict(pair) for pair in found]})
