"""LOSSES: what a stage has lost, and how it is rebuilt; END_WORKERS, which lets workers begin anew."""

from connector.domain.admin_api import Answer, State
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health.check_result import launch
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.backup import StageBackup, missing_history
from connector.domain.stage.loss import FROM_SNAPSHOT, Loss, Means, Remains, rebuild
from connector.domain.stage.record import StageRecord
from lambda_src.backups import backups_of, read_history
from lambda_src.clients.ecs import scale
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.connect_admin.backup import chosen, consequence_of
from lambda_src.connect_admin.registration.connect_group import on_cluster, recorded
from lambda_src.connect_admin.teardown.workers import remaining
from lambda_src.session import Session

_NEVER = (
    "stage {stage} has neither a stage record nor a backup, so nothing shows that it was ever registered: "
    "launch it with {launch}"
)
_NOTHING = {"meaning": "", "refusal": "", "doubt": ""}
#: How long Connect may take to say what it has, in seconds.
_ASKED_SECONDS = 10.0
#: How long one request waits for the tasks to end, in seconds; a worker has 120 s to leave.
_LEAVE_SECONDS = 20.0
_PAUSE_SECONDS = 0.5


def losses(session: Session) -> Answer:
    """What is lost, by what there is. Changes nothing.

    With `FROM_SNAPSHOT` among the confirmed: the plan does without a backup.
    """
    backups_of(session)
    identifier, found = _backup(session)
    record = read_record(session.aws.table(session.environment.table))
    with session.kafka() as kafka:
        remains = _remains(session, kafka, found, record)
    if record is None and found is None and not remains.connector:
        return Answer(State.FAILED, _NEVER.format(stage=session.stage.name, launch=launch(session.stage)))
    lost = remains.losses(backup_has_offsets=found is not None)
    # On a new cluster no backup is written back.
    used = None if Loss.CLUSTER in lost else found
    told = _NOTHING if used is None else consequence_of(session, used)
    plan = rebuild(
        remains, lost, backup_id=identifier, position=told["meaning"], launch=launch(session.stage)
    )
    if plan.means is not Means.BACKUP:
        told = _NOTHING
    details = {
        "losses": [loss.value for loss in lost],
        "told": list(plan.told),
        "means": plan.means.value,
        "backup": identifier,
        "connector": remains.connector,
        "end_workers": plan.end_workers,
        "write_record": plan.write_record,
        "refusal": told["refusal"],
        "doubt": told["doubt"],
        "state": session.environment.settings.state,
        "desired_count": session.environment.desired_count,
    }
    message = f"lost: {', '.join(lost) or 'nothing that is seen here'}"
    return Answer(State.DONE, message, details=details)


def _backup(session: Session) -> tuple[str, StageBackup | None]:
    """The backup to work with; none if there is none, or if none is wanted."""
    if FROM_SNAPSHOT in session.confirmed:
        return "", None
    try:
        return chosen(session)
    except OperatorError:
        if session.backup:
            raise
        return "", None


def _remains(
    session: Session, kafka: KafkaAdmin, found: StageBackup | None, record: StageRecord | None
) -> Remains:
    known = record or (None if found is None else found.stage_record)
    topics, catalogue = kafka.topic_names(), session.stage.topics
    group = recorded(known, catalogue) or on_cluster(topics, catalogue)
    internal = [f"{group}.{what}" for what in ("config", "offsets", "status")]
    missing = tuple(topic for topic in internal if topic not in topics)
    present = read_history(session, kafka)
    # A worker whose topics were deleted answers from memory, or not at all.
    connector, offsets = (None, None) if missing else _of_connect(session)
    return Remains(
        record=record is not None,
        cluster=kafka.cluster_id(),
        recorded_cluster="" if known is None else known.cluster_id,
        internal_missing=missing,
        connector=connector,
        offsets=offsets,
        history=bool(present) and not missing_history(present, () if found is None else found.history),
        keeps_history=session.environment.settings.kind == "debezium",
    )


def _of_connect(session: Session) -> tuple[bool | None, bool | None]:
    """Whether Connect has the connector, and offsets of it; nothing where no worker answers."""
    try:
        connect = session.connect(_ASKED_SECONDS)
        return connect.config(CONNECTOR) is not None, bool(connect.offsets(CONNECTOR))
    except ServerError:
        return None, None


def end_workers(session: Session) -> Answer:
    """Set the desired count to 0 and wait until no task runs: a start of a worker makes Connect's topics."""
    env = session.environment
    service = session.observe_service()
    changed = service is not None and service.desired > 0
    if changed:
        scale(session.aws.ecs(), env.cluster, env.service, 0)
    left = session.deadline.poll(
        lambda: remaining(session.observe_service()),
        lambda left: not left,
        every=_PAUSE_SECONDS,
        at_most=_LEAVE_SECONDS,
    )
    if left:
        return Answer(State.WAITING, f"waiting for {left} of service {env.service} to end", changed=changed)
    return Answer(State.DONE, "no worker runs", changed=changed)
