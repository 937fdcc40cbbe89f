"""`wms-connector local up`, `down`, `status`, `env`, `grant`, `demo`: the world as a whole."""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.local import aws
from connector.local import state as states
from connector.local.options import demo_of, directory_option, json_flag, remembered, target, worlds
from connector.operations.confirmation import confirm, yes_option

#: Port 9 is `discard`: nobody listens there.
_NOWHERE = "http://127.0.0.1:9"


@click.command()
@click.option("--enforce-iam", is_flag=True, help="Evaluate IAM policies, as AWS does.")
@directory_option
def up(*, enforce_iam: bool, directory: Path | None) -> None:
    """Start every part that is not running, and create the default secrets.

    The first run assembles the Connect worker and Kafka with Maven. The parts keep running after the command
    has ended. A second run starts only those that have stopped.
    """
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    with console.status("checking prerequisites") as status:

        def report(line: str) -> None:
            console.print(f"  {line}")
            status.update(line)

        world = worlds().up(directory, enforce_iam=enforce_iam, report=report)
    console.print(f"up in {time.monotonic() - began:.1f} s; logs in {world.logs}", soft_wrap=True)
    where = "" if directory is None else f" --directory {shlex.quote(str(directory))}"
    env = f'eval "$(wms-connector local env{where})"'
    then = ", then `sceptre launch foundation`" if world.account_is_new else ""
    console.print(f"next: {env}{then}", soft_wrap=True, markup=False)


@click.command()
@yes_option
@directory_option
def down(*, yes: bool, directory: Path | None) -> None:
    """Stop all parts and workers, and remove the state, after a question: stacks, secrets, topics and rows.

    The embedded AWS lives in memory, so a world cannot be kept over a stop of it: to go on later, leave the
    world up. `wms-connector local stop database` or `stop broker` ends one part and keeps its data.
    """
    place = target(directory)
    if states.load(place) is not None:
        confirm(f"Remove the local world in {place}: its stacks, secrets, topics and rows?", yes=yes)
    if states.load(demo_of(place)) is not None:
        # A demo that was killed could not stop its own.
        worlds().attach(demo_of(place)).down()
        click.echo("stopped the parts that an interrupted demo had left", err=True)
    if states.load(place) is None:
        click.echo("not running", err=True)
        return
    worlds().attach(directory).down()
    click.echo("stopped", err=True)


@click.command()
@json_flag
@directory_option
def status(*, as_json: bool, directory: Path | None) -> None:
    """Show all parts and workers. Exit status 1 if a part is not running."""
    if states.load(target(directory)) is None:
        found: dict[str, Any] = {"running": False}
    else:
        found = worlds().attach(directory).status()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print_status(found)
    if not found["running"]:
        raise SystemExit(1)


@click.command()
@json_flag
@directory_option
def env(*, as_json: bool, directory: Path | None) -> None:
    """Print the environment variables that make `sceptre` and every AWS client use the local world.

    In a shell: eval "$(wms-connector local env)"
    """
    try:
        state = remembered(directory)
    except (OperatorError, OSError):
        if not as_json:
            # For `eval`, which continues after an error: no later command may reach a real account.
            click.echo(f"export AWS_ENDPOINT_URL={_NOWHERE}")
        raise
    variables = aws.client_environment(state.endpoint)
    if as_json:
        click.echo(json.dumps(variables, indent=2))
        return
    click.echo(f"unset {' '.join(aws.FOREIGN)}")
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--heartbeat-table", default="", metavar="SCHEMA.TABLE", help="connector.heartbeat_table of the stage."
)
@directory_option
def grant(*, stage_name: str, heartbeat_table: str, directory: Path | None) -> None:
    """Allow STAGE on the brokers what `broker-script` prints, as the cluster's owner would.

    The named stages are allowed already; an ephemeral stage needs it before its first launch.
    """
    stage = Stage.parse(stage_name)
    worlds().attach(directory).grant(stage, ConnectorSettings(heartbeat_table=heartbeat_table))
    click.echo(f"the brokers allow stage {stage.name} what `wms-connector broker-script` prints", err=True)


@click.command()
def demo() -> None:
    """Launch a stage, change rows, show the records that arrive, and stop everything.

    The demo uses a local world of its own, not the one that `up` starts.
    """
    # Here, because the Kafka client it imports would slow down every other command.
    from connector.local.demo import run_demo  # noqa: PLC0415

    run_demo(demo_of(target(None)), Console(highlight=False))


def _print_status(found: dict[str, Any]) -> None:
    if "aws" not in found:
        click.echo("not running")
        return
    rows = [("embedded AWS", found["aws"]), ("database", found["database"])]
    rows += [(f"broker {name}", part) for name, part in found["brokers"].items()]
    for name, part in rows:
        state = "running" if part["running"] else "stopped"
        click.echo(f"{name:<16} {state:<8} {part['address']:<24} {part['log'] or ''}")
    for task in found["tasks"]:
        # The service has the stage in its name.
        address = f"{task['address'] or task['task'][:8]} {task['service']}"
        click.echo(f"{'worker':<16} {'running':<8} {address:<24} {task['log']}")
