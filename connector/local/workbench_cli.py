"""`wms-connector local sql`, `insert`, `consume`, `mails`, `stop`, `start`, `broker add`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.local import aws, mailbox, schema
from connector.local.options import directory_option, json_flag, worlds
from connector.local.oracle.errors import OracleError
from connector.local.processes import Process

if TYPE_CHECKING:
    from connector.local.database import LocalDatabase
    from connector.local.world import World

_TABLES = tuple(f"{name}.{table}" for name, table in schema.TABLES)
#: What can be stopped and started. Further clusters are `broker/NAME`.
_AWS, _DATABASE, _BROKER = "aws", "database", "broker"


class _SqlCommand(click.Command):
    """A statement may begin with a SQL comment, which would be read as an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put such statements last, behind `--`: no option has several lines."""
        statements = [word for word in args if word.startswith("--") and "\n" in word]
        if statements:
            args = [*(word for word in args if word not in statements), "--", *statements]
        return super().parse_args(ctx, args)


@click.command(cls=_SqlCommand)
@click.argument("statement")
@click.option("--commit/--no-commit", default=True, help="Commit a change. [default: commit]")
@directory_option
@json_flag
def sql(*, statement: str, commit: bool, directory: Path | None, as_json: bool) -> None:
    """Run one SQL statement on the local database, as the WMS application.

    Simple SELECT, INSERT, UPDATE, DELETE and table definitions, for people and tests: a side door, and no
    part of what the connector is proved on. Tables: MMDL and WMS, each with PLAN_BASE_WVR_TBL and
    PLAN_WVR_RVSN_TBL.
    """
    try:
        with _database(worlds().attach(directory)).app() as session:
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
    from rich.console import Console  # noqa: PLC0415 - slow to import, and only some commands print a table
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(escape(value) if value is not None else "NULL" for value in row.values()))
    Console(highlight=False).print(table if rows else "no rows")


@click.command()
@click.argument("table", metavar="[SCHEMA.TABLE]", required=False)
@click.option(
    "--rows", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="Rows for a table."
)
@click.option(
    "--set", "given", multiple=True, metavar="COLUMN=VALUE", help="A value instead of an invented one."
)
@directory_option
def insert(*, table: str | None, rows: int, given: tuple[str, ...], directory: Path | None) -> None:
    """Insert believable rows, as the WMS application would, in one transaction for each table.

    Without a table: into all four. Prints the keys of the new rows.
    """
    columns = dict(map(_column, given))
    names = _TABLES if table is None else (_table(table),)
    database = _database(worlds().attach(directory))
    for name in names:
        owner, _, bare = name.partition(".")
        try:
            keys = database.insert(owner, bare, rows, **columns)
        except OracleError as error:
            raise OperatorError(f"{name}: {error}") from None
        shown = f"{keys[0]}" if rows == 1 else f"{keys[0]} to {keys[-1]}"
        click.echo(f"{name}: {rows} {'row' if rows == 1 else 'rows'}, {schema.key(bare)} {shown}")


def _table(text: str) -> str:
    """One of the four tables, however it was written; raises OperatorError with all of them."""
    if text.upper() not in _TABLES:
        raise OperatorError(f"{text!r} is no captured table; tables: {', '.join(_TABLES)}")
    return text.upper()


def _column(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise OperatorError(f"--set {text!r} is not COLUMN=VALUE; for example --set STATE_CD=NY")
    return name.strip().upper(), value


@click.command()
@click.argument("topic")
@click.option(
    "--broker", "cluster", default="default", show_default=True, metavar="NAME", help="Whose cluster."
)
@click.option("--follow", "-f", is_flag=True, help="Go on with new records until Ctrl-C.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the last N records that are there.")
@json_flag
@directory_option
def consume(
    *, topic: str, cluster: str, follow: bool, last: int | None, as_json: bool, directory: Path | None
) -> None:
    """Read TOPIC from its beginning, as the cluster's owner: committed records, without a consumer group.

    Without --follow it ends at the topic's end. With --json each record is an object on a line of its own.
    """
    from connector.local import records  # noqa: PLC0415 - the Kafka client is slow to import

    found = _cluster(worlds().attach(directory), cluster)
    _needs(found.process, _BROKER if cluster == "default" else f"{_BROKER}/{cluster}")
    bootstrap = found.bootstrap
    try:
        for record in records.read(bootstrap, topic, follow=follow, last=last):
            click.echo(json.dumps(record.to_json(), ensure_ascii=False) if as_json else record.line())
    except KeyboardInterrupt:
        # The way to end --follow.
        return


@click.command()
@click.option("--confirm", is_flag=True, help="Follow the links in the mails that ask for a confirmation.")
@click.option("--full", is_flag=True, help="Print the whole mails, not only their subjects.")
@json_flag
@directory_option
def mails(*, confirm: bool, full: bool, as_json: bool, directory: Path | None) -> None:
    """Show the mails that AWS would have sent, the oldest first.

    An address gets mails once it is confirmed: until then `verify` names it. --confirm does what the owners
    of the addresses would do.
    """
    world = worlds().attach(directory)
    _needs(world.state.aws, _AWS)
    place = world.state.directory
    if confirm:
        confirmed = mailbox.confirm(place, world.account.client("sns"))
        click.echo(f"confirmed: {', '.join(confirmed) or 'nothing; no address waits'}", err=True)
    waiting = mailbox.pending(place, world.account.client("sns"))
    found = mailbox.mails(place)
    if as_json:
        click.echo(json.dumps({"mails": found, "unconfirmed": [dict(mail) for mail in waiting]}, indent=2))
        return
    for mail in found:
        when = datetime.fromtimestamp(mail["at"], UTC).strftime("%H:%M:%S")
        click.echo(f"{when} UTC  {mail['to']}  {mail['subject']}")
        if full:
            click.echo("".join(f"    {line}\n" for line in str(mail["message"]).splitlines()))
    for asked in waiting:
        topic = str(asked["topic_arn"]).rpartition(":")[2]
        click.echo(f"not confirmed: {asked['endpoint']} on {topic}; `wms-connector local mails --confirm`")
    if not found and not waiting:
        click.echo("no mails")


@click.command()
@click.argument("part")
@click.option("--kill", is_flag=True, help="As a power cut would, not tidily.")
@directory_option
def stop(*, part: str, kill: bool, directory: Path | None) -> None:
    """Stop PART and keep its data: database, broker, broker/NAME or aws.

    What aws holds is lost with it: stacks, workers and secrets.
    """
    world = worlds().attach(directory)
    kind, name = _part(world, part)
    if kind == _DATABASE:
        world.stop_database(kill=kill)
    elif kind == _BROKER:
        world.stop_broker(name, kill=kill)
    elif world.state.aws is not None:
        aws.stop(world.state.aws)
    lost = "; its stacks, workers and secrets are gone" if kind == _AWS else ""
    click.echo(f"{part} is stopped{lost}; `wms-connector local start {part}` starts it", err=True)


@click.command()
@click.argument("part")
@directory_option
def start(*, part: str, directory: Path | None) -> None:
    """Start PART again, with its data and at its address: database, broker, broker/NAME or aws."""
    world = worlds().attach(directory)
    kind, name = _part(world, part)
    if kind == _DATABASE:
        world.start_database()
    elif kind == _BROKER:
        world.start_broker(name)
    else:
        # With the default secrets, which nothing works without.
        world = worlds().up(directory, enforce_iam=world.state.enforce_iam)
    world.state.save()
    click.echo(f"{part} is running", err=True)


@click.group()
def broker() -> None:
    """Clusters of the local world. Each named stage needs one of its own."""


@broker.command("add")
@click.argument("stage_name", metavar="STAGE")
@directory_option
def add(*, stage_name: str, directory: Path | None) -> None:
    """Start a cluster for STAGE, and let the stage find it: its secret brokerString, and its rights there.

    One cluster holds one named stage. `main` is on the cluster that `local up` starts.
    """
    stage = Stage.parse(stage_name)
    world = worlds().attach(directory)
    _needs(world.state.aws, _AWS)
    bootstrap = world.add_cluster(stage)
    click.echo(f"cluster {stage.name} is running; its owner connects to {bootstrap}", err=True)
    path = stage.name if not stage.ephemeral else f"ephemeral/{stage.name}"
    click.echo(f"next: sceptre launch {path}", err=True)


def _database(world: "World") -> "LocalDatabase":
    """The database, which must be running."""
    state = world.state.database
    _needs(None if state is None else state.process, _DATABASE)
    return world.database


def _needs(process: Process | None, part: str) -> None:
    """Raise OperatorError unless a part runs: its client would say less."""
    if process is None or not process.alive:
        raise OperatorError(f"{part} is not running: run `wms-connector local start {part}`")


def _part(world: "World", text: str) -> tuple[str, str]:
    """A part and, of a broker, its name; raises OperatorError with the parts that there are."""
    kind, _, name = text.partition("/")
    if kind in (_AWS, _DATABASE) and not name:
        return kind, ""
    if kind == _BROKER:
        _cluster(world, name or "default")
        return kind, name or "default"
    clusters = [f"{_BROKER}/{known}" for known in world.state.brokers]
    raise OperatorError(f"there is no part {text!r}; parts: {', '.join((_AWS, _DATABASE, *clusters))}")


def _cluster(world: "World", name: str) -> Any:
    """What is remembered of a cluster; raises OperatorError with those that there are."""
    found = world.state.brokers.get(name)
    if found is None:
        raise OperatorError(
            f"there is no cluster {name!r}, only {', '.join(world.state.brokers) or 'none'}; "
            f"`wms-connector local broker add {name}` starts one"
        )
    return found
