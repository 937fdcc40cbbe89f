"""SNAPSHOT: a signal on the connector's signal topic requests a snapshot of tables."""

import uuid

from connector.domain.admin_api import Answer, State
from connector.domain.capture import signals
from connector.domain.errors import ServerError
from connector.domain.health.observation import Source
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_admin.control import there
from lambda_src.session import Session


def snapshot(session: Session) -> Answer:
    """Send the signal, once, to a connector that receives it.

    The rows arrive on the data topics as records with operation `r`. Changes wait meanwhile; none is lost.
    """
    tables = signals.captured(session.tables)
    if session.environment.settings.kind != "debezium":
        return Answer(
            State.FAILED, "a jdbc connector accepts no signals, so it cannot take a snapshot on request"
        )
    found = there(session)
    if isinstance(found, Answer):
        return found
    _, status = found
    if not status.runs:
        return Answer(
            State.FAILED, f"{CONNECTOR} is not running ({status.describe()}), so it cannot receive a signal"
        )
    try:
        source = session.source_at(status.running_at[0])
    except ServerError:
        source = Source()
    if source.snapshot_running:
        return Answer(
            State.FAILED, "a snapshot is running already; run this again once status shows that it has ended"
        )
    return _send(session, tables)


def _send(session: Session, tables: tuple[str, ...]) -> Answer:
    topic = session.stage.topics.one("signal")
    identifier = str(uuid.uuid4())
    signal = signals.snapshot(session.stage, tables, identifier)
    with session.kafka() as kafka:
        try:
            kafka.send(topic, signal.key, signal.value)
        except ServerError as error:
            # No program may repeat the request: the signal may have arrived.
            return Answer(
                State.FAILED, f"{error}; check with status whether a snapshot runs before you send it again"
            )
    return Answer(
        State.DONE,
        f"requested a snapshot of {', '.join(tables)} (signal {identifier} on topic {topic}); a task that "
        "has just started may take a minute to receive the signal; rows arrive as records with operation r; "
        f"progress is on topic {session.stage.topics.one('notification')}",
        changed=True,
        details={"id": identifier, "topic": topic, "tables": list(tables)},
    )
