"""RECORD: the stage record says what was registered, and on which cluster."""

import time

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import config_hash
from connector.domain.stage.record import StageRecord
from lambda_src.clients.state_table import end_launch, read_record, read_window, write_record
from lambda_src.connect_admin.registration.connect_group import on_cluster, recorded
from lambda_src.connect_admin.teardown.guard import STANDS_BACK
from lambda_src.session import Session


def record(session: Session) -> Answer:
    """Write the record unless it says the same already, or a teardown has begun. With it a launch ends."""
    session.know_confidential()
    table = session.aws.table(session.environment.table)
    present = read_record(table)
    with session.kafka() as kafka:
        cluster_id, topics = kafka.cluster_id(), kafka.topic_names()
    wanted = StageRecord(
        stage=session.stage.name,
        cluster_id=cluster_id,
        account=session.account,
        topics=tuple(spec.name for spec in session.topics),
        config_hash=config_hash(session.config),
        secret_versions=session.secrets.versions,
        connect_group=recorded(present, session.stage.topics) or on_cluster(topics, session.stage.topics),
        envelope=session.envelope,
    )
    details = {"cluster_id": cluster_id, "config_hash": wanted.config_hash}
    if present is not None and present.retiring:
        # A launch clears the mark when it begins: this mark was set later.
        return Answer(State.FAILED, STANDS_BACK)
    end_launch(table)
    window, now = read_window(table), time.time()
    told = f"; a maintenance window is {window.describe(now)}" if window.there else ""
    if present == wanted:
        return Answer(State.DONE, f"the stage record is unchanged{told}", details=details)
    write_record(table, wanted)
    return Answer(State.DONE, f"the stage record is written{told}", changed=True, details=details)
