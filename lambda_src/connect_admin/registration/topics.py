"""TOPICS: the stage's topics exist with the right settings."""

from connector.domain.admin_api import Answer, State
from connector.domain.stage.topic_plan import TopicPlan, plan_topics
from lambda_src.connect_admin.registration.cluster import refused_on
from lambda_src.session import Session


def ensure_topics(session: Session) -> Answer:
    """Create what is missing, alter what differs, refuse what cannot be changed."""
    specs = session.topics
    names = [spec.name for spec in specs]
    with session.kafka() as kafka:
        refusal = refused_on(session, kafka)
        if refusal is not None:
            return Answer(State.FAILED, refusal)
        partitions = kafka.partitions(names)
        plan = plan_topics(specs, partitions, kafka.configs(list(partitions)))
        if plan.wrong:
            return Answer(State.FAILED, "; ".join(plan.wrong))
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
