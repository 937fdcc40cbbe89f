"""Rebuild a stage: ask what is lost, then have the admin function do one step after the other."""

from collections.abc import Callable, Mapping
from typing import Any

from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.errors import ServerError
from connector.domain.stage.backup import Reason
from connector.domain.stage.loss import FROM_SNAPSHOT, Loss, Means
from connector.domain.stage.stage import Stage
from connector.operations import registration
from connector.operations.admin_request import asker, done
from connector.operations.signs import Show

#: The details of the answer to LOSSES.
Found = Mapping[str, Any]


def look(stage: Stage, *, backup: str, from_snapshot: bool) -> Found:
    """What is lost, what that costs, and how it would be rebuilt. Changes nothing."""
    confirmed = (FROM_SNAPSHOT,) if from_snapshot else ()
    request = Request(Operation.LOSSES, stage=stage.name, backup=backup, confirmed=confirmed)
    return done(stage, request).details


def rebuild(stage: Stage, found: Found, *, position_checked: bool, show: Show) -> None:
    """Carry the plan out; raises `ServerError` for the first step that is refused or takes too long.

    Each step looks whether it is done already, so the same command goes on after an interruption.
    """
    workers = found["desired_count"] or None

    def step(operation: Operation, **more: Any) -> Answer:
        return done(stage, Request(operation, stage=stage.name, **more), show=show)

    save_present(stage, show)
    if found["write_record"]:
        step(Operation.RESTORE_RECORD, backup=found["backup"])
    if found["end_workers"]:
        step(Operation.END_WORKERS)
    step(Operation.READY, desired_count=workers)
    if found["means"] == Means.BACKUP:
        step(Operation.BACKUP_RESTORE, backup=found["backup"], position_checked=position_checked)
        _resume(found, step)
    elif found["means"] == Means.SNAPSHOT and found["connector"] and Loss.HISTORY in found["losses"]:
        # With a position and without a history the task would fail.
        step(Operation.OFFSETS_STOP)
        step(Operation.OFFSETS_RESET)
        _resume(found, step)

    def ask(operation: Operation) -> Answer:
        return asker(stage, Request(operation, workers, stage=stage.name))(operation)

    registration.register(ask, Clock(), show)


def _resume(found: Found, step: Callable[[Operation], Answer]) -> None:
    """Let the connector run again that was stopped for this, unless its config says that it rests."""
    if found["state"] == "running":
        step(Operation.RESUME)


def save_present(stage: Stage, show: Show) -> None:
    """Write a backup of what there is, as far as there is something; the change goes on without it too."""
    try:
        answer = done(stage, Request(Operation.BACKUP, stage=stage.name, why=Reason.RESTORE.value))
        show(answer.summary)
    except ServerError as error:
        show(f"no backup of what there is now: {error}")
