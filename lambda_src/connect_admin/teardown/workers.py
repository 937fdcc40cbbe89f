"""TEARDOWN_WORKERS: no task of the stage runs, and the Connect group is empty."""

from connector.domain.admin_api import Answer, State
from connector.domain.health.observation import Service
from lambda_src.clients.ecs import scale
from lambda_src.connect_admin.teardown.guard import ephemeral, taken_over
from lambda_src.session import Session

#: How long one request waits, in seconds: a worker leaves in a few, a killed one after its session's 10.
_LEAVE_SECONDS = 20.0
_PAUSE_SECONDS = 0.5


def teardown_workers(session: Session) -> Answer:
    """Set the desired count to 0 and wait. A running worker would create its topics again."""
    ephemeral(session)
    taken = taken_over(session)
    if taken is not None:
        return taken
    env = session.environment
    service = session.observe_service()
    changed = service is not None and service.desired > 0
    if changed:
        scale(session.aws.ecs(), env.cluster, env.service, 0)
    leave = session.deadline.sooner(_LEAVE_SECONDS)
    left = leave.poll(
        lambda: remaining(session.observe_service()),
        lambda left: not left,
        every=_PAUSE_SECONDS,
        at_most=_LEAVE_SECONDS,
    )
    if left:
        return Answer(State.WAITING, f"waiting for {left} of service {env.service} to end", changed=changed)
    groups = session.stage.topics.connect_groups
    with session.kafka() as kafka:
        alive = leave.poll(
            lambda: [group for group in groups if kafka.live_group(group)],
            lambda alive: not alive,
            every=_PAUSE_SECONDS,
            at_most=_LEAVE_SECONDS,
        )
    if alive:
        return Answer(State.WAITING, f"no task runs, but group {alive[0]} has members", changed=changed)
    return Answer(State.DONE, f"no task runs and group {groups[0]} is empty", changed=changed)


def remaining(service: Service | None) -> str:
    """How many tasks have not ended, as a text; empty when all have.

    ECS lists a task that is stopping under STOPPED: that is the state wanted of it.
    """
    if service is None:
        return ""
    alive = [task for task in (*service.tasks, *service.stopped) if task.status != "STOPPED"]
    return f"{len(alive)} task{'s' if len(alive) > 1 else ''}" if alive else ""
