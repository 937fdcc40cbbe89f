"""`wms-connector local`: run AWS, Kafka and a database on this machine."""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.local import aws
from connector.local import state as states
from connector.local.oracle.errors import OracleError
from connector.local.state import WorldState
from connector.local.world import World

_DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="State directory. [default: .local in the checkout]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


#: Port 9 is `discard`: nobody listens there.
_NOWHERE = "http://127.0.0.1:9"


@click.group()
def local() -> None:
    """Run a complete environment on this machine: AWS, Kafka, stand-ins for Oracle and Fargate.

    Everything listens on loopback only and needs neither root nor Docker. State and logs are in .local.
    """


@local.command()
@click.option("--enforce-iam", is_flag=True, help="Evaluate IAM policies, as AWS does.")
@_DIRECTORY
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

        world = World.up(directory, enforce_iam=enforce_iam, report=report)
    console.print(f"up in {time.monotonic() - began:.1f} s; logs in {world.logs}")
    where = "" if directory is None else f" --directory {shlex.quote(str(directory))}"
    console.print(
        f'next: eval "$(wms-connector local env{where})", then `sceptre launch foundation`',
        soft_wrap=True,
        markup=False,
    )


@local.command()
@click.option("--keep", is_flag=True, help="Keep data and logs; the next `up` continues with them.")
@_DIRECTORY
def down(*, keep: bool, directory: Path | None) -> None:
    """Stop all parts and workers, and remove the state."""
    target = _target(directory)
    if states.load(_demo_of(target)) is not None:
        # A demo that was killed could not stop its own.
        World.attach(_demo_of(target)).down()
        click.echo("stopped the parts that an interrupted demo had left", err=True)
    if states.load(target) is None:
        click.echo("not running", err=True)
        return
    World.attach(directory).down(keep=keep)
    click.echo("stopped" + (f"; data and logs are kept in {target}" if keep else ""), err=True)


@local.command()
@_JSON
@_DIRECTORY
def status(*, as_json: bool, directory: Path | None) -> None:
    """Show all parts and workers. Exit status 1 if a part is not running."""
    if states.load(_target(directory)) is None:
        found: dict[str, Any] = {"running": False}
    else:
        found = World.attach(directory).status()
        parts = [found["aws"], found["database"], *found["brokers"].values()]
        found["running"] = all(part["running"] for part in parts)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print_status(found)
    if not found["running"]:
        raise SystemExit(1)


@local.command()
@_JSON
@_DIRECTORY
def env(*, as_json: bool, directory: Path | None) -> None:
    """Print the environment variables that make `sceptre` and every AWS client use the local world.

    In a shell: eval "$(wms-connector local env)"
    """
    try:
        state = _up(directory)
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


@local.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--heartbeat-table", default="", metavar="SCHEMA.TABLE", help="connector.heartbeat_table of the stage."
)
@_DIRECTORY
def grant(*, stage_name: str, heartbeat_table: str, directory: Path | None) -> None:
    """Allow STAGE on the brokers what `broker-script` prints, as the cluster's owner would.

    The named stages are allowed already; an ephemeral stage needs it before its first launch.
    """
    stage = Stage.parse(stage_name)
    World.attach(directory).grant(stage, ConnectorSettings(heartbeat_table=heartbeat_table))
    click.echo(f"the brokers allow stage {stage.name} what `wms-connector broker-script` prints", err=True)


@local.command()
def demo() -> None:
    """Launch a stage, change rows, show the records that arrive, and stop everything.

    The demo uses a local world of its own, not the one that `up` starts.
    """
    # Here, because the Kafka client it imports would slow down every other command.
    from connector.local.demo import run_demo  # noqa: PLC0415

    run_demo(_demo_of(_target(None)), Console(highlight=False))


def _up(directory: Path | None) -> WorldState:
    """The remembered world; raises OperatorError where there is none."""
    state = states.load(_target(directory))
    if state is None:
        raise OperatorError("the local world is not running: run `wms-connector local up`")
    return state


def _demo_of(target: Path) -> Path:
    """Where `demo` keeps its world while it runs."""
    return target / "demo"


def _target(directory: Path | None) -> Path:
    return (directory or states.DEFAULT).resolve()


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
        click.echo(f"{'worker':<16} {'running':<8} {task['task'][:8]:<24} {task['log']}")


class _SqlCommand(click.Command):
    """A statement may begin with a SQL comment, which would be read as an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put such statements last, behind `--`: no option has several lines."""
        statements = [word for word in args if word.startswith("--") and "\n" in word]
        if statements:
            args = [*(word for word in args if word not in statements), "--", *statements]
        return super().parse_args(ctx, args)


@local.command(cls=_SqlCommand)
@click.argument("statement")
@click.option("--commit/--no-commit", default=True, help="Commit a change. [default: commit]")
@_DIRECTORY
@_JSON
def sql(*, statement: str, commit: bool, directory: Path | None, as_json: bool) -> None:
    """Run one SQL statement on the local database, as the WMS application.

    Simple SELECT, INSERT, UPDATE, DELETE and table definitions, for people and tests: a side door, and no
    part of what the connector is proved on. Tables: MMDL and WMS, each with PLAN_BASE_WVR_TBL and
    PLAN_WVR_RVSN_TBL.
    """
    try:
        with World.attach(directory).database.app() as session:
            found = session.run(statement)
            if not commit:
                session.rollback()
    except OracleError as error:
        raise OperatorError(f"{error}") from None
    if as_json:
        click.echo(json.dumps({"changed": found} if isinstance(found, int) else {"rows": found}))
    elif isinstance(found, int):
        click.echo(f"{found} rows changed" if commit else f"{found} rows changed and rolled back")
    else:
        _print_rows(found)


def _print_rows(rows: list[dict[str, str | None]]) -> None:
    table = Table()
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(escape(value) if value is not None else "NULL" for value in row.values()))
    Console(highlight=False).print(table if rows else "no rows")
