"""CONFIG_DIFF: what a launch would change in config and topics, and lacks on the brokers. Changes nothing."""

from dataclasses import replace
from typing import Any

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import differences
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.topic_plan import plan_topics
from lambda_src.connect_admin.registration.cluster import missing_rights
from lambda_src.session import Session


def config_diff(session: Session) -> Answer:
    """The keys and topics that differ, and the rights that are missing.

    Wanted is what this version of the function makes of settings (the caller's where the request has them)
    and secrets.
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
    brokers = _brokers(session)
    topics, problem = brokers["topics"], brokers["problem"]
    if topics:
        message += f", and {len(topics)} of {len(session.topics)} topics"
    if problem:
        message += f"; {problem}"
    details = {"registered": stored is not None, "differences": dict(redacted), **brokers}
    return Answer(State.DONE, message, details=details)


def _brokers(session: Session) -> dict[str, Any]:
    """What a launch would do to each topic, which rights it lacks, and what keeps it, or this, from it.

    `rights` is None where the brokers could not be asked.
    """
    specs = session.topics
    rights: list[str] | None = None
    try:
        with session.kafka() as kafka:
            rights = [str(acl) for acl in missing_rights(session, kafka)]
            partitions = kafka.partitions([spec.name for spec in specs])
            configs = kafka.configs(list(partitions))
    except ServerError as error:
        return {"topics": {}, "rights": rights, "problem": f"its topics could not be compared: {error}"}
    plan = plan_topics(specs, partitions, configs)
    refused = f"a launch would be refused: {'; '.join(plan.wrong)}" if plan.wrong else ""
    return {"topics": plan.described(partitions, configs), "rights": rights, "problem": refused}
