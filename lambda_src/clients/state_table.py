"""The items of the state table: the stage record, and those that several runs change at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError

from connector.domain.errors import ServerError
from connector.domain.health.budget import BUDGET_KEY, Budget
from connector.domain.health.halt import HALT_KEY, Halt
from connector.domain.health.maintenance_window import MAINTENANCE_KEY, Window
from connector.domain.health.refused import REFUSED_KEY, RefusedCredentials, RefusedVersion
from connector.domain.health.rotation_state import ROTATION_KEY, Rotation
from connector.domain.health.state import STATE_KEY, HealthState
from connector.domain.health.validation_mark import VALIDATION_KEY, ValidationMark
from connector.domain.reconcile.run import RUN_KEY, ComparisonItem
from connector.domain.stage.launch_mark import LAUNCH_KEY, launch_began, launch_item
from connector.domain.stage.record import RECORD_KEY, StageRecord
from lambda_src.clients.aws import aws_errors

#: How often an item is written at most, while other runs change it.
_ATTEMPTS = 5


class Table(Protocol):
    """The part of boto3's DynamoDB table that is used here; its partition key is the text `id`."""

    def get_item(self, *, Key: dict[str, str], ConsistentRead: bool) -> Any: ...  # noqa: N803
    def put_item(self, *, Item: dict[str, Any], **condition: Any) -> Any: ...  # noqa: N803


def read_record(table: Table) -> StageRecord | None:
    """The record, or None when the stage has never been registered."""
    with aws_errors("reading the stage record"):
        item = table.get_item(Key={"id": RECORD_KEY}, ConsistentRead=True).get("Item")
    return None if item is None else StageRecord.from_item(item)


def write_record(table: Table, record: StageRecord) -> None:
    """Replace the record."""
    with aws_errors("writing the stage record"):
        table.put_item(Item=record.to_item())


def read_item(table: Table, key: str) -> Mapping[str, Any] | None:
    """The item called `key`, as it is now; None when there is none."""
    with aws_errors(f"reading {key} in the state table"):
        item: Mapping[str, Any] | None = table.get_item(Key={"id": key}, ConsistentRead=True).get("Item")
    return item


def replace_item(table: Table, item: Mapping[str, Any], *, replaced_version: Sequence[Any] = ()) -> bool:
    """Write an item one `version` on, by one conditional write; False when another run was faster.

    `replaced_version` holds the version that was read if this function cannot have written it.
    """
    version = int(item["version"])
    names = {"ExpressionAttributeNames": {"#version": "version"}}
    # The condition is on the version, not the item: an item without a version could never be replaced.
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#version)", **names}
    if replaced_version or version > 1:
        read = replaced_version[0] if replaced_version else version - 1
        condition = {
            "ConditionExpression": "#version = :read",
            "ExpressionAttributeValues": {":read": read},
            **names,
        }
    with aws_errors(f"writing {item['id']} in the state table"):
        try:
            table.put_item(Item=dict(item), **condition)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
                return False
            raise
    return True


def read_budget(table: Table) -> Budget:
    """The restart budget; a full one when nothing was ever restarted."""
    item = read_item(table, BUDGET_KEY)
    return Budget() if item is None else Budget.from_item(item)


def claim_restart(table: Table, budget: Budget, now: float) -> bool:
    """Claim one restart of the budget as it was read; False when another run has changed it since."""
    return replace_item(table, budget.claimed(now).to_item())


def read_health_state(table: Table) -> HealthState:
    """What the last health check, or an event since then, has stored; empty when there was none."""
    item = read_item(table, STATE_KEY)
    return HealthState() if item is None else HealthState.from_item(item)


def read_refused(table: Table) -> RefusedCredentials:
    """The versions of secrets with which a login was refused."""
    item = read_item(table, REFUSED_KEY)
    return RefusedCredentials() if item is None else RefusedCredentials.from_item(item)


def remember_refused(table: Table, found: Iterable[RefusedVersion]) -> RefusedCredentials:
    """Add versions to those that were refused; what is remembered then. `ServerError` when it cannot."""
    found = tuple(found)
    return _change_refused(table, lambda known: known.remembering(found))


def forget_refused(table: Table, in_force: Mapping[str, str]) -> RefusedCredentials:
    """Let the versions in force (path -> version id) be tried again, as an operator wants."""
    return _change_refused(table, lambda known: known.forgetting(in_force))


def _change_refused(
    table: Table, change: Callable[[RefusedCredentials], RefusedCredentials]
) -> RefusedCredentials:
    for _ in range(_ATTEMPTS):
        known = read_refused(table)
        changed = change(known)
        if changed is known or replace_item(
            table, changed.to_item(), replaced_version=known.replaced_version
        ):
            return changed
    raise ServerError(f"other runs changed {REFUSED_KEY} {_ATTEMPTS} times; nothing was remembered")


def read_halt(table: Table) -> Halt:
    """Who has halted the connector; without `by` if nobody has."""
    item = read_item(table, HALT_KEY)
    return Halt() if item is None else Halt.from_item(item)


def write_halt(table: Table, read: Halt, **halt: Any) -> bool:
    """Replace the halt that was read; without values it is ended. False if another run was faster."""
    return replace_item(table, read.next(**halt).to_item(), replaced_version=read.replaced_version)


def read_window(table: Table) -> Window:
    """The maintenance window, or that there is none."""
    item = read_item(table, MAINTENANCE_KEY)
    return Window() if item is None else Window.from_item(item)


def change_window(table: Table, change: Callable[[Window], Window | None]) -> Window | None:
    """Write what `change` makes of the window; the window before, None if `change` wants nothing written."""
    for _ in range(_ATTEMPTS):
        window = read_window(table)
        wanted = change(window)
        if wanted is None:
            return None
        if replace_item(table, wanted.to_item(), replaced_version=window.replaced_version):
            return window
    raise ServerError(f"other runs changed {MAINTENANCE_KEY} {_ATTEMPTS} times; it was not changed")


def read_rotation(table: Table) -> Rotation:
    """The rotation of secrets that is under way, and how the last one ended."""
    item = read_item(table, ROTATION_KEY)
    return Rotation() if item is None else Rotation.from_item(item)


def end_rotation(table: Table, now: float) -> bool:
    """Let a rotation that is under way do nothing more; whether one was."""
    for _ in range(_ATTEMPTS):
        found = read_rotation(table)
        ended = found.superseded(now)
        if ended is found:
            return False
        if replace_item(table, ended.to_item(), replaced_version=found.replaced_version):
            return True
    raise ServerError(f"other runs changed {ROTATION_KEY} {_ATTEMPTS} times; it goes on")


def read_launch(table: Table) -> float:
    """When a launch has begun that has not ended, in seconds since 1970; 0 if none has."""
    return launch_began(read_item(table, LAUNCH_KEY))


def mark_launch(table: Table, at: float) -> None:
    """Write that a launch has begun at `at`, in seconds since 1970."""
    with aws_errors("marking a launch in the state table"):
        table.put_item(Item=launch_item(at))


def end_launch(table: Table) -> None:
    """Write that the launch has ended, if one has begun."""
    if read_launch(table):
        mark_launch(table, 0)


def read_validation(table: Table) -> ValidationMark:
    """When a config was validated with the worker's own credentials last."""
    item = read_item(table, VALIDATION_KEY)
    return ValidationMark() if item is None else ValidationMark.from_item(item)


def write_validation(table: Table, mark: ValidationMark) -> None:
    """Replace that."""
    with aws_errors("marking a validation in the state table"):
        table.put_item(Item=mark.to_item())


def read_run(table: Table) -> ComparisonItem:
    """The comparison of source and topics that is under way, if one is."""
    item = read_item(table, RUN_KEY)
    return ComparisonItem() if item is None else ComparisonItem.from_item(item)
