"""`wms-connector secret-script`: the commands that create and update a stage's secrets."""

import click

from connector.commands.output import json_option, print_json
from connector.domain.secrets import fallback
from connector.domain.secrets.commands import PATTERNS, commands
from connector.domain.stage.stage import Stage


@click.command("secret-script")
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--secret",
    "names",
    multiple=True,
    metavar="NAME",
    help=f"One of {', '.join(PATTERNS)}; may be given more than once. Default: all of them.",
)
@click.option("--shared", is_flag=True, help="For all stages that have none of their own: the default paths.")
@click.option(
    "--secret-prefix",
    default=fallback.DEFAULT_PREFIX,
    show_default=True,
    help="First part of secret paths: secret_prefix in config/config.yaml.",
)
@json_option
def secret_script(
    stage_name: str, names: tuple[str, ...], secret_prefix: str, *, shared: bool, as_json: bool
) -> None:
    """Print the commands of the AWS CLI that create and update the secrets of STAGE.

    Put in what stands in angle brackets. Confidential values go through a file that only you can read, and
    are on no command line. This command connects to nothing; a launch checks every secret before it changes
    anything.
    """
    fallback.check_prefix(secret_prefix)
    found = commands(Stage.parse(stage_name), secret_prefix, names, shared=shared)
    if as_json:
        print_json(
            [{**vars(each), "create": list(each.create), "update": list(each.update)} for each in found]
        )
        return
    click.echo("\n\n".join("\n".join(each.lines()) for each in found))
