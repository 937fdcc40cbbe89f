"""`wms-connector offsets`: the connector's position in its source, shown, saved, restored or deleted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from connector.commands.output import (
    file_name,
    json_option,
    print_answer,
    print_json,
    read_text,
    to_stderr,
    write_files,
)
from connector.domain.admin_api import Operation, Request
from connector.domain.capture.offsets import Backup
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.operations.admin_request import done
from connector.operations.confirmation import confirm, yes_option

_ACTIONS = ("show", "backup", "restore", "reset")


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.argument("action", type=click.Choice(_ACTIONS), default="show")
@click.argument("source", metavar="[FILE]", type=click.File("rb"), required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The directory for the backup; default: the current one.",
)
@click.option("--position-checked", is_flag=True, help="The DBA has confirmed that the redo log is there.")
@yes_option
@json_option
def offsets(
    stage_name: str,
    action: str,
    source: IO[bytes] | None,
    *,
    out: Path,
    position_checked: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show, back up, restore or reset the offsets of the connector of STAGE: its position in the source.

    \b
    show           print them as JSON
    backup         write them to a file
    restore FILE   go back (or on) to the position in a backup
    reset          forget the position: the next start begins with the initial snapshot

    restore and reset say what they mean and ask. Then they stop the connector, write a backup, and change the
    offsets. The connector stays stopped; the last line says how to start it.
    """  # noqa: D301 - click's mark is the character itself, and a raw text has none
    stage = Stage.parse(stage_name)
    if (source is not None) != (action == "restore"):
        raise OperatorError("FILE is the backup to restore: offsets STAGE restore FILE")
    if action == "show":
        print_json(done(stage, Request(Operation.OFFSETS, stage=stage.name)).details["offsets"])
        return
    if action == "backup":
        click.echo(_backup(stage, out))
        return
    request = Request(Operation.OFFSETS_RESET, stage=stage.name)
    if source is not None:
        backup = Backup.from_text(read_text(source, "FILE"))
        if (backup.stage, backup.connector) != (stage.name, CONNECTOR):
            raise OperatorError(
                f"{file_name(source)} is a backup of {backup.connector} of stage {backup.stage}"
            )
        request = Request(
            Operation.OFFSETS_RESTORE,
            stage=stage.name,
            offsets=tuple(backup.offsets),
            position_checked=position_checked,
        )
    _say_and_ask(stage, request, yes=yes)
    done(stage, Request(Operation.OFFSETS_STOP, stage=stage.name), show=to_stderr)
    to_stderr(f"backup: {_backup(stage, out)}")
    print_answer(done(stage, request, show=to_stderr), as_json=as_json)


def _say_and_ask(stage: Stage, request: Request, *, yes: bool) -> None:
    """What the change means, before anything is stopped; refused where it would lose the position."""
    looking = Request(Operation.OFFSETS, stage=stage.name, offsets=request.offsets)
    told = done(stage, looking).details
    if told.get("refusal"):
        raise ServerError(f"{request.operation.value} {stage.name}: {told['refusal']}; nothing was changed")
    to_stderr(f"{told['meaning']}. The connector is stopped for it, and stays stopped.")
    if told.get("doubt") and not request.position_checked:
        raise OperatorError(f"{told['doubt']}; nothing was changed: if it has, add --position-checked")
    confirm("Continue?", yes=yes)


def _backup(stage: Stage, directory: Path) -> Path:
    """Write the offsets to a new file; its path."""
    now = datetime.now(UTC)
    found = done(stage, Request(Operation.OFFSETS, stage=stage.name)).details["offsets"]
    backup = Backup(stage.name, CONNECTOR, now.isoformat(timespec="seconds"), found)
    path = directory / f"offsets-{stage.name}-{now:%Y%m%dT%H%M%S%fZ}.json"
    write_files({path: backup.to_text()}, "--out")
    return path
