"""TOPICS: the stage's topics exist with the right settings."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.guarded_changes import refusal as refusal_of
from connector.domain.stage.guarded_changes import topic_changes, unconfirmed
from connector.domain.stage.topic_plan import TopicPlan, plan_topics
from lambda_src.connect_admin.registration.cluster import is_registered, refused_on
from lambda_src.session import Session

_NOT_REGISTERED = (
    "This stage was never registered on the cluster, so the topic may be somebody else's; nothing was "
    "changed. If it is the stage's own, let the cluster's owners change it, or set "
    "connector.data_retention_days to what it has, and launch again"
)


def ensure_topics(session: Session) -> Answer:
    """Create what is missing, alter what differs, refuse what cannot be changed.

    A topic that was there before the stage was registered may be somebody else's: it is not changed in a way
    that deletes records. What cannot be undone, and loses order or records, must be confirmed in the request.
    """
    specs = session.topics
    names = [spec.name for spec in specs]
    with session.kafka() as kafka:
        refusal = refused_on(session, kafka)
        if refusal is not None:
            return Answer(State.FAILED, refusal)
        partitions = kafka.partitions(names)
        configs = kafka.configs(list(partitions))
        plan = plan_topics(specs, partitions, configs)
        if plan.wrong:
            return Answer(State.FAILED, "; ".join(plan.wrong))
        losing = plan.losing(configs, [spec.name for spec in specs if spec.role.startswith("data")])
        if losing and not is_registered(session, kafka):
            return Answer(State.FAILED, f"{'; '.join(losing)}. {_NOT_REGISTERED}")
        guarded = topic_changes(specs, partitions, configs, kafka.filled(partitions))
        unmeant = unconfirmed(guarded, session.confirmed)
        if unmeant:
            return Answer(State.FAILED, refusal_of(unmeant))
        if plan.create:
            kafka.create(plan.create)
        if plan.alter:
            kafka.alter(plan.alter)
        if plan.grow:
            kafka.add_partitions(plan.grow)
    return Answer(State.DONE, plan.summary(), changed=plan.changes, details=_details(plan))


def _details(plan: TopicPlan) -> dict[str, object]:
    return {
        "created": [spec.name for spec in plan.create],
        "altered": {topic: sorted(configs) for topic, configs in plan.alter.items()},
        "partitions_added": dict(plan.grow),
        "as_wanted": list(plan.as_wanted),
    }
