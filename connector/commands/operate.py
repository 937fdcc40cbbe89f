"""`wms-connector restart`, `pause`, `resume`, `stop`, `acknowledge`: by the admin Lambda."""

import click

from connector.aws.admin_function import Clock
from connector.commands.output import json_option, print_answer, table_option, to_stderr
from connector.domain import duration
from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.capture import signals
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.admin_request import asker, done
from connector.operations.connected import until_connected
from connector.operations.procedure import Overdue, Refused

_STAGE = click.argument("stage_name", metavar="STAGE")


def _halting(operation: Operation, text: str) -> click.Command:
    """A command that halts the connector."""

    def run(stage_name: str, *, why: str, remind: str | None, as_json: bool) -> None:
        stage = Stage.parse(stage_name)
        seconds = 0 if remind is None else duration.seconds(remind, "--for")
        request = Request(operation, stage=stage.name, why=why, remind_seconds=seconds)
        # Read as the function reads it, so that a mistake is refused before anybody is asked.
        print_answer(done(stage, Request.from_payload(request.to_payload())), as_json=as_json)

    reason = click.option(
        "--why", default="", metavar="TEXT", help="The reason, which status, verify and reminders show."
    )
    until = click.option(
        "--for",
        "remind",
        metavar="DURATION",
        help="When people are reminded of it first, as 2h or 3d; default: a day. Then each day.",
    )
    return click.command(operation.value, help=text)(_STAGE(reason(until(json_option(run)))))


def _starting(operation: Operation, text: str) -> click.Command:
    """A command that makes the connector log in to the database, and waits until it is connected."""

    def run(stage_name: str, *, retry_login: bool, as_json: bool) -> None:
        stage = Stage.parse(stage_name)
        answer = done(stage, Request(operation, stage=stage.name, retry_login=retry_login))
        print_answer(_connected(stage, operation, answer), as_json=as_json)

    option = click.option(
        "--retry-login",
        is_flag=True,
        help="Try once more a login that was refused, as after an account was unlocked. Without it, a "
        "version of a secret that was refused is never tried again.",
    )
    return click.command(operation.value, help=text)(_STAGE(option(json_option(run))))


def _connected(stage: Stage, operation: Operation, answer: Answer) -> Answer:
    """The answer with what the source says then; `ServerError` if it is not connected in time."""
    ask = asker(stage, Request(Operation.CONNECTED, stage=stage.name))
    try:
        found = until_connected(ask, Clock(), to_stderr)
    except (Refused, Overdue) as error:
        said = error.summary if isinstance(error, Overdue) else str(error)
        raise ServerError(
            f"{operation.value} {stage.name}: {answer.summary}, but the source is not connected: {said}; see "
            f"`wms-connector verify {stage.name}`"
        ) from None
    details = {**answer.details, **found.details}
    return Answer(
        found.state, f"{answer.summary.partition(':')[0]}: {found.summary}", answer.changed, details
    )


restart = _starting(
    Operation.RESTART,
    "Restart the connector of STAGE and its task, whether they have failed or not, and wait until the source "
    "is connected. If they have failed, fix the cause first. This restart does not count as one of the "
    "health check's restarts.",
)
pause = _halting(
    Operation.PAUSE,
    "Pause the connector of STAGE. After `resume` it continues from its offset, if the database still has "
    "the log. Neither the health check nor a launch resumes it; people are reminded by mail.",
)
resume = _starting(
    Operation.RESUME,
    "Resume a paused or stopped connector of STAGE from its offset, and wait until the source is connected.",
)
stop = _halting(
    Operation.STOP,
    "Stop the connector of STAGE: its task ends; config and offsets stay. Unlike a "
    "pause, it closes the database session.",
)


@click.command()
@_STAGE
@table_option
@json_option
def acknowledge(stage_name: str, tables: tuple[str, ...], *, as_json: bool) -> None:
    """Acknowledge that changes of tables of STAGE are missing on their topics.

    The tables are those that `verify` names under skipped changes; it then reports them no more. If it
    happens again, the health check finds and mails it again. This brings no row back: run `snapshot` before,
    if the topics need the rows.
    """
    stage = Stage.parse(stage_name)
    # A heartbeat table is captured too, in a schema of the DBA's, which only the stage's settings know.
    signals.captured([table for table in tables if not signals.elsewhere(table)])
    answer = done(stage, Request(Operation.ACKNOWLEDGE, stage=stage.name, tables=tables))
    print_answer(answer, as_json=as_json)
