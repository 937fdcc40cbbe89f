"""CLUSTER: check that the stage may use the cluster that its broker string names. Changes nothing."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.conflicts import Cluster, conflict
from lambda_src.clients.kafka_admin import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.session import Session

#: A worker that was killed stays a member of its group for the group's session timeout, 10 s.
_LEAVE_SECONDS = 15.0
_PAUSE_SECONDS = 1.0


def check_cluster(session: Session) -> Answer:
    """Refuse topics that differ only in '.' and '_', a second named stage, and the same stage elsewhere."""
    with session.kafka() as kafka:
        refusal = refused_on(session, kafka)
    if refusal is not None:
        return Answer(State.FAILED, refusal)
    return Answer(State.DONE, f"stage {session.stage.name} may use its cluster")


def refused_on(session: Session, kafka: KafkaAdmin) -> str | None:
    """Why the stage cannot use this cluster; None when it can."""
    stage = session.stage
    registered = not stage.ephemeral and _registered(session, kafka)
    cluster = Cluster(
        topics=kafka.topic_names(),
        registered=registered,
        foreign_worker=not stage.ephemeral and not registered and _foreign_worker(session, kafka),
    )
    return conflict(stage, cluster, session.environment.secret_prefix)


def _registered(session: Session, kafka: KafkaAdmin) -> bool:
    record = read_record(session.aws.table(session.environment.table))
    return (
        record is not None and record.cluster_id == kafka.cluster_id() and record.account == session.account
    )


def _foreign_worker(session: Session, kafka: KafkaAdmin) -> bool:
    """Whether the Connect group has members although this stage has no task.

    Members are not compared with tasks by address: behind PrivateLink or NAT a broker sees others.
    """
    service = session.observe_service()
    if service is not None and service.tasks:
        return False
    group = session.stage.topics.connect_group
    return session.deadline.poll(
        lambda: kafka.live_group(group), lambda lives: not lives, every=_PAUSE_SECONDS, at_most=_LEAVE_SECONDS
    )
