"""CLUSTER: check that the stage may use the cluster that its broker string names. Changes nothing."""

from connector.domain.admin_api import Answer, State
from connector.domain.capture.acls import EVERY, Acl, Resource, acls
from connector.domain.capture.refused_rights import refusal_of, refused_rights
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.conflicts import Cluster, conflict, named_stages_on
from connector.domain.stage.group_owner import GroupConnector, group_connectors
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.logins import refused_version
from lambda_src.session import Session

#: A worker that was killed stays a member of its group for the group's session timeout, 10 s.
_LEAVE_SECONDS = 15.0
_PAUSE_SECONDS = 1.0


def check_cluster(session: Session) -> Answer:
    """Refuse missing rights, twins of the stage's topics, a second named stage, and a foreign Connect group.

    And a secret whose version was refused: no worker may start with it.

    The details have the connectors of the group, without anything confidential, for a stage that is not
    registered there.
    """
    known = refused_version(session)
    if known is not None:
        return Answer(State.FAILED, known)
    with session.kafka() as kafka:
        refused = missing_rights(session, kafka)
        if refused:
            return Answer(State.FAILED, refusal_of(session.stage, refused, session.environment.auth))
        cluster = _cluster(session, kafka)
        warning = _unprotected(session, kafka)
    details = {"connectors": [dict(connector.config) for connector in cluster.connectors]}
    refusal = conflict(session.stage, cluster, session.environment.secret_prefix)
    if refusal is not None:
        return Answer(State.FAILED, refusal, details=details)
    return Answer(State.DONE, f"stage {session.stage.name} may use its cluster{warning}", details=details)


def missing_rights(session: Session, kafka: KafkaAdmin) -> tuple[Acl, ...]:
    """The stage's rights that brokers with ACLs do not give: before a worker meets the first of them.

    Some would be missed in silence: without Describe on all topics and on the cluster no conflict is seen.
    With IAM the rights are in the stage's own roles.
    """
    if session.environment.auth not in (KafkaAuth.SCRAM, KafkaAuth.TLS):
        return ()
    wanted = acls(session.stage, session.environment.settings)
    topics = {acl.name for acl in wanted if acl.resource is Resource.TOPIC and acl.name != EVERY}
    # An earlier release's group is of use only to a stage that was launched then.
    unused = {*session.stage.topics.roles.get("connect_previous", ())} - kafka.topic_names()
    return refused_rights(wanted, kafka.rights(sorted(topics - unused)))


def _unprotected(session: Session, kafka: KafkaAdmin) -> str:
    """What a branch should know that shares a named stage's cluster, where brokers authorize nobody."""
    auth = session.environment.auth
    if not session.stage.ephemeral or auth not in (KafkaAuth.TLS, KafkaAuth.PLAINTEXT):
        return ""
    shared = named_stages_on(session.stage, kafka.topic_names())
    if not shared:
        return ""
    return (
        f". It is also that of {', '.join(shared)}, and {auth.value} brokers do not keep stages off each "
        "other's topics; see 'Two stages on one cluster' in docs/stages.md"
    )


def refused_on(session: Session, kafka: KafkaAdmin) -> str | None:
    """Why the stage cannot use this cluster; None when it can."""
    return conflict(session.stage, _cluster(session, kafka), session.environment.secret_prefix)


def _cluster(session: Session, kafka: KafkaAdmin) -> Cluster:
    topics, registered = kafka.topic_names(), is_registered(session, kafka)
    return Cluster(
        topics=topics,
        registered=registered,
        foreign_worker=not registered and _foreign_worker(session, kafka),
        connectors=() if registered else connectors(session, kafka, topics),
    )


def connectors(session: Session, kafka: KafkaAdmin, topics: frozenset[str]) -> tuple[GroupConnector, ...]:
    """The connectors in the config topics of the stage's Connect groups; `topics`: those of the cluster."""
    names = [f"{group}.config" for group in session.stage.topics.connect_groups]
    read = [group_connectors(kafka.records(name)) for name in names if name in topics]
    return tuple(connector for found in read for connector in found)


def is_registered(session: Session, kafka: KafkaAdmin) -> bool:
    """Whether the stage's record says that it was registered on this cluster, from this account."""
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
