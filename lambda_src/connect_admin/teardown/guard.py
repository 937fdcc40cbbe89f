"""The mark `retiring` in the stage record: a teardown sets it, and nothing is started while it is set."""

import time
from collections.abc import Callable
from dataclasses import replace

from connector.domain.admin_api import TORN_DOWN, Answer, State
from connector.domain.errors import RefusedStage
from connector.domain.stage.record import StageRecord
from connector.domain.stage.teardown import EphemeralStage
from lambda_src.clients.state_table import end_rotation, mark_launch, read_record, write_record
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

STANDS_BACK = f"{TORN_DOWN}, so nothing is registered; launch the stage to cancel the teardown"


def ephemeral(session: Session) -> EphemeralStage:
    """This function's stage as one that may be torn down, or `RefusedStage`.

    The function's own guard: it trusts neither the hook nor the plan. A caller that does not name the stage,
    or names another one, is refused too.
    """
    if session.meant != session.stage.name:
        raise RefusedStage(
            f"this is the admin Lambda of stage {session.stage.name!r}, but the teardown was requested for "
            f"{session.meant!r}: nothing was touched"
        )
    return EphemeralStage(session.stage)


def taken_over(session: Session) -> Answer | None:
    """Why the teardown must not continue: a launch has cleared its mark. Each step checks this again."""
    record = read_record(session.aws.table(session.environment.table))
    if record is None or record.retiring:
        return None
    return Answer(
        State.FAILED,
        f"stage {session.stage.name} is no longer marked as being torn down: a launch has begun since, "
        "so nothing more is deleted",
    )


def is_being_torn_down(session: Session) -> bool:
    """Whether a teardown has begun."""
    record = read_record(session.aws.table(session.environment.table))
    return record is not None and record.retiring


def cancel_teardown(session: Session, clock: Clock = time.time) -> Answer:
    """Remove the mark of a teardown, at the beginning of a launch; only a launch may ask for it.

    A rotation of secrets waits from now on, and one that is under way does nothing more: the launch gives the
    workers the secrets itself. The mark comes first.
    """
    if not session.launch:
        return Answer(State.FAILED, "only a launch cancels a teardown; nothing was changed")
    table = session.aws.table(session.environment.table)
    mark_launch(table, clock())
    end_rotation(table, clock())
    record = read_record(table)
    if record is None or not record.retiring:
        return Answer(State.DONE, "no teardown had begun")
    write_record(table, replace(record, retiring=False))
    return Answer(State.DONE, "a teardown had begun; this launch cancels it", changed=True)


def unless_torn_down(use_case: Callable[[Session], Answer]) -> Callable[[Session], Answer]:
    """`use_case`, unless a teardown has begun: a launch cancels one only before it changes a stack."""

    def guarded(session: Session) -> Answer:
        return Answer(State.FAILED, STANDS_BACK) if is_being_torn_down(session) else use_case(session)

    return guarded


def other_cluster(session: Session, record: StageRecord | None, cluster_id: str) -> str | None:
    """Why nothing may be deleted on the current cluster: the record names another one. None when it may."""
    if record is None or not record.cluster_id or record.cluster_id == cluster_id:
        return None
    prefix, stage = session.environment.secret_prefix, session.stage.name
    return (
        f"the configured brokers belong to cluster {cluster_id}, and stage {stage} was registered on cluster "
        f"{record.cluster_id}: nothing was deleted. Put that cluster's broker string back into the secret "
        f"{prefix}/{stage}/brokerString"
    )
