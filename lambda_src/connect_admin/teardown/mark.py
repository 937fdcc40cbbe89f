"""TEARDOWN_MARK: mark the stage as being torn down in its record, then check the cluster."""

from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.stage.record import StageRecord
from lambda_src.clients.state_table import read_record, write_record
from lambda_src.connect_admin.teardown.guard import ephemeral, other_cluster, taken_over
from lambda_src.session import Session


def teardown_mark(session: Session) -> Answer:
    """Set the mark first, so that nothing is started; then check the cluster."""
    ephemeral(session)
    taken = taken_over(session) if session.marked else None
    if taken is not None:
        return taken
    table = session.aws.table(session.environment.table)
    record = read_record(table)
    marked = record is not None and record.retiring
    if not marked:
        write_record(table, _marked(session, record))
    with session.kafka() as kafka:
        cluster_id = kafka.cluster_id()
    conflict = other_cluster(session, record, cluster_id)
    if conflict is not None:
        return Answer(State.FAILED, conflict, changed=not marked)
    known = (
        "the cluster it was registered on" if record and record.cluster_id else "no record names a cluster"
    )
    return Answer(
        State.DONE,
        f"stage {session.stage.name} is marked as being torn down; cluster {cluster_id}: {known}",
        changed=not marked,
        details={"cluster_id": cluster_id},
    )


def _marked(session: Session, record: StageRecord | None) -> StageRecord:
    if record is not None:
        return replace(record, retiring=True)
    # Never registered: there is no cluster to compare, but health check and registration must do nothing.
    return StageRecord(session.stage.name, "", session.account, (), "", {}, retiring=True)
