"""SNAPSHOT: a signal on the connector's signal topic requests a snapshot of tables; and how far it is."""

import time
import uuid

from connector.domain.admin_api import Answer, State
from connector.domain.capture import signals
from connector.domain.capture.snapshot import SnapshotRequest, progress
from connector.domain.errors import ServerError
from connector.domain.health.observation import ConnectorStatus, Source
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_admin.control import there
from lambda_src.session import Session

#: How often the signal of one id is sent at most: a task that has just ended may have taken the first one.
_MOST_SENT = 2


def snapshot(session: Session) -> Answer:
    """Send the signal to a connector that receives it: once for each id, once more if that is asked for.

    The rows arrive on the data topics as records with operation `r`. Changes wait meanwhile; none is lost.
    """
    tables = signals.captured(session.tables)
    wanted = session.snapshot or SnapshotRequest(str(uuid.uuid4()))
    if session.environment.settings.kind != "debezium":
        return Answer(
            State.FAILED, "a jdbc connector accepts no signals, so it cannot take a snapshot on request"
        )
    if wanted.where and len(tables) != 1:
        return Answer(State.FAILED, "a condition is about the rows of one table: name one with --table")
    found = there(session)
    if isinstance(found, Answer):
        return found
    _, status = found
    if not status.runs:
        return Answer(
            State.FAILED, f"{CONNECTOR} is not running ({status.describe()}), so it cannot receive a signal"
        )
    return _send(session, tables, wanted, running=_source(session, status).snapshot_running)


def snapshot_progress(session: Session) -> Answer:
    """How far the snapshot is whose signal was sent: by the task's metrics and the notifications since then.

    WAITING while it runs or was not received; `received` in the details tells the two apart.
    """
    wanted = session.snapshot
    if wanted is None:
        return Answer(State.FAILED, "the request does not say which snapshot it asks about")
    found = there(session)
    if isinstance(found, Answer):
        return found
    _, status = found
    source = _source(session, status)
    topic = session.stage.topics.one("notification")
    try:
        with session.kafka() as kafka:
            told = progress(kafka.records(topic, readable_only=True), wanted.sent_at)
    except ServerError as error:
        if error.retriable:
            raise
        message = f"topic {topic} cannot be read ({error}), so how far the snapshot is cannot be shown"
        script = f"broker-script {session.stage.name} --kafka-auth {session.environment.auth}"
        grant = f"let the cluster's owners run wms-connector {script}"
        return Answer(State.FAILED, f"{message}; it goes on, as status shows; {grant}")
    details = {"received": told.started or source.snapshot_running, "outcome": told.outcome}
    if told.outcome == "COMPLETED":
        return Answer(State.DONE, told.describe(), details={**details, "rows": dict(told.rows or {})})
    if told.outcome:
        return Answer(State.FAILED, f"{told.describe()}; the connector streams on", details=details)
    if not status.runs:
        return Answer(State.FAILED, f"the connector does not run: {status.describe()}", details=details)
    text = told.describe()
    if source.snapshot_running:
        seconds = "" if source.snapshot_seconds is None else f", for {source.snapshot_seconds:.0f} s"
        of = f"{source.tables_left} of {source.snapshot_tables} tables left"
        left = "" if source.tables_left is None else f", {of}"
        text = f"{text if told.started else 'snapshot runs'}{left}{seconds}"
    return Answer(State.WAITING, text, details=details)


def _source(session: Session, status: ConnectorStatus) -> Source:
    """What the task's worker says; nothing if it does not answer, or no task runs."""
    try:
        return session.source_at(status.running_at[0]) if status.running_at else Source()
    except ServerError:
        return Source()


def _send(session: Session, tables: tuple[str, ...], wanted: SnapshotRequest, *, running: bool) -> Answer:
    topic = session.stage.topics.one("signal")
    database = session.database
    catalog = database.pdb or database.dbname or database.sid or ""
    signal = signals.snapshot(session.stage, tables, wanted.identifier, where=wanted.where, catalog=catalog)
    details: dict[str, object] = {"id": wanted.identifier, "topic": topic, "tables": list(tables)}
    with session.kafka() as kafka:
        sent = sum(value == signal.value for _, value in kafka.records(topic))
        details["sent_at"] = wanted.sent_at or int(time.time() * 1000)
        if sent and (not wanted.again or sent >= _MOST_SENT or running):
            return Answer(State.DONE, f"the signal {wanted.identifier} was sent before", details=details)
        if running:
            return Answer(
                State.FAILED,
                "a snapshot is running already; run this again once status shows that it has ended",
            )
        try:
            kafka.send(topic, signal.key, signal.value)
        except ServerError as error:
            if session.snapshot is None:
                # No program may repeat the request: the signal may have arrived, and the next has another id.
                message = f"{error}; check with status whether a snapshot runs before you send it again"
                return Answer(State.FAILED, message)
            # The signal may have arrived: a repetition finds it on the topic.
            return Answer(
                State.WAITING, f"{error}; whether the signal was sent is looked up", details=details
            )
    again = "again " if sent else ""
    return Answer(
        State.DONE,
        f"requested {again}a snapshot of {', '.join(tables)} (signal {wanted.identifier} on topic {topic}); "
        "a task that has just started may take a minute to receive the signal; rows arrive as records with "
        f"operation r; progress is on topic {session.stage.topics.one('notification')}",
        changed=True,
        details=details,
    )
