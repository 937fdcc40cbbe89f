"""What `local status` and a second `local up` tell of a world."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from connector.local import toolchain
from connector.local.cli import local
from connector.local.oracle import plugin
from connector.local.state import BrokerState, DatabaseState, WorldState
from connector.local.world import World

TASK = {
    "task": "0123456789abcdef",
    "service": "wms-connector-main",
    "address": "127.0.0.12",
    "log": "/x/main.log",
}


def part(*, running: bool) -> dict[str, Any]:
    return {"running": running, "address": "127.0.0.9:1", "log": "/x/part.log"}


def test_a_worker_has_its_stage_address_and_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = {
        "running": False,
        "aws": part(running=True),
        "database": part(running=False),
        "brokers": {"val": part(running=True)},
        "tasks": [TASK],
    }
    WorldState(tmp_path, "http://127.0.0.1:1", enforce_iam=False).save()
    monkeypatch.setattr(World, "attach", lambda *_: SimpleNamespace(status=lambda: found))
    result = CliRunner().invoke(local, ["status", "--directory", str(tmp_path)])
    assert result.exit_code == 1
    lines = [line.split() for line in result.output.splitlines()]
    assert ["worker", "running", "127.0.0.12", "wms-connector-main", "/x/main.log"] in lines
    assert ["database", "stopped", "127.0.0.9:1", "/x/part.log"] in lines
    assert ["broker", "val", "running", "127.0.0.9:1", "/x/part.log"] in lines


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that start at once and hold nothing."""
    monkeypatch.setattr(toolchain, "find", lambda: None)
    monkeypatch.setattr(plugin, "worker_home", lambda *_: None)
    for name in ("start_aws", "start_database", "start_broker", "_name_cluster"):
        monkeypatch.setattr(World, name, lambda *_: None)
    account = SimpleNamespace(seed=lambda **_: None)
    monkeypatch.setattr(World, "account", account)
    monkeypatch.setattr(World, "broker_string", lambda _: "")
    monkeypatch.setattr(World, "database", SimpleNamespace(db_info={}))
    monkeypatch.setattr(World, "authority", SimpleNamespace(make=lambda: ""))


def up(directory: Path) -> str:
    result = CliRunner().invoke(local, ["up", "--directory", str(directory)])
    assert result.exit_code == 0, result.output
    return " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("known", "seeded", "said", "launch"),
    [
        (False, False, False, True),
        (True, False, True, True),
        (True, True, False, False),
    ],
    ids=["new", "its AWS was lost", "as it was"],
)
def test_up_says_when_stacks_are_gone_and_what_is_next(
    tmp_path: Path, parts: None, *, known: bool, seeded: bool, said: bool, launch: bool
):
    if known:
        state = WorldState(tmp_path, "http://127.0.0.1:1", enforce_iam=False)
        state.brokers = {"default": BrokerState("127.0.0.9")}
        state.database, state.seeded = DatabaseState("127.0.0.8"), seeded
        state.save()
    shown = up(tmp_path)
    assert ("the embedded AWS is a new one: stacks and secrets are gone, launch again" in shown) is said
    assert ("then `sceptre launch foundation`" in shown) is launch
    assert 'next: eval "$(wms-connector local env' in shown
