"""BACKUP and its kin: backups are written, listed, shown, and written back to a stopped connector."""

from collections.abc import Sequence
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.offsets import Pair
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import Reason, StageBackup, missing_history
from lambda_src.backups import back_up, backups_of, history_of, read_history
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_record, write_record
from lambda_src.connect_admin.offsets import consequence, mark_halt, next_step, stop_for_offsets
from lambda_src.connect_admin.registration.validate import validation_seconds
from lambda_src.connect_admin.teardown.guard import STANDS_BACK, is_being_torn_down
from lambda_src.logins import check_may_log_in, own_validation
from lambda_src.session import Session

#: How long Connect may take to say which offsets it has, in seconds: without its topics it does not answer.
_ASKED_SECONDS = 10.0
_OTHER_HISTORY = (
    "the schema history topic holds other records than the backup: nothing was changed. If the connector "
    "cannot start with them, wms-connector offsets {stage} reset begins anew with the initial snapshot"
)


def write_backup(session: Session) -> Answer:
    """Write a backup now."""
    try:
        reason = Reason(session.why or Reason.REQUEST)
    except ValueError:
        raise OperatorError(f"the reason {session.why!r} is none of {', '.join(Reason)}") from None
    identifier = back_up(session, reason)
    return Answer(State.DONE, f"backup {identifier} is written", changed=True, details={"id": identifier})


def list_backups(session: Session) -> Answer:
    """The ids of all backups, the newest first."""
    found = backups_of(session).backup_ids()
    message = f"{len(found) or 'no'} backup{'' if len(found) == 1 else 's'} of {session.stage.name}"
    return Answer(State.DONE, message, details={"backups": list(found)})


def show_backup(session: Session) -> Answer:
    """What one backup holds, but for the records of the history: how many these are."""
    identifier, found = chosen(session)
    details = {
        "id": identifier,
        "taken_at": found.taken_at,
        "reason": found.reason,
        "offsets": [dict(pair) for pair in found.offsets],
        "history_records": len(found.history),
        "config": dict(found.config),
        "record": found.record,
    }
    return Answer(State.DONE, f"backup {identifier}", details={**details, **consequence_of(session, found)})


def consequence_of(session: Session, found: StageBackup) -> dict[str, str]:
    """What restoring it would mean: `meaning`, `refusal` and `doubt`."""
    session.know_confidential()
    lacks = _lacks(session, found)
    if lacks:
        return {"meaning": "", "refusal": lacks, "doubt": ""}
    told = consequence(session, _stored_offsets(session), found.offsets)
    return {"meaning": told.meaning, "refusal": told.refusal, "doubt": told.doubt}


def _stored_offsets(session: Session) -> Sequence[Pair]:
    """The offsets that Connect has; none where there is no connector, or no worker that answers."""
    try:
        return session.connect(_ASKED_SECONDS).offsets(CONNECTOR) or ()
    except ServerError:
        return ()


def chosen(session: Session) -> tuple[str, StageBackup]:
    """The backup that the request names, else the newest that a stream can go on from.

    A backup that was written before a restore or a rebuild is taken only where it is named: it holds what
    was to be left, and, if an earlier attempt was cut off, half of what that one had written.
    """
    where = backups_of(session)
    known = where.backup_ids()
    if session.backup:
        # By the list: without a right to list all keys, S3 answers 403 for one that does not exist.
        if session.backup not in known:
            raise OperatorError(
                f"there is no backup {session.backup}; `wms-connector backup list {session.stage.name}` has "
                "those that there are"
            )
        return session.backup, where.find_backup(session.backup)
    damaged = ""
    for identifier in known:
        try:
            found = where.find_backup(identifier)
        except OperatorError as error:
            damaged = damaged or f"{identifier}: {error}"
            continue
        if found.reason != Reason.RESTORE and not _lacks(session, found):
            return identifier, found
    if damaged:
        without = f"wms-connector rebuild {session.stage.name} --from-snapshot does without one"
        raise ServerError(f"no backup of stage {session.stage.name} can be used ({damaged}); {without}")
    raise OperatorError(
        f"stage {session.stage.name} has no backup with a position"
        f"{' and a schema history' if session.environment.settings.kind == 'debezium' else ''}"
    )


def _lacks(session: Session, found: StageBackup) -> str:
    """What a stream cannot go on without and the backup does not hold; empty if it holds all."""
    if not found.offsets:
        return "the backup holds no offset"
    if not found.history and session.environment.settings.kind == "debezium":
        return "the backup holds no schema history"
    return ""


def restore_backup(session: Session) -> Answer:
    """Write schema history and offsets of a backup back: one change for each request.

    A connector that is there is stopped first; one that is missing is created stopped, as a launch would
    register it. History and offsets go back together, since they fit each other: changes of structure after
    them are read again from the redo log.
    """
    if is_being_torn_down(session):
        return Answer(State.FAILED, STANDS_BACK)
    identifier, found = chosen(session)
    told = consequence_of(session, found)
    if told["refusal"]:
        return Answer(State.FAILED, f"{told['refusal']}; nothing was changed")
    if told["doubt"] and not session.position_checked:
        message = f"{told['doubt']}; nothing was changed: confirm it with --position-checked"
        return Answer(State.FAILED, message)
    # Before the connector is stopped and its offsets change.
    if missing_history(history_of(session), found.history) is None:
        return Answer(State.FAILED, _OTHER_HISTORY.format(stage=session.stage.name))
    connect = session.connect()
    status = connect.status(CONNECTOR)
    if status is not None and (not status.stopped or status.tasks):
        stopped = stop_for_offsets(session)
        return replace(stopped, state=State.WAITING) if stopped.state is State.DONE else stopped
    if connect.config(CONNECTOR) is None:
        return _create_stopped(session, connect)
    # The history last: a restore that is cut off before it is seen as a lost history.
    stored = connect.offsets(CONNECTOR) or ()
    if [dict(pair) for pair in stored] != [dict(pair) for pair in found.offsets]:
        connect.alter_offsets(CONNECTOR, found.offsets)
        return Answer(State.WAITING, "Connect has taken the offsets", changed=True)
    done = _restore_history(session, found)
    if done is not None:
        return done
    message = f"restored backup {identifier}: {told['meaning']}; {next_step(session)}"
    return Answer(State.DONE, message, details={"id": identifier})


def _restore_history(session: Session, found: StageBackup) -> Answer | None:
    """Write what is missing of the history; None if nothing is."""
    if not found.history:
        return None
    (spec,) = [spec for spec in session.topics if spec.role == "schema_history"]
    with session.kafka() as kafka:
        if not kafka.partitions([spec.name]):
            kafka.create([spec])
            return Answer(State.WAITING, f"topic {spec.name} is created", changed=True)
        return _write_history(session, kafka, spec.name, found)


def _write_history(session: Session, kafka: KafkaAdmin, topic: str, found: StageBackup) -> Answer | None:
    missing = missing_history(read_history(session, kafka), found.history)
    if missing is None:
        return Answer(State.FAILED, _OTHER_HISTORY.format(stage=session.stage.name))
    if not missing:
        return None
    kafka.send_all(topic, missing)
    return Answer(State.WAITING, f"{len(missing)} records of the schema history are written", changed=True)


def _create_stopped(session: Session, connect: Connect) -> Answer:
    """Create the connector without a task, and mark that an operator did, so that nobody resumes it."""
    check_may_log_in(session)
    mark_halt(session, "it is rebuilt")
    seconds = validation_seconds(session)
    with own_validation(session, seconds):
        connect.create(CONNECTOR, session.config, "STOPPED", timeout=seconds)
    return Answer(State.WAITING, f"{CONNECTOR} is created and left STOPPED", changed=True)


def restore_record(session: Session) -> Answer:
    """Write the stage record of a backup if the state table has none. RECORD brings it up to date."""
    table = session.aws.table(session.environment.table)
    if read_record(table) is not None:
        return Answer(State.DONE, "the state table has a stage record")
    identifier, found = chosen(session)
    if found.stage_record is None:
        return Answer(State.DONE, f"backup {identifier} has no stage record")
    write_record(table, found.stage_record)
    return Answer(State.DONE, f"the stage record of backup {identifier} is written", changed=True)
