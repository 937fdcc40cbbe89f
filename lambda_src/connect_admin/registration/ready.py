"""READY: a Connect worker with the current task definition answers, or why none does."""

from collections.abc import Mapping

from connector.domain.admin_api import Answer, State
from connector.domain.errors import ServerError
from connector.domain.health.observation import Service
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.ecs import scale
from lambda_src.session import Session, connect_url


def ready(session: Session) -> Answer:
    """Ask ECS for the workers and each worker for `GET /`; only 2xx counts.

    An interrupted teardown or a rebuild leaves a desired count of 0: the service then gets its workers back.
    """
    service = session.service
    if service.desired == 0 and session.desired_count is not None:
        return _restore(session, session.desired_count)
    answers: dict[str, str] = {}
    if not service.rollout_failed:
        for task in service.current:
            try:
                Connect([connect_url(task.address)], session.http, session.deadline).root()
                answers[task.address] = ""
            except ServerError as error:
                answers[task.address] = str(error)
    return decide(service, answers)


def decide(service: Service, answers: Mapping[str, str]) -> Answer:
    """`answers`: address -> why it does not answer, empty when it does."""
    details = {"desired": service.desired, "running": service.running, "pending": service.pending}
    if service.rollout_failed:
        stopped = f"; a task stopped: {service.last_stop}" if service.last_stop else ""
        return Answer(
            State.FAILED,
            f"ECS stopped the deployment of {service.name}: "
            f"{service.rollout_reason or 'no reason given'}{stopped}; {_look_at(service)}",
            details=details,
        )
    up = [address for address, reason in answers.items() if not reason]
    if up:
        verb = "worker answers" if len(up) == 1 else "workers answer"
        return Answer(State.DONE, f"{len(up)} Connect {verb}", details={**details, "workers": up})
    if service.desired == 0:
        return Answer(
            State.FAILED,
            f"service {service.name} has a desired count of 0, and the launch "
            "gave no other; set desired_count in the stage's config.yaml to 1 or "
            "more, then launch again",
            details=details,
        )
    return Answer(State.WAITING, _progress(service, answers), details=details)


def _look_at(service: Service) -> str:
    """A task that never started has no line in the log."""
    return "read the worker's log group" if service.start_error is None else service.start_error[0].next_step


def _restore(session: Session, desired: int) -> Answer:
    env = session.environment
    scale(session.aws.ecs(), env.cluster, env.service, desired)
    return Answer(
        State.WAITING,
        f"service {env.service} had a desired count of 0, left by an interrupted teardown or by "
        f"a rebuild; it is {desired} again",
        changed=True,
        details={"desired": desired},
    )


def _progress(service: Service, answers: Mapping[str, str]) -> str:
    parts = [service.describe()]
    if answers:
        parts = [f"worker at {address} is starting" for address in answers]
    elif service.addresses:
        parts.append("only workers with the previous task definition are running")
    if service.last_stop:
        parts.append(f"the last task stopped: {service.last_stop}")
    return "; ".join(parts)
