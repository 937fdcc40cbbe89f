"""CHANGES: what a launch would change for ever. Changes nothing."""

from collections.abc import Mapping
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.envelope import remembered
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.guarded_changes import (
    GuardedChange,
    current_data,
    form_changes,
    topic_changes,
)
from connector.domain.stage.record import StageRecord
from lambda_src.clients.connect_rest import Unreachable
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.session import Session

#: How long Connect may take to say which config it has stored, in seconds.
_SECONDS = 8.0


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
    stored = _stored(session, record)
    data = {spec.name for spec in specs if spec.role.startswith("data")}
    data |= {*current_data(record, catalogue, stored)}
    partitions = kafka.partitions(sorted(data))
    filled = kafka.filled(partitions)
    return (
        *topic_changes(specs, partitions, kafka.configs(list(partitions)), filled),
        *form_changes(
            record, catalogue, (settings.kind, settings.jdbc_topics, settings.envelope), filled, stored
        ),
    )


def _stored(session: Session, record: StageRecord | None) -> Mapping[str, str] | None:
    """The connector's config where the record does not say its form; None if nobody can be asked.

    Without a worker that answers a launch goes on: it may be the one that brings the workers back.
    """
    if record is not None and record.cluster_id and remembered(record):
        return None
    if session.observe_service() is None:
        return None
    try:
        return session.connect(_SECONDS).config(CONNECTOR)
    except Unreachable:
        return None
