"""`wms-connector backup`: the backups of a stage in the artifact bucket, written, listed, shown, restored."""

from typing import Any

import click

from connector.commands.output import json_option, print_answer, print_json, print_table, to_stderr
from connector.domain.admin_api import Operation, Request
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.backup import check_id, prefix, reason_of, taken_at
from connector.domain.stage.stage import Stage
from connector.operations import rebuilding
from connector.operations.admin_request import done
from connector.operations.confirmation import confirm, yes_option

_STAGE = click.argument("stage_name", metavar="STAGE")
_ID = click.argument("identifier", metavar="[ID]", default="")


@click.group()
def backup() -> None:
    """Write, list, show and restore the backups of a stage.

    A backup holds the connector's offsets and config, the schema history and the stage record: no row, no
    secret. main, val and production are backed up daily by the health check, and before each change of
    workers, config or offsets. Backups stay 90 days in the artifact bucket.
    """


@backup.command(name="list")
@_STAGE
@json_option
def list_(stage_name: str, *, as_json: bool) -> None:
    """List the backups of STAGE, the newest first."""
    found = _done(_backed_up(stage_name), Operation.BACKUP_LIST)["backups"]
    listed = [
        {"id": each, "taken_at": f"{taken_at(each):%Y-%m-%dT%H:%M:%SZ}", "reason": reason_of(each)}
        for each in found
    ]
    if as_json:
        print_json(listed)
    else:
        rows = [tuple(each.values()) for each in listed]
        print_table(f"Backups of {stage_name}", rows, headers=("id", "taken", "why"))


@backup.command()
@_STAGE
@_ID
@json_option
def show(stage_name: str, identifier: str, *, as_json: bool) -> None:
    """Show what backup ID of STAGE holds, and what restoring it would mean now.

    Without ID: the newest with a position and a schema history, which is what `restore` takes.
    """
    found = _done(_backed_up(stage_name), Operation.BACKUP_SHOW, backup=_known(identifier))
    if as_json:
        print_json(found)
        return
    record = found["record"] or {}
    rows = [
        ("taken", f"{found['taken_at']} ({found['reason']})"),
        *(("offset", _offset(pair)) for pair in found["offsets"]),
        ("schema history", f"{found['history_records']} records"),
        ("config", f"{len(found['config'])} keys"),
        ("stage record", f"cluster {record['cluster_id']}" if record else "none"),
        ("restoring it", found["refusal"] or found["meaning"]),
        *([("not known", found["doubt"])] if found["doubt"] else []),
    ]
    print_table(f"Backup {found['id']} of {stage_name}", rows)


@backup.command()
@_STAGE
@json_option
def take(stage_name: str, *, as_json: bool) -> None:
    """Write a backup of STAGE now."""
    stage = _backed_up(stage_name)
    print_answer(done(stage, Request(Operation.BACKUP, stage=stage.name)), as_json=as_json)


@backup.command()
@_STAGE
@_ID
@click.option("--position-checked", is_flag=True, help="The DBA has confirmed that the redo log is there.")
@yes_option
@json_option
def restore(stage_name: str, identifier: str, *, position_checked: bool, yes: bool, as_json: bool) -> None:
    """Write schema history and offsets of backup ID of STAGE back.

    Without ID: the newest with both. It says what that means and asks. Then it writes a backup of what there
    is, stops the connector, or creates it stopped if it is missing, writes the history that is missing on its
    topic, and the offsets. The connector stays stopped; the last line says how to start it. A topic with
    another history is left alone.
    """
    stage = _backed_up(stage_name)
    found = _done(stage, Operation.BACKUP_SHOW, backup=_known(identifier))
    if found["refusal"]:
        raise ServerError(f"backup restore {stage.name}: {found['refusal']}; nothing was changed")
    if found["doubt"] and not position_checked:
        raise OperatorError(f"{found['doubt']}; nothing was changed: if it has, add --position-checked")
    to_stderr(
        f"backup {found['id']}: {found['meaning']}. The connector is stopped for it, and stays stopped."
    )
    confirm("Continue?", yes=yes)
    rebuilding.save_present(stage, to_stderr)
    request = Request(
        Operation.BACKUP_RESTORE, stage=stage.name, backup=found["id"], position_checked=position_checked
    )
    print_answer(done(stage, request, show=to_stderr), as_json=as_json)


def _backed_up(name: str) -> Stage:
    """The stage; `OperatorError` for one that has no backups."""
    stage = Stage.parse(name)
    prefix(stage)
    return stage


def _known(identifier: str) -> str:
    return check_id(identifier) if identifier else ""


def _done(stage: Stage, operation: Operation, **more: Any) -> dict[str, Any]:
    return dict(done(stage, Request(operation, stage=stage.name, **more)).details)


def _offset(pair: dict[str, Any]) -> str:
    """An offset in one line: of Debezium its SCN."""
    offset = pair["offset"]
    return ", ".join(f"{key} {offset[key]}" for key in sorted(offset) if offset[key] is not None)
