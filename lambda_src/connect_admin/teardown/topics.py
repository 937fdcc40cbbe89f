"""TOPIC_NAMES, TEARDOWN_TOPICS, TEARDOWN_GROUPS: list all topics, delete the stage's topics and groups."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.group_owner import deleting, foreign_connector
from connector.domain.stage.teardown import EphemeralStage, namespaced, plan_groups, plan_topics
from lambda_src.clients.kafka_port import KafkaAdmin
from lambda_src.clients.state_table import read_record
from lambda_src.connect_admin.registration.cluster import connectors, is_registered
from lambda_src.connect_admin.teardown.guard import ephemeral, other_cluster, taken_over
from lambda_src.session import Session

#: How long one request waits until topics are listed no longer, in seconds.
_VANISH_SECONDS = 10.0
_PAUSE_SECONDS = 0.3


def topic_names(session: Session) -> Answer:
    """The names of all topics of the cluster. Changes nothing."""
    with session.kafka() as kafka:
        found = sorted(kafka.topic_names())
    return Answer(State.DONE, f"the cluster has {len(found)} topics", details={"topics": found})


def teardown_topics(session: Session) -> Answer:
    """List, plan, delete, and list again until none is left; topics that are not in the plan stay."""
    stage = ephemeral(session)
    with session.kafka() as kafka:
        conflict = _conflict(session, kafka)
        if conflict is not None:
            return conflict
        existing = kafka.topic_names()
        plan = plan_topics(stage, existing)
        if plan.delete:
            kafka.delete_topics(plan)
        left = _left(session, stage, kafka) if plan.delete else ()
    details = {"deleted": [t for t in plan.delete if t not in left], "others": _others(stage, existing)}
    if left:
        message = f"{len(left)} of {len(plan.delete)} topics still exist, the first is {left[0]}"
        return Answer(State.WAITING, message, changed=True, details=details)
    message = f"{len(plan.delete)} topics deleted" if plan.delete else "no topic of the stage is left"
    return Answer(State.DONE, message, changed=bool(plan.delete), details=details)


def teardown_groups(session: Session) -> Answer:
    """Delete the stage's consumer groups; wait for a group that has members."""
    stage = ephemeral(session)
    with session.kafka() as kafka:
        conflict = _conflict(session, kafka)
        if conflict is not None:
            return conflict
        plan = plan_groups(stage, kafka.groups())
        busy = kafka.delete_groups(plan)
    details = {"deleted": [group for group in plan.delete if group not in busy]}
    if busy:
        return Answer(
            State.WAITING, f"group {busy[0]} has members: a consumer still uses it", True, details=details
        )
    message = f"{len(plan.delete)} groups deleted" if plan.delete else "no group of the stage is left"
    return Answer(State.DONE, message, changed=bool(plan.delete), details=details)


def _conflict(session: Session, kafka: KafkaAdmin) -> Answer | None:
    """Why nothing may be deleted now. Each request checks again: time has passed since the mark."""
    taken = taken_over(session)
    if taken is not None:
        return taken
    record = read_record(session.aws.table(session.environment.table))
    elsewhere = other_cluster(session, record, kafka.cluster_id())
    if elsewhere is not None:
        return Answer(State.FAILED, elsewhere)
    if not is_registered(session, kafka):
        # A launch that was refused because of them must not end in their deletion.
        foreign = foreign_connector(session.stage.topics, connectors(session, kafka, kafka.topic_names()))
        if foreign is not None:
            return Answer(State.FAILED, deleting(session.stage, foreign))
    for group in session.stage.topics.connect_groups:
        if kafka.live_group(group):
            return Answer(State.WAITING, f"group {group} has members: a worker is still running")
    return None


def _left(session: Session, stage: EphemeralStage, kafka: KafkaAdmin) -> tuple[str, ...]:
    """The stage's topics that are still listed after a moment."""
    return session.deadline.poll(
        lambda: plan_topics(stage, kafka.topic_names()).delete,
        lambda left: not left,
        every=_PAUSE_SECONDS,
        at_most=_VANISH_SECONDS,
    )


def _others(stage: EphemeralStage, existing: frozenset[str]) -> list[str]:
    return list(namespaced(stage, existing))
