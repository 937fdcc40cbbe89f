"""`wms-connector rotate`: give the workers of a stage a changed secret, or say what that would do."""

import click

from connector.aws import account
from connector.aws.admin_function import Clock, NoFunction, invoke
from connector.commands.output import json_option, print_json
from connector.domain.admin_api import Answer, Operation, Request
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed
from connector.operations.procedure import Overdue, Refused, until_done


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--check", is_flag=True, help="Only say what would happen: no login is tried, nothing changed.")
@click.option(
    "--retry-login",
    is_flag=True,
    help="Try once more what was refused or has failed, as after the DBA has unlocked the account.",
)
@json_option
def rotate(stage_name: str, *, check: bool, retry_login: bool, as_json: bool) -> None:
    """Give the workers of STAGE the secrets as they are now.

    The health check does that by itself when a secret changes; this command does it now and waits. The new
    login is tried once, before anything is touched. If it is refused, the workers go on with what they have.
    Exit status 0 only if the connector streams with the secrets as they are now; with --check, if the check
    could be made.
    """
    stage = Stage.parse(stage_name)
    if check and retry_login:
        raise click.UsageError(
            "--check tries no login, so --retry-login means nothing with it; give one of them"
        )
    operation = Operation.ROTATE_CHECK if check else Operation.ROTATE
    answer = _asked(stage, operation, retry_login=retry_login, quiet=as_json or check)
    if as_json:
        print_json({"changed": answer.changed, "summary": answer.summary, **answer.details})
    else:
        click.echo(answer.summary)


def _asked(stage: Stage, operation: Operation, *, retry_login: bool, quiet: bool) -> Answer:
    """The last answer, once it is done; anything else is a `ServerError`. What was refused is tried once."""
    port = account.Account()
    again = iter([retry_login])

    def ask(_: Operation) -> Answer:
        request = Request(operation, stage=stage.name, retry_login=next(again, False))
        return invoke(port, stage, request)

    def show(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    try:
        return until_done(operation, ask, Clock(), show)
    except NoFunction:
        raise not_deployed(port, stage, "admin function") from None
    except Refused as error:
        raise ServerError(f"{operation.value} {stage.name}: {error}") from None
    except Overdue as error:
        raise ServerError(f"{operation.value} {stage.name}: {error.summary}; run this again") from None
