"""`wms-connector restart`, `pause`, `resume`, `stop`, `snapshot`, `acknowledge`, `offsets`: by the Lambda."""

from collections.abc import Callable, Sequence

import click

from connector.aws import account
from connector.aws.admin_function import Clock, NoFunction, invoke
from connector.commands.output import json_option, print_json
from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.capture import signals
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed
from connector.operations.procedure import Overdue, Refused, until_done


def _command(operation: Operation, text: str) -> click.Command:
    """A command that requests one operation and prints the answer."""

    def run(stage_name: str, *, as_json: bool) -> None:
        _print_answer(_request(Stage.parse(stage_name), operation), as_json=as_json)

    argument = click.argument("stage_name", metavar="STAGE")
    return click.command(operation.value, help=text)(argument(json_option(run)))


restart = _command(
    Operation.RESTART,
    "Restart the connector of STAGE and its task, whether they have failed or not. If they have failed, fix "
    "the cause first. This restart does not count as one of the health check's restarts.",
)
pause = _command(
    Operation.PAUSE,
    "Pause the connector of STAGE. After `resume` it continues from its offset, if the database still has "
    "the log. Neither the health check nor a launch resumes it.",
)
resume = _command(Operation.RESUME, "Resume a paused or stopped connector of STAGE from its offset.")
stop = _command(
    Operation.STOP,
    "Stop the connector of STAGE: its task ends; config and offsets stay. Unlike a "
    "pause, it closes the database session.",
)


def _of_tables(run: Callable[..., None]) -> click.Command:
    """A command about tables of a stage."""
    tables = click.option(
        "--table",
        "tables",
        metavar="SCHEMA.TABLE",
        multiple=True,
        help=f"One of {', '.join(signals.TABLES)}; may be given more than once. Default: all of them.",
    )
    return click.command()(click.argument("stage_name", metavar="STAGE")(tables(json_option(run))))


@_of_tables
def snapshot(stage_name: str, tables: tuple[str, ...], *, as_json: bool) -> None:
    """Take a snapshot: the connector of STAGE reads captured tables again.

    Each row arrives as a record with operation r. Changes wait until the snapshot has ended; none is lost.
    The command only sends the signal. A task that has just started may take a minute to receive it:
    `status` shows whether a snapshot is running. If it fails, the connector streams on, and the next
    health check mails it.
    """
    _print_answer(_request_about(stage_name, Operation.SNAPSHOT, tables), as_json=as_json)


@_of_tables
def acknowledge(stage_name: str, tables: tuple[str, ...], *, as_json: bool) -> None:
    """Acknowledge that changes of tables of STAGE are missing on their topics.

    The tables are those that `verify` names under skipped changes; it then reports them no more. If it
    happens again, the health check finds and mails it again. This brings no row back: run `snapshot` before,
    if the topics need the rows.
    """
    _print_answer(_request_about(stage_name, Operation.ACKNOWLEDGE, tables), as_json=as_json)


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
def offsets(stage_name: str, *, as_json: bool) -> None:
    """Show the offsets of the connector of STAGE as JSON: its last stored position in the source."""
    del as_json  # there is no other form
    print_json(_request(Stage.parse(stage_name), Operation.OFFSETS).details["offsets"])


def _request_about(stage_name: str, operation: Operation, tables: Sequence[str]) -> Answer:
    """The answer about tables, whose names are checked before anybody is asked."""
    stage = Stage.parse(stage_name)
    if operation is Operation.ACKNOWLEDGE:
        # A heartbeat table is captured too, in a schema of the DBA's, which only the stage's settings know.
        signals.captured([table for table in tables if not signals.elsewhere(table)])
    else:
        signals.captured(tables)
    return _request(stage, operation, tables)


def _request(stage: Stage, operation: Operation, tables: Sequence[str] = ()) -> Answer:
    """The answer, once it is done; anything else is a `ServerError`."""
    request = Request(operation, stage=stage.name, tables=tuple(tables))
    # What must not be done twice is not asked twice either, when the answer to it is lost.
    port = account.Account(attempts={} if operation.policy.repeatable else {"lambda": 1})
    try:
        return until_done(operation, lambda _: invoke(port, stage, request), Clock(), _show_nothing)
    except NoFunction:
        raise not_deployed(port, stage, "admin function") from None
    except Refused as error:
        raise ServerError(f"{operation.value} {stage.name}: {error}") from None
    except Overdue as error:
        raise ServerError(f"{operation.value} {stage.name}: {error.summary}; run this again") from None


def _show_nothing(line: str) -> None:
    """A command prints the one answer at its end."""


def _print_answer(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json({"changed": answer.changed, "summary": answer.summary, **answer.details})
        return
    click.echo(answer.summary)
