"""What the workbench's commands are made of, without a world: mails, parts, paths and a broker's files."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.local import broker, mailbox, options, toolchain
from connector.local.aws_shims import log_filters, subscriptions
from connector.local.cli import local
from connector.local.processes import Process, start_time
from connector.local.state import MAILBOX, MAILS, BrokerState, DatabaseState, WorldState
from connector.local.toolchain import Toolchain
from connector.local.world import World

TOPIC = "arn:aws:sns:us-east-1:000000000000:Alerts-wms-alerts-main"


class FakeDatabase:
    def __init__(self) -> None:
        self.inserted: list[tuple[str, str, int, dict[str, Any]]] = []

    def insert(self, owner: str, table: str, rows: int, **columns: Any) -> list[int]:
        self.inserted.append((owner, table, rows, columns))
        return [*range(1001, 1001 + rows)]


class FakeSns:
    """Two addresses wait; one of them is confirmed with its token."""

    def __init__(self) -> None:
        self.waiting = {"a@example.com", "b@example.com"}
        self.confirmed: list[str] = []

    def get_paginator(self, _: str) -> Any:
        found = [
            {
                "TopicArn": TOPIC,
                "Endpoint": who,
                "SubscriptionArn": "PendingConfirmation" if who in self.waiting else f"{TOPIC}:1",
            }
            for who in ("a@example.com", "b@example.com")
        ]
        return SimpleNamespace(paginate=lambda: [{"Subscriptions": found}])

    def confirm_subscription(self, *, TopicArn: str, Token: str) -> None:  # noqa: N803 - boto3's
        assert TopicArn == TOPIC
        self.confirmed.append(Token)
        self.waiting.discard(Token.removeprefix("token of "))


class FakeWorld:
    """As much of a world as the commands call."""

    def __init__(self, directory: Path) -> None:
        self.state = WorldState(directory, "http://127.0.0.1:1", enforce_iam=False)
        self.state.brokers = {"default": BrokerState("127.0.0.9"), "val": BrokerState("127.0.0.10")}
        self.state.aws = alive()
        self.state.database = DatabaseState("127.0.0.8", process=alive())
        self.database = FakeDatabase()
        self.sns = FakeSns()
        self.account = SimpleNamespace(client=lambda _: self.sns)
        self.done: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words, **more: self.done.append((name, *words, *more.values()))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    made = FakeWorld(tmp_path)
    monkeypatch.setattr(World, "attach", lambda *_: made)
    return made


def run(*words: str) -> Result:
    # As the whole program does: click keeps a command's help option as it was asked for first.
    return CliRunner().invoke(local, words, help_option_names=["-h", "--help"])


# -- rows ------------------------------------------------------------------------------


def test_insert_puts_a_row_into_each_table_or_some_into_one(world: FakeWorld):
    assert run("insert").exit_code == 0
    assert len(world.database.inserted) == 4
    world.database.inserted.clear()
    result = run("insert", "wms.plan_base_wvr_tbl", "--rows", "3", "--set", "state_cd=NY", "--set", "x=a=b")
    assert result.output == "WMS.PLAN_BASE_WVR_TBL: 3 rows, PLAN_BASE_WVR_ID 1001 to 1003\n"
    assert world.database.inserted == [("WMS", "PLAN_BASE_WVR_TBL", 3, {"STATE_CD": "NY", "X": "a=b"})]


@pytest.mark.parametrize("text", ["x", "=1", " =1"])
def test_a_value_without_a_column_is_refused(world: FakeWorld, text: str):
    error = run("insert", "--set", text).exception
    assert isinstance(error, OperatorError)
    assert "is not COLUMN=VALUE" in str(error)


def test_a_table_that_is_not_there_is_answered_with_those_that_are(world: FakeWorld):
    error = run("insert", "WMS.NOTHING").exception
    assert isinstance(error, OperatorError)
    assert "WMS.PLAN_BASE_WVR_TBL" in str(error)
    assert world.database.inserted == []


# -- mails -----------------------------------------------------------------------------


@pytest.fixture
def mailed(world: FakeWorld, tmp_path: Path) -> FakeWorld:
    """Two addresses were asked to confirm, one of them twice; one mail was sent."""
    asked = [("a@example.com", "old"), ("a@example.com", "token of a@example.com")]
    asked.append(("b@example.com", "token of b@example.com"))
    lines = [json.dumps({"endpoint": who, "topic_arn": TOPIC, "token": token}) for who, token in asked]
    (tmp_path / MAILBOX).write_text("\n".join(lines) + "\n")
    mail = {
        "at": 0.0,
        "to": "c@example.com",
        "topic": TOPIC,
        "subject": "[main] broken",
        "message": "one\ntwo",
    }
    (tmp_path / MAILS).write_text(json.dumps(mail) + "\n")
    return world


def test_mails_shows_what_was_sent_and_who_has_not_confirmed(mailed: FakeWorld):
    result = run("mails")
    assert "00:00:00 UTC  c@example.com  [main] broken" in result.output
    assert "one" not in result.output
    assert "not confirmed: a@example.com on Alerts-wms-alerts-main" in result.output
    assert "    two" in run("mails", "--full").output
    found = json.loads(run("mails", "--json").output)
    assert [mail["endpoint"] for mail in found["unconfirmed"]] == ["a@example.com", "b@example.com"]


def test_confirm_follows_the_newest_link_of_each_address_once(mailed: FakeWorld):
    result = run("mails", "--confirm")
    assert "confirmed: a@example.com, b@example.com" in result.output
    assert mailed.sns.confirmed == ["token of a@example.com", "token of b@example.com"]
    assert "not confirmed:" not in result.output
    assert "nothing; no address waits" in run("mails", "--confirm").output
    assert len(mailed.sns.confirmed) == 2


def test_a_world_without_mails_says_so(world: FakeWorld):
    world.sns.waiting = set()
    assert run("mails").output == "no mails\n"
    assert mailbox.mails(world.state.directory) == []


# -- parts -----------------------------------------------------------------------------


def test_parts_are_stopped_and_started_by_name(world: FakeWorld):
    for words in (
        ("stop", "database", "--kill"),
        ("start", "database"),
        ("stop", "broker"),
        ("stop", "broker/val"),
        ("start", "broker/val"),
    ):
        assert run(*words).exit_code == 0, words
    assert world.done == [
        ("stop_database", True),
        ("start_database",),
        ("stop_broker", "default", False),
        ("stop_broker", "val", False),
        ("start_broker", "val"),
    ]


@pytest.mark.parametrize("part", ["oracle", "broker/production", "database/x", ""])
def test_an_unknown_part_is_answered_with_those_there_are(world: FakeWorld, part: str):
    error = run("stop", part).exception
    assert isinstance(error, OperatorError)
    assert "broker/val" in str(error) or "broker add production" in str(error)


def test_a_cluster_is_added_for_a_stage(world: FakeWorld):
    assert "next: sceptre launch production" in run("broker", "add", "production").output
    assert world.done == [("add_cluster", Stage("production"))]
    assert "next: sceptre launch ephemeral/x" in run("broker", "add", "x").output


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("insert",), "database"),
        (("sql", "SELECT 1"), "database"),
        (("consume", "x"), "broker"),
        (("consume", "x", "--broker", "val"), "broker/val"),
        (("mails",), "aws"),
        (("broker", "add", "production"), "aws"),
    ],
)
def test_a_part_that_is_stopped_is_named_with_what_starts_it(
    world: FakeWorld, words: tuple[str, ...], part: str
):
    world.state.aws = world.state.database = None
    error = run(*words).exception
    assert isinstance(error, OperatorError)
    assert str(error) == f"{part} is not running: run `wms-connector local start {part}`"
    assert world.done == []


def test_down_does_not_offer_to_keep_what_it_cannot_keep():
    result = run("down", "--keep")
    assert result.exit_code == 2
    assert "No such option '--keep'" in result.output


# -- a with block ------------------------------------------------------------------------


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `up` starts and stops, without starting anything."""
    done: list[str] = []
    monkeypatch.setattr(toolchain, "find", lambda: None)
    monkeypatch.setattr("connector.local.oracle.plugin.worker_home", lambda *_: None)

    def start(world: World, **_: Any) -> None:
        done.append("started")
        world.state.database = world.state.database or DatabaseState("127.0.0.8")
        world.state.save()

    monkeypatch.setattr(World, "_start", start)
    monkeypatch.setattr(World, "_end", lambda _, keep: done.append(f"stopped, keep={keep}"))
    return done


def alive() -> Process:
    return Process(os.getpid(), start_time(os.getpid()) or 0, "log")


def test_a_block_stops_the_world_that_it_started(tmp_path: Path, started: list[str]):
    with World.up(str(tmp_path / "w")):
        pass
    assert started == ["started", "stopped, keep=False"]


def test_a_block_leaves_a_world_that_was_up(tmp_path: Path, started: list[str]):
    WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False, aws=alive()).save()
    with pytest.raises(RuntimeError), World.up(tmp_path / "w"):
        raise RuntimeError
    assert started == ["started"]


def test_a_block_that_took_up_a_stopped_world_stops_it_and_keeps_its_data(tmp_path: Path, started: list[str]):
    kept = WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False)
    kept.database = DatabaseState("127.0.0.8")
    kept.save()
    with World.up(tmp_path / "w"):
        pass
    assert started == ["started", "stopped, keep=True"]


def test_a_block_whose_world_was_taken_down_in_it_does_nothing_more(tmp_path: Path, started: list[str]):
    kept = WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False)
    kept.database = DatabaseState("127.0.0.8")
    kept.save()
    with World.up(tmp_path / "w") as world:
        world.down()
    assert started == ["started", "stopped, keep=False"]


def test_a_world_ends_what_another_process_has_started_in_it_meanwhile(tmp_path: Path):
    kept = WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False)
    kept.database = DatabaseState("127.0.0.8")
    kept.save()
    world = World.attach(tmp_path / "w")
    started = subprocess.Popen(["sleep", "60"])
    try:
        kept.database.process = Process(started.pid, start_time(started.pid) or 0, "log")
        kept.save()
        world.down()
        assert not kept.database.process.alive
    finally:
        started.kill()
        started.wait()


def test_a_block_around_an_attached_world_stops_nothing(tmp_path: Path, started: list[str]):
    WorldState(tmp_path / "w", "http://127.0.0.1:1", enforce_iam=False, aws=alive()).save()
    with World.attach(str(tmp_path / "w")):
        pass
    assert started == []


# -- paths -------------------------------------------------------------------------------


class Stopped(Exception):
    """Instead of a broker."""


@pytest.mark.parametrize(
    "name", ["plain", "with space", "ümläut é", 'it\'s "quoted"', "comma,equals=#!\\n:x", "日本"]
)
def test_a_brokers_files_hold_no_path_but_names_in_its_own_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    """Java reads properties as Latin-1, a comma as the next directory, and a backslash as an escape."""
    directory = tmp_path / name / "broker"
    directory.mkdir(parents=True)
    ran: list[tuple[list[str], Path | None]] = []

    def format_storage(command: list[str], *, cwd: Path, **_: Any) -> Any:
        ran.append((command, cwd))
        return SimpleNamespace(returncode=0)

    def spawn(command: list[str], *, cwd: Path, **_: Any) -> Any:
        ran.append((command, cwd))
        raise Stopped

    monkeypatch.setattr("connector.local.broker.kafka_plugin.compiled", lambda _: Path("/plugin"))
    monkeypatch.setattr("connector.local.broker.subprocess.run", format_storage)
    monkeypatch.setattr(broker, "spawn", spawn)
    files = broker.files(directory, "secret")
    with pytest.raises(Stopped):
        broker.start(
            directory, "127.0.0.9", Toolchain(Path("/java"), "mvn", Path("/image")), Path("log"), files
        )
    text = (directory / "server.properties").read_text(encoding="ascii")
    assert str(tmp_path) not in text
    assert "log.dirs=data\n" in text
    assert "ssl.keystore.location=broker.pem\n" in text
    for command, cwd in ran:
        assert cwd == directory
        assert "server.properties" in command
        assert [word for word in command if str(tmp_path) in word and "iam" not in word] == []


def test_what_java_says_before_its_stack_trace_is_shown():
    output = (
        "Exception in thread main java.nio.file.AccessDeniedException: /x/data\n"
        "\tat sun.nio.fs.UnixException.translateToIOException(UnixException.java:90)\n"
        "\tat org.apache.kafka.metadata.storage.Formatter.run(Formatter.java:503)\n"
    )
    assert (
        broker.first_words(output) == "Exception in thread main java.nio.file.AccessDeniedException: /x/data"
    )
    assert broker.first_words("") == "it said nothing"


# -- Maven -------------------------------------------------------------------------------


def maven(tmp_path: Path, output: str) -> Toolchain:
    program = tmp_path / "my mvn"
    program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{output}\nEOF\nexit 1\n")
    program.chmod(0o755)
    return Toolchain(Path("/java"), str(program), tmp_path)


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        (
            (
                "Could not create local repository at /nonexistent/.m2/repository\n[ERROR] \n"
                "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch."
            ),
            "Could not create local repository at /nonexistent/.m2/repository",
        ),
        (
            "[INFO] Scanning\n[ERROR] Failed to execute goal x: no network\n[ERROR] Re-run Maven with -X",
            "Failed to execute goal x: no network",
        ),
        ("[INFO] fine", "no error line"),
    ],
)
def test_mavens_cause_is_the_line_that_says_it(tmp_path: Path, output: str, cause: str):
    tools = maven(tmp_path, output)
    with pytest.raises(OperatorError) as refused:
        toolchain.run_maven(tools, tmp_path / "a b" / "pom.xml", ["package"], lambda _: None)
    text = str(refused.value)
    assert text.startswith(f"Maven failed: {cause} (repeat: ")
    assert f"'{tools.maven}'" in text
    assert f"'{tmp_path}/a b/pom.xml'" in text


def test_a_home_that_cannot_be_written_to_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("connector.local.toolchain.pwd.getpwuid", lambda _: SimpleNamespace(pw_dir="/proc"))
    monkeypatch.setattr("connector.local.toolchain.os.access", lambda *_: False)
    (option,) = toolchain._repository()
    assert option.startswith("-Dmaven.repo.local=")
    assert option.endswith(".tools/m2")
    monkeypatch.setattr("connector.local.toolchain.os.access", lambda *_: True)
    assert toolchain._repository() == []


def test_a_command_without_a_world_says_how_to_start_one(tmp_path: Path):
    for words in (("insert",), ("mails",), ("stop", "database"), ("consume", "x"), ("sql", "SELECT 1")):
        error = run(*words, "--directory", str(tmp_path / "none")).exception
        assert isinstance(error, OperatorError), words
        assert str(error) == options.NOT_RUNNING


# -- a log group that is still written to --------------------------------------------------


@pytest.mark.parametrize(("failures", "deleted"), [(0, True), (3, True), (100, False)])
def test_a_line_that_is_written_meanwhile_does_not_fail_a_deletion(failures: int, deleted: bool):
    left = [failures]

    def delete(physical_id: str, _: Any) -> str:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("dictionary changed size during iteration")
        return physical_id

    if deleted:
        assert log_filters.repeated(delete)("group", {}) == "group"
    else:
        with pytest.raises(RuntimeError):
            log_filters.repeated(delete)("group", {})


# -- the mails that AWS would send ---------------------------------------------------------


def test_a_confirmed_address_gets_each_message_once_and_nobody_else_a_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = [
        {"protocol": "email", "endpoint": "a@example.com", "confirmed": True},
        {"protocol": "email", "endpoint": "b@example.com", "confirmed": False},
        {"protocol": "sqs", "endpoint": "arn:queue", "confirmed": True},
    ]
    sns = SimpleNamespace(
        _topic_by_arn_any_scope=lambda arn: {"subscriptions": found} if arn == TOPIC else None
    )
    monkeypatch.setattr(subscriptions, "module", lambda _: sns)
    monkeypatch.setenv("WMS_LOCAL_STATE", str(tmp_path))
    passed_on: list[tuple[Any, ...]] = []
    fanout = subscriptions._mailing(lambda *words, **more: passed_on.append(words))
    fanout(TOPIC, "1", "text", "subject")
    fanout(TOPIC, "2", "text", "", message_group_id="")
    fanout("arn:gone", "3", "text", "subject")
    mails = mailbox.mails(tmp_path)
    assert [(mail["to"], mail["subject"], mail["message"]) for mail in mails] == [
        ("a@example.com", "subject", "text"),
        # AWS's own subject for a message without one.
        ("a@example.com", "AWS Notification Message", "text"),
    ]
    assert len(passed_on) == 3
