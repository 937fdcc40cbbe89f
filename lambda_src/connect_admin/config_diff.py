"""CONFIG_DIFF: how the registered config differs from what a launch would register. Changes nothing."""

from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import differences
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.session import Session


def config_diff(session: Session) -> Answer:
    """The keys that differ, with both values; with the caller's settings where the request has them.

    Wanted is what this version of the function makes of settings and secrets.
    """
    session.know_confidential()
    if session.settings is not None:
        given = ConnectorSettings.from_json(session.settings)
        session = replace(session, environment=replace(session.environment, settings=given))
    stored = session.connect().config(CONNECTOR)
    found = differences(session.config, stored or {})
    if stored is None:
        message = f"Connect has no connector {CONNECTOR}: a launch registers all {len(found)} keys"
    elif found:
        message = f"a launch would change {len(found)} of {len(session.config)} keys of {CONNECTOR}"
    else:
        message = f"a launch would change nothing in the config of {CONNECTOR}"
    redacted = session.redactor.redact_values({key: list(values) for key, values in found.items()})
    return Answer(
        State.DONE, message, details={"registered": stored is not None, "differences": dict(redacted)}
    )
