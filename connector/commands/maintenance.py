"""`wms-connector maintenance`: hold mails and restarts while somebody works on the stage or its database."""

from dataclasses import replace
from datetime import UTC, datetime

import click

from connector.aws import account, calls
from connector.aws.admin_function import Clock
from connector.commands.output import json_option, print_answer, print_json, to_stderr, waiting
from connector.domain import duration
from connector.domain.admin_api import Operation, Request
from connector.domain.errors import OperatorError
from connector.domain.health.maintenance_window import MOST_DAYS, WindowRequest
from connector.domain.stage.stage import Stage
from connector.operations.admin_request import asker, done
from connector.operations.connected import until_connected
from connector.operations.health_check import health_check
from connector.operations.procedure import Overdue, Refused

_STAGE = click.argument("stage_name", metavar="STAGE")


@click.group()
def maintenance() -> None:
    """Hold the mails and restarts of a stage for a while, which ends by itself.

    What loses changes if it waits is mailed all the same, and so are the alarms that CloudWatch mails by
    itself. A refused login stops the connector as ever.
    """


@maintenance.command()
@_STAGE
@click.option(
    "--for", "length", required=True, metavar="DURATION", help="How long, as 30m, 4h or 1d; at most 3d."
)
@click.option("--why", required=True, metavar="TEXT", help="The reason, which status and the summary show.")
@click.option(
    "--pause",
    is_flag=True,
    help="Stop the connector meanwhile: its task ends, and so does its database session; its offsets stay.",
)
@json_option
def start(stage_name: str, length: str, why: str, *, pause: bool, as_json: bool) -> None:
    """Open a maintenance window of STAGE; if one is open, it ends so long from now.

    Mails that would have been sent are kept, and no restart is made. At the end the health check makes what
    is due, resumes what --pause has stopped unless somebody has changed that, and mails one summary. Refused
    if the database keeps its archived log for less than the window, or if that is not known.
    """
    stage, seconds = Stage.parse(stage_name), duration.seconds(length, "--for", MOST_DAYS)
    if not why.strip():
        raise OperatorError("--why is empty: say what the window is for")
    window = WindowRequest(seconds, pause=pause)
    request = Request(Operation.MAINTENANCE_START, stage=stage.name, why=why, window=window)
    # Read as the function reads it, so that a mistake is refused before anybody is asked.
    request = Request.from_payload(request.to_payload())
    answer = done(stage, replace(request, window=replace(window, by=_caller())))
    print_answer(answer, as_json=as_json)


@maintenance.command()
@_STAGE
@json_option
@click.pass_context
def end(context: click.Context, stage_name: str, *, as_json: bool) -> None:
    """End the maintenance window of STAGE now, and mail its summary.

    Resumes what the window has stopped and waits until the source is connected. Then a health check looks at
    the stage and mails the summary. Exit status 1 if the check finds a problem.
    """
    stage = Stage.parse(stage_name)
    answer = done(stage, Request(Operation.MAINTENANCE_END, stage=stage.name))
    if not answer.changed:
        print_answer(answer, as_json=as_json)
        return
    if answer.details.get("resumed"):
        try:
            until_connected(asker(stage, Request(Operation.CONNECTED, stage=stage.name)), Clock(), to_stderr)
        except (Refused, Overdue) as error:
            # The summary says it, and so does this command.
            to_stderr(f"resumed, but the source is not connected: {error}")
    with waiting(f"{stage.name}: the health check runs; it takes up to a minute"):
        found = health_check(stage)
    summary = f"{answer.summary}; {found.get('maintenance', 'no summary was mailed')}"
    if as_json:
        print_json({"stage": stage.name, "changed": True, "summary": summary, "check": found})
    else:
        click.echo(f"{summary}. The check: {found.get('summary', '')}")
    context.exit(0 if found["healthy"] and not answer.details.get("halt_error") else 1)


@maintenance.command()
@_STAGE
@json_option
def show(stage_name: str, *, as_json: bool) -> None:
    """Show the maintenance window of STAGE and the mails that it holds. Nothing is changed."""
    stage = Stage.parse(stage_name)
    answer = done(stage, Request(Operation.MAINTENANCE_SHOW, stage=stage.name))
    if as_json:
        print_json({"stage": stage.name, **answer.details})
        return
    click.echo(answer.summary)
    for mail in answer.details.get("held", ()):
        click.echo(f"{datetime.fromtimestamp(mail['at'], UTC):%Y-%m-%d %H:%M} UTC  {mail['subject']}")


def _caller() -> str:
    """Who runs this, as AWS knows them: the last part of the ARN, without the account."""
    with calls.errors():
        identity = account.Account().call("sts", "get_caller_identity")
    return str(identity.get("Arn", "")).rpartition(":")[2]
