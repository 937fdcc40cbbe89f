"""CHANGES: what a launch would change for ever. Changes nothing."""

from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.guarded_changes import (
    GuardedChange,
    current_data,
    form_changes,
    topic_changes,
)
from lambda_src.clients.kafka_admin import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.session import Session


def changes(session: Session) -> Answer:
    """The changes by name, with the caller's settings where the request has them."""
    if session.settings is not None:
        given = ConnectorSettings.from_json(session.settings)
        session = replace(session, environment=replace(session.environment, settings=given))
    with session.kafka() as kafka:
        found = guarded_changes(session, kafka)
    named = [
        {"setting": c.setting, "before": c.before, "after": c.after, "effect": c.effect, "loses": c.loses}
        for c in found
    ]
    summary = "; ".join(change.describe() for change in found) or "nothing that cannot be undone"
    return Answer(State.DONE, summary, details={"changes": named})


def guarded_changes(session: Session, kafka: KafkaAdmin) -> tuple[GuardedChange, ...]:
    """What the session's settings would change for ever, on topics that exist."""
    specs, settings, catalogue = session.topics, session.environment.settings, session.stage.topics
    record = read_record(session.aws.table(session.environment.table))
    data = {spec.name for spec in specs if spec.role.startswith("data")} | {*current_data(record, catalogue)}
    partitions = kafka.partitions(sorted(data))
    filled = kafka.filled(partitions)
    return (
        *topic_changes(specs, partitions, kafka.configs(list(partitions)), filled),
        *form_changes(record, catalogue, (settings.kind, settings.jdbc_topics, settings.envelope), filled),
    )
