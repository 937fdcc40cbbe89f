"""CONFIG_DIFF: what a launch would change in the registered config and in the topics. Changes nothing."""

from collections.abc import Mapping
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import differences
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.topic_plan import plan_topics
from lambda_src.session import Session


def config_diff(session: Session) -> Answer:
    """The keys and topics that differ; with the caller's settings where the request has them.

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
    topics, problem = _topics(session)
    if topics:
        message += f", and {len(topics)} of {len(session.topics)} topics"
    if problem:
        message += f"; {problem}"
    return Answer(
        State.DONE,
        message,
        details={"registered": stored is not None, "differences": dict(redacted), "topics": topics},
    )


def _topics(session: Session) -> tuple[Mapping[str, str], str]:
    """Topic -> what a launch would do to it; and what keeps it from that, or this from knowing."""
    specs = session.topics
    try:
        with session.kafka() as kafka:
            partitions = kafka.partitions([spec.name for spec in specs])
            configs = kafka.configs(list(partitions))
    except ServerError as error:
        return {}, f"its topics could not be compared: {error}"
    plan = plan_topics(specs, partitions, configs)
    refused = f"a launch would be refused: {'; '.join(plan.wrong)}" if plan.wrong else ""
    return plan.described(partitions, configs), refused
