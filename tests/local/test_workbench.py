"""The local world as a place to work in: what README and connector/local/README.md show, typed in that order.

The world is in a directory whose name has spaces, quotes, a comma and letters beyond ASCII.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.local import schema
from connector.local.state import ROOT
from connector.local.world import World
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for
from tests.support.wms_cli import PROGRAM, Done, wms_connector

pytestmark = [pytest.mark.e2e, pytest.mark.long]

NAME = 'wörld, it\'s "ours" é'
TABLE = f"WMS.{schema.BASE}"
#: What is promised of `status` where something does not answer: its first sign and its end.
SIGN_SECONDS, END_SECONDS = 2.0, 15.0
#: Other tests compute at the same time, and the first sign is the program's start; its end is a deadline.
BUSY = 4.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("bench") / NAME
    with World.up(directory) as made:
        yield made
    assert not directory.exists(), sorted(directory.iterdir())
    # Nothing beside it either: a path that Java misread would be a directory of its own.
    assert list(directory.parent.iterdir()) == []
    commands = (_read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert [command for command in commands if str(directory) in command] == []


def _read(path: Path) -> str:
    """A process's command; empty if it ends meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def local(world: World, *words: str) -> Done:
    return wms_connector(world.env(), "local", *words, "--directory", str(world.state.directory))


def ok(done: Done) -> Done:
    assert done.status == 0, (done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module")
def main(world: World) -> str:
    """`sceptre launch main`, and the seeded address confirmed."""
    for target in ("foundation", "main"):
        run = sceptre(world.env(), "launch", target, "--yes")
        assert run.status == 0, run.output
    ok(local(world, "mails", "--confirm"))
    return "main"


def test_a_healthy_new_stage_verifies_at_once(world: World, main: str):
    """Before its first scheduled check, and before any alarm has data."""
    done = wms_connector(world.env(), "verify", main)
    assert done.status == 0, done.stdout
    assert "the first one is due by" in done.stdout or "minutes ago" in done.stdout


def test_a_row_goes_in_and_its_record_comes_out(world: World, main: str):
    said = ok(local(world, "insert", TABLE, "--set", "STATE_CD=NY")).stdout
    key = said.split()[-1]

    def arrived() -> bool:
        lines = ok(local(world, "consume", f"wms.{TABLE}", "--json")).stdout.splitlines()
        return any(key in json.dumps(json.loads(line)["key"]) for line in lines)

    wait_for(arrived, "the inserted row's record", 60)
    last = ok(local(world, "consume", f"wms.{TABLE}", "--last", "1")).stdout
    assert "NY" in last
    assert ok(local(world, "sql", f"SELECT STATE_CD FROM {TABLE}")).stdout.count("NY") >= 1


def test_a_topic_that_is_not_there_is_answered_with_the_one_that_was_meant(world: World, main: str):
    done = local(world, "consume", f"wms.{TABLE}S")
    assert done.status == 2
    assert f"did you mean wms.{TABLE}?" in done.stderr


def test_a_config_that_was_just_registered_differs_in_nothing(world: World, main: str):
    assert "a launch would change nothing" in ok(wms_connector(world.env(), "connector", "diff", main)).stdout


def test_logs_of_worker_and_functions_are_shown(world: World, main: str):
    assert "Kafka Connect" in ok(wms_connector(world.env(), "logs", main, "--since", "1h")).stdout
    ok(wms_connector(world.env(), "check", main))
    wait_for(
        lambda: wms_connector(world.env(), "logs", main, "--of", "health").stdout, "the check's own line", 30
    )


def test_a_fault_is_made_found_mailed_and_fixed(world: World, main: str):
    ok(local(world, "stop", "database"))
    assert local(world, "status").status == 1
    found = wms_connector(world.env(), "check", main)
    assert found.status == 1
    assert "DbTcpUnreachable" in found.stdout
    # What may pass by itself is mailed when a second check finds it.
    assert wms_connector(world.env(), "check", main).status == 1
    wait_for(lambda: "DbTcpUnreachable" in local(world, "mails").stdout, "the mail", 60)
    ok(local(world, "start", "database"))
    wait_for(lambda: wms_connector(world.env(), "check", main).status == 0, "a healthy check", 120)


def test_brokers_that_do_not_answer_keep_nobody_waiting(world: World, main: str):
    ok(local(world, "stop", "broker", "--kill"))
    try:
        began = time.monotonic()
        running = subprocess.Popen(
            [str(PROGRAM), "status", main],
            cwd=ROOT,
            env={**os.environ, **world.env()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert running.stdout is not None
        first = running.stdout.readline()
        sign = time.monotonic() - began
        rest = running.stdout.read()
        took = time.monotonic() - began
        assert running.wait(30) == 0, rest
    finally:
        ok(local(world, "start", "broker"))
    assert first.strip()
    assert sign <= SIGN_SECONDS * BUSY
    assert took <= END_SECONDS
    assert "brokers" in rest


def test_val_launches_on_a_cluster_of_its_own(world: World, main: str):
    said = ok(local(world, "broker", "add", "val"))
    assert "next: sceptre launch val" in said.stderr
    run = sceptre(world.env(), "launch", "val", "--yes")
    assert run.status == 0, run.output
    parts = json.loads(ok(local(world, "status", "--json")).stdout)
    assert set(parts["brokers"]) == {"default", "val"}
    assert {task["service"] for task in parts["tasks"]} == {"wms-connector-main", "wms-connector-val"}


def test_up_starts_further_clusters_too_and_a_block_leaves_all_of_it_up(world: World, main: str):
    ok(local(world, "stop", "broker/val"))
    with World.up(Path(str(world.state.directory))) as again:
        assert again.status()["running"]
        assert not again.account_is_new
    assert World.attach(world.state.directory).status()["running"]
