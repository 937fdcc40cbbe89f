"""One row for each operation: its use case and the time a request may take; and what an error means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from lambda_src.connect_admin.acknowledge import acknowledge
from lambda_src.connect_admin.backup import (
    list_backups,
    restore_backup,
    restore_record,
    show_backup,
    write_backup,
)
from lambda_src.connect_admin.config_diff import config_diff
from lambda_src.connect_admin.control import connected, pause, restart, resume, stop
from lambda_src.connect_admin.maintenance import end_maintenance, show_maintenance, start_maintenance
from lambda_src.connect_admin.offsets import offsets, reset_offsets, restore_offsets, stop_for_offsets
from lambda_src.connect_admin.rebuild import end_workers, losses
from lambda_src.connect_admin.reconcile.clean import clean
from lambda_src.connect_admin.reconcile.steps import reconcile
from lambda_src.connect_admin.registration import first_launch
from lambda_src.connect_admin.registration.changes import changes
from lambda_src.connect_admin.registration.cluster import check_cluster
from lambda_src.connect_admin.registration.connect_group import connect_group
from lambda_src.connect_admin.registration.put_connector import register
from lambda_src.connect_admin.registration.ready import ready
from lambda_src.connect_admin.registration.record import record
from lambda_src.connect_admin.registration.together import together
from lambda_src.connect_admin.registration.topics import ensure_topics
from lambda_src.connect_admin.registration.try_first import try_first
from lambda_src.connect_admin.registration.validate import validate
from lambda_src.connect_admin.registration.verify import verify_launch
from lambda_src.connect_admin.rotation.operator import rotate, rotate_check
from lambda_src.connect_admin.snapshot import snapshot, snapshot_progress
from lambda_src.connect_admin.status import status
from lambda_src.connect_admin.teardown.connector import teardown_connector
from lambda_src.connect_admin.teardown.guard import cancel_teardown, unless_torn_down
from lambda_src.connect_admin.teardown.mark import teardown_mark
from lambda_src.connect_admin.teardown.topics import teardown_groups, teardown_topics, topic_names
from lambda_src.connect_admin.teardown.workers import teardown_workers
from lambda_src.session import Session

UseCase = Callable[[Session], Answer]


@dataclass(frozen=True)
class Row:
    """How one operation is answered. `seconds` is what one request may take, below the function's own limit.

    How the caller repeats a request is part of `Operation`.
    """

    use_case: UseCase
    seconds: float


ROWS: Mapping[Operation, Row] = {
    Operation.CLUSTER: Row(check_cluster, 45),
    Operation.CHANGES: Row(changes, 45),
    Operation.TRY: Row(try_first, 46),
    Operation.CONNECT_GROUP: Row(connect_group, 20),
    Operation.READY: Row(unless_torn_down(ready), 20),
    Operation.TOPICS: Row(ensure_topics, 45),
    Operation.VALIDATE: Row(validate, 46),
    Operation.REGISTER: Row(register, 46),
    Operation.VERIFY: Row(verify_launch, 40),
    Operation.RECORD: Row(record, 40),
    Operation.REGISTRATION: Row(lambda session: together(session, answer), 46),
    Operation.STATUS: Row(status, 46),
    Operation.TOPIC_NAMES: Row(topic_names, 45),
    Operation.RESTART: Row(restart, 45),
    Operation.PAUSE: Row(pause, 45),
    Operation.RESUME: Row(resume, 45),
    Operation.STOP: Row(stop, 45),
    Operation.MAINTENANCE_START: Row(start_maintenance, 46),
    Operation.MAINTENANCE_END: Row(end_maintenance, 45),
    Operation.MAINTENANCE_SHOW: Row(show_maintenance, 20),
    Operation.CONNECTED: Row(connected, 20),
    Operation.OFFSETS: Row(offsets, 45),
    Operation.OFFSETS_STOP: Row(stop_for_offsets, 45),
    Operation.OFFSETS_RESTORE: Row(restore_offsets, 46),
    Operation.OFFSETS_RESET: Row(reset_offsets, 46),
    Operation.BACKUP: Row(write_backup, 45),
    Operation.BACKUP_LIST: Row(list_backups, 20),
    Operation.BACKUP_SHOW: Row(show_backup, 45),
    Operation.BACKUP_RESTORE: Row(restore_backup, 46),
    Operation.LOSSES: Row(losses, 46),
    Operation.RESTORE_RECORD: Row(restore_record, 45),
    Operation.END_WORKERS: Row(end_workers, 45),
    Operation.CONFIG_DIFF: Row(config_diff, 45),
    Operation.SNAPSHOT: Row(snapshot, 46),
    Operation.SNAPSHOT_PROGRESS: Row(snapshot_progress, 46),
    Operation.RECONCILE: Row(reconcile, 46),
    Operation.RECONCILE_CLEAN: Row(clean, 46),
    Operation.ACKNOWLEDGE: Row(acknowledge, 20),
    Operation.ROTATE_CHECK: Row(rotate_check, 40),
    Operation.ROTATE: Row(rotate, 46),
    Operation.CANCEL_TEARDOWN: Row(cancel_teardown, 20),
    Operation.TEARDOWN_MARK: Row(teardown_mark, 40),
    Operation.TEARDOWN_CONNECTOR: Row(teardown_connector, 46),
    Operation.TEARDOWN_WORKERS: Row(teardown_workers, 45),
    Operation.TEARDOWN_TOPICS: Row(teardown_topics, 46),
    Operation.TEARDOWN_GROUPS: Row(teardown_groups, 40),
}


def answer(operation: Operation, session: Session) -> Answer:
    """Run one use case. Expected errors become answers; no answer has a confidential value."""
    try:
        found = ROWS[operation].use_case(session)
    except WmsError as error:
        found = answer_to(error)
    found = first_launch.told(operation, session, found)
    redactor = session.redactor
    summary = with_names(redactor.redact(found.summary), session.stage)
    return replace(found, summary=summary, details=redactor.redact_values(dict(found.details)))


def answer_to(error: WmsError) -> Answer:
    """What an error means for the caller: repeat the request, or fix the cause first."""
    passing = isinstance(error, DeadlineExceeded) or (isinstance(error, ServerError) and error.retriable)
    return Answer(State.WAITING if passing else State.FAILED, str(error), denied=error.denied)
