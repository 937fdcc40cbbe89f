"""`wms-connector snapshot`: let the connector read captured tables again."""

import uuid

import click

from connector.aws.admin_function import Clock
from connector.commands.output import json_option, print_answer, table_option, to_stderr
from connector.domain.admin_api import Operation, Request
from connector.domain.capture import signals
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.operations import snapshot_wait
from connector.operations.admin_request import asker, done


@click.command()
@click.argument("stage_name", metavar="STAGE")
@table_option
@click.option(
    "--where", default="", metavar="CONDITION", help="Only rows of the one --table for which this holds."
)
@click.option("--wait", is_flag=True, help="Show progress, and end when the snapshot has ended.")
@json_option
def snapshot(stage_name: str, tables: tuple[str, ...], *, where: str, wait: bool, as_json: bool) -> None:
    """Take a snapshot: the connector of STAGE reads captured tables again.

    Each row arrives as a record with operation r. Changes wait until the snapshot has ended; none is lost.
    A task that has just started may take a minute to receive the signal. With --wait, a signal that no task
    has received is sent once more; without it, `status` shows whether a snapshot runs. If it fails, the
    connector streams on, and the next health check mails it.

    CONDITION is SQL, as SYS_ADD_TS > SYSDATE - 1. Debezium writes it into the worker's log: put no personal
    data into it.
    """
    stage = Stage.parse(stage_name)
    signals.captured(tables)
    if where and len(tables) != 1:
        raise OperatorError("--where is about the rows of one table: give exactly one --table")
    wanted = SnapshotRequest(str(uuid.uuid4()), where)
    request = Request(Operation.SNAPSHOT, stage=stage.name, tables=tables, snapshot=wanted)
    answer = done(stage, request)
    if wait:
        to_stderr(answer.summary)
        answer = snapshot_wait.until_ended(
            request, answer, lambda sent: asker(stage, sent)(sent.operation), Clock(), to_stderr
        )
    print_answer(answer, as_json=as_json)
