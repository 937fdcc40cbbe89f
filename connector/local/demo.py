"""`make demo`: launch two stages, follow rows from the database to the topics, and remove everything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import Arrival, Watch, records_of, topics_of
from connector.local.state import ROOT
from connector.local.world import World
from connector.operations.ephemeral_directory import Project

#: Rows that are in each table before anything is launched.
SEEDED = 5
#: The ephemeral stage's name.
_BRANCH = "demo"
#: How much of a statement is shown, in characters.
_SHOWN = 100
#: How long records may take to arrive, in seconds.
_TIMEOUT_SECONDS = 60.0
CHANGES = ("insert", "update", "delete")
#: For how long the database keeps archived log, as a DBA would say it in the ephemeral stage's settings.
_KEPT_HOURS = 24
#: How long it may take until the position is one that the health check can date.
_DATED_SECONDS = 8.0
#: The column that is added while the table streams.
_NEW_COLUMN = "PRIORITY_CD"


@dataclass(frozen=True)
class Change:
    """One committed change and when it was committed, on this machine's clock."""

    topic: str
    operation: str
    key: int
    at: float

    def is_seen_in(self, arrival: Arrival) -> bool:
        """Whether an arrival is this change. Keys travel as text (decimal.handling.mode=string)."""
        return (
            arrival.topic == self.topic
            and arrival.operation == self.operation
            and str(self.key) in {str(value) for value in arrival.key.values()}
        )


@dataclass
class Demo:
    """Runs the demo on `world` and prints to `console`."""

    world: World
    console: Console
    began: float = field(default_factory=time.monotonic)

    def run(self, main: Stage, branch: Stage) -> None:
        """Seed, launch two stages, change rows, show what arrived; raises if anything does not."""
        self._step("Seed the source database")
        rows = self.world.database.seed(SEEDED)
        self.console.print(f"  {rows} rows in {len(schema.TABLES)} tables")
        self._step(f"Launch {main.name}, and an ephemeral stage beside it, with the commands a user types")
        self.command("sceptre", "launch", "foundation", "--yes")
        self.command("wms-connector", "ephemeral", "create", branch.name, "--owner", "demo@example.com")
        self.world.grant(branch)
        self.keep_archived_log(branch)
        # At the same time, as two people would: each waits for CloudFormation most of the time.
        beside = Command(self, "sceptre", "launch", f"ephemeral/{branch.name}", "--yes")
        try:
            self.command("sceptre", "launch", main.name, "--yes")
        finally:
            beside.finish()
        self._step("Change rows, and watch the topics of both stages")
        # As the schedule does every 10 minutes: it remembers when the database was at which SCN.
        self._check(branch)
        self.stream([*main.topics.roles["data"], *branch.topics.roles["data"]])
        self.history(main)
        self.positions(main, branch)
        self._step(f"Delete {branch.name}: its own topics are deleted, no other")
        self.tear_down(branch)

    def keep_archived_log(self, branch: Stage) -> None:
        """Let the database keep archived log for a day, and say so in the stage's settings."""
        with self.world.database.sys() as session:
            session.admin("alter", state={"archive_retention_seconds": 3600 * _KEPT_HOURS})
        settings = Project(ROOT).group / branch.name / "config.yaml"
        known = settings.read_text(encoding="utf-8")
        if "archived_log_hours" not in known:
            line = f"connector: {{archived_log_hours: {_KEPT_HOURS}}}\n"
            settings.write_text(known + line, encoding="utf-8")
            self.console.print(f"    [dim]{settings.relative_to(ROOT)}: {escape(line.strip())}[/]")

    def tear_down(self, branch: Stage) -> None:
        """Delete the ephemeral stage and show the cluster's topics before and after."""
        before = topics_of(self.world.kafka_bootstrap)
        self.command("sceptre", "delete", f"ephemeral/{branch.name}", "--yes")
        after = topics_of(self.world.kafka_bootstrap)
        table = Table(title="The cluster's topics", title_justify="left")
        table.add_column("topic")
        table.add_column("before", justify="center")
        table.add_column("after", justify="center")
        for topic in sorted(before | after):
            table.add_row(topic, *("yes" if topic in topics else "" for topics in (before, after)))
        self.console.print()
        self.console.print(table)
        kept = {topic for topic in before if topic not in branch.topics}
        if after != kept:
            raise ServerError(f"the teardown left topics or deleted too many: {sorted(after ^ kept)}")

    def stream(self, topics: Sequence[str]) -> None:
        """Wait for the snapshots, make three changes in each table, and show what arrived."""
        watch = Watch(self.world.kafka_bootstrap, topics)
        try:
            expected = SEEDED * len(topics)
            if not watch.wait_for(lambda seen: len(seen) >= expected, _TIMEOUT_SECONDS):
                raise DeadlineExceeded(
                    f"{len(watch.seen)} of {expected} snapshot records arrived in {_TIMEOUT_SECONDS:.0f} s; "
                    f"see {self.world.logs}"
                )
            changes = [
                change
                for schema_name, table in schema.TABLES
                for change in self._change(schema_name, table, topics)
            ]
            if not watch.wait_for(lambda seen: not _missing(changes, seen), _TIMEOUT_SECONDS):
                missing = _missing(changes, watch.seen)
                raise DeadlineExceeded(f"{len(missing)} changes did not arrive, first {missing[0]}")
            self._show(topics, changes, watch.seen)
            self._step("Change a table's definition while it streams")
            self._alter(watch, topics)
        finally:
            watch.close()

    def _alter(self, watch: Watch, topics: Sequence[str]) -> None:
        """Add a column and fill it: the next record has it, and so has the schema history."""
        schema_name, table = schema.TABLES[-1]
        statement = f'ALTER TABLE "{schema_name}"."{table}" ADD ("{_NEW_COLUMN}" VARCHAR2(10))'
        self.console.print(f"  [bold]SQL> {statement}[/]")
        (key,) = self.world.database.insert(schema_name, table)
        with self.world.database.app() as session:
            session.execute(statement)
        self.world.database.update(schema_name, table, key, **{_NEW_COLUMN: "HIGH"})
        wanted = [topic for topic in topics if topic.endswith(f".{schema_name}.{table}")]

        def there(seen: Sequence[Arrival]) -> bool:
            return {a.topic for a in seen if (a.after or {}).get(_NEW_COLUMN) == "HIGH"} >= {*wanted}

        if not watch.wait_for(there, _TIMEOUT_SECONDS):
            raise DeadlineExceeded(f"the new column {_NEW_COLUMN} did not arrive on {', '.join(wanted)}")
        self.console.print(f"  the next record has {_NEW_COLUMN}: HIGH, on {len(wanted)} topics")

    def history(self, stage: Stage) -> None:
        """Show what the connector keeps of the tables' definitions: it reads this when it starts again."""
        topic = stage.topics.one("schema_history")
        table = Table(title=f"The schema history, {topic}", title_justify="left")
        table.add_column("SCN")
        table.add_column("statement")
        for record in records_of(self.world.kafka_bootstrap, topic):
            table.add_row(str(record["position"].get("scn") or ""), escape(_short(record.get("ddl") or "")))
        self.console.print()
        self.console.print(table)

    def positions(self, *stages: Stage) -> None:
        """Show where each connector stands in the redo log, and how much of the log is left behind it."""
        with self.world.database.sys() as session:
            self.console.print(f"\n  the database's SCN is {session.admin('scn')}")
        with ThreadPoolExecutor(len(stages)) as pool:
            found = list(pool.map(self._position, stages))
        for stage, shown in zip(stages, found, strict=True):
            place = f"{stage.name}: stored position {shown['scn']}; archived log left behind it:"
            self.console.print(f"  {place} {escape(shown['summary'])}", soft_wrap=True)

    def _check(self, stage: Stage) -> None:
        """Let the stage's health check run, and do not wait for it."""
        self.world.account.client("lambda").invoke(
            FunctionName=stage.names.connect_health,
            InvocationType="Event",
            Payload=json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"}).encode(),
        )

    def _position(self, stage: Stage) -> dict[str, Any]:
        """What `status` says of the position; of a stage whose retention is known, once it is dated."""
        end = time.monotonic() + _DATED_SECONDS
        while True:
            found: dict[str, Any] = self._status(stage)["position"]
            if not stage.ephemeral or found["headroom_minutes"] is not None or time.monotonic() > end:
                return found
            time.sleep(1)

    def _status(self, stage: Stage) -> dict[str, Any]:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("wms-connector")), "status", stage.name, "--json"],
            cwd=ROOT,
            env={**os.environ, **self.world.env()},
            capture_output=True,
            text=True,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def command(self, program: str, *words: str) -> None:
        """Run a program of this installation in the local world's environment, its output indented."""
        Command(self, program, *words).finish()

    def _change(self, schema_name: str, table: str, topics: Sequence[str]) -> Iterator[Change]:
        """Insert, update and delete one row, each in a transaction of its own; every stage sees each."""
        database = self.world.database
        mine = [topic for topic in topics if topic.endswith(f".{schema_name}.{table}")]
        (key,) = database.insert(schema_name, table)
        yield from (Change(topic, "insert", key, time.time()) for topic in mine)
        database.update(schema_name, table, key)
        yield from (Change(topic, "update", key, time.time()) for topic in mine)
        database.delete(schema_name, table, key)
        yield from (Change(topic, "delete", key, time.time()) for topic in mine)

    def _show(self, topics: Sequence[str], changes: Sequence[Change], seen: Sequence[Arrival]) -> None:
        table = Table(title="What arrived, and how long after its commit", title_justify="left")
        table.add_column("topic")
        table.add_column("snapshot", justify="right")
        for operation in CHANGES:
            table.add_column(operation, justify="right")
        for topic in topics:
            snapshot = sum(a.topic == topic and a.operation == "snapshot" for a in seen)
            delays = [_delay(c, seen) for c in changes if c.topic == topic]
            table.add_row(topic, f"{snapshot} rows", *(f"{delay * 1000:.0f} ms" for delay in delays))
        self.console.print()
        self.console.print(table)
        example = next(a for a in seen if a.operation == "update")
        self.console.print("  one record as a consumer reads it:")
        for name, value in (("key", example.key), ("before", example.before), ("after", example.after)):
            self.console.print(f"    [dim]{name:<7}{escape(str(value))}[/]", soft_wrap=True)

    def _step(self, title: str) -> None:
        self.console.print(f"\n[bold cyan]{time.monotonic() - self.began:5.1f} s  {title}[/]")


class Command:
    """A program of this installation that runs in the local world; `finish` shows its output."""

    def __init__(self, demo: Demo, program: str, *words: str) -> None:
        self._console = demo.console
        self._line = f"{program} {' '.join(words)}"
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name(program)), *words],
            cwd=ROOT,
            env={**os.environ, **demo.world.env(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> None:
        """Show what it prints until it ends. Raises ServerError if it fails."""
        assert self._process.stdout is not None  # noqa: S101 - says to mypy what PIPE means
        self._console.print(f"\n  [bold]$ {self._line}[/]")
        try:
            for line in self._process.stdout:
                self._console.print(f"    [dim]{escape(line.rstrip())}[/]", soft_wrap=True)
        finally:
            # Interrupted: the command must not outlive the world that it works on.
            if self._process.poll() is None:
                self._process.terminate()
            self._process.wait()
        if self._process.returncode != 0:
            raise ServerError(f"{self._line} failed with status {self._process.returncode}; see above")
        self._console.print(f"    done in {time.monotonic() - self._began:.1f} s")


def run_demo(directory: Path, console: Console) -> None:
    """Run the whole demo; the local world is stopped whatever happens."""
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C: what was started is stopped.
        signal.signal(number, signal.default_int_handler)
    console.print(
        "[bold]wms-connector demo[/]: everything runs on this machine's loopback and is removed at the end"
    )
    console.print(
        "The connector is the real one: Debezium's Oracle connector, as it ships. The database is a "
        "stand-in for "
        "Oracle, which answers what the connector asks (connector/local/oracle/README.md).",
        soft_wrap=True,
    )
    console.print("\n[bold cyan]  0.0 s  Start the local world[/]")
    branch = Stage.parse(_BRANCH)
    project = Project(ROOT)
    ours = branch.name not in project.stages()
    try:
        with _world(directory, console) as world:
            Demo(world, console, began).run(Stage.parse("main"), branch)
    finally:
        if ours:
            project.remove(branch)
    total = time.monotonic() - began
    console.print(f"\n[bold green]Done in {total:.0f} s.[/] Everything is stopped and its state removed.")
    console.print(
        "To start a local world that keeps running: `wms-connector local up`. More: `wms-connector --help`",
        soft_wrap=True,
    )


@contextmanager
def _world(directory: Path, console: Console) -> Iterator[World]:
    world = World.up(directory, report=lambda line: console.print(f"  {escape(line)}", soft_wrap=True))
    try:
        yield world
    except BaseException:
        console.print("\n[bold red]Stopping the local world[/]")
        world.down(keep=True)
        console.print(
            f"  logs and data are kept in {world.state.directory}; `wms-connector local down` removes them"
        )
        raise
    else:
        console.print("\n[bold cyan]Stop[/]")
        world.down()


def _missing(changes: Sequence[Change], seen: Sequence[Arrival]) -> list[Change]:
    return [change for change in changes if not any(change.is_seen_in(arrival) for arrival in seen)]


def _short(statement: str) -> str:
    """The beginning of a statement, in one line."""
    line = " ".join(statement.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _delay(change: Change, seen: Sequence[Arrival]) -> float:
    """Seconds from the commit to the consumer."""
    return max(0.0, next(a.at for a in seen if change.is_seen_in(a)) - change.at)
