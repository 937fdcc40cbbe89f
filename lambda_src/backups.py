"""What a backup of a stage holds, read and written: by the health check daily, by the admin function else."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.errors import OperatorError, ServerError, WmsError
from connector.domain.stage import backup
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import LAST_BACKUP_KEY, HistoryRecord, Reason, StageBackup
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.backups import Backups
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_item, read_record
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session


def backups_of(session: Session) -> Backups:
    """Where the stage's backups lie; `OperatorError` for a stage that is not backed up."""
    backup.prefix(session.stage)
    found = session.backups
    if found is None:
        raise OperatorError("the functions do not know the bucket for backups; launch the stage again")
    return found


def back_up(session: Session, reason: Reason, *, clock: Clock = time.time) -> str:
    """Write a backup; its id. Raises `WmsError` if the connector or its schema history cannot be read."""
    where = backups_of(session)
    session.know_confidential()
    now = datetime.fromtimestamp(clock(), UTC)
    connect = session.connect()
    # The offsets first: a history that is newer than they are is read up to them.
    offsets, config = connect.offsets(CONNECTOR), connect.config(CONNECTOR)
    if offsets is None or config is None:
        raise ServerError(f"{CONNECTOR} is not registered, so there is nothing to back up")
    history = history_of(session)
    if offsets and not history and session.environment.settings.kind == "debezium":
        # The task goes on from memory; its next start fails. Nobody else looks.
        raise ServerError(
            "the schema history is lost: its topic holds no record; "
            f"wms-connector rebuild {session.stage.name} writes it back from an earlier backup"
        )
    table = session.aws.table(session.environment.table)
    record = read_record(table)
    content = StageBackup(
        session.stage.name,
        now.isoformat(timespec="seconds"),
        reason.value,
        offsets,
        history,
        # By hand somebody may have put a password there.
        session.redactor.redact_values(dict(config)),
        None if record is None else record.to_item(),
    )
    identifier = backup.backup_id(now, reason)
    where.keep_backup(identifier, content)
    with aws_errors("remembering the backup in the state table"):
        table.put_item(Item={"id": LAST_BACKUP_KEY, "at": int(now.timestamp())})
    return identifier


def backed_up(session: Session, reason: Reason) -> str:
    """Write a backup before a change; what to tell of it: nothing, or why there is none.

    A change that repairs a stage must not wait for the bucket.
    """
    if session.backups is None:
        return ""
    try:
        back_up(replace(session, deadline=session.deadline.sooner(_BEFORE_A_CHANGE)), reason)
    except WmsError as error:
        return f"; no backup was written before it: {error}"
    return ""


#: What a backup before a change may take of its request's time, in seconds.
_BEFORE_A_CHANGE = 12.0


def last_backup(session: Session) -> int:
    """When the last backup was written, in seconds since 1970; 0 if that is not known."""
    found = (read_item(session.aws.table(session.environment.table), LAST_BACKUP_KEY) or {}).get("at", 0)
    return int(found)


def history_of(session: Session) -> tuple[HistoryRecord, ...]:
    """The records of the schema history; none where the topic does not exist or the kind has none."""
    if session.environment.settings.kind != "debezium":
        return ()
    with session.kafka() as kafka:
        return read_history(session, kafka)


def read_history(session: Session, kafka: KafkaAdmin) -> tuple[HistoryRecord, ...]:
    """As `history_of`, on a cluster that is open."""
    topic = session.stage.topics.one("schema_history")
    return tuple(kafka.records(topic)) if kafka.partitions([topic]) else ()
