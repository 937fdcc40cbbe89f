"""Ctrl-C under `sceptre` says that what is in hand is finished, and what to run then."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from connector.local.state import ROOT
from connector.operations import interrupted


@pytest.fixture
def usual() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("asked", "lines"), [((), 0), (("wms-b", "wms-a"), 1)])
def test_it_is_said_once_and_only_where_stacks_are_in_hand(
    usual: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, ...],
    lines: int,
):
    monkeypatch.setattr(sys, "argv", ["/venv/bin/sceptre", "launch", "main"])
    interrupted.install(lambda: asked)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    said = capsys.readouterr().err
    assert said.count("\n") == lines
    assert ("What is in hand (wms-a, wms-b) is finished first" in said) is bool(asked)
    assert ("run the same command again" in said) is bool(asked)


@pytest.mark.parametrize("program", ["pytest", "/venv/bin/wms-connector", ""])
def test_another_program_keeps_its_handler(usual: None, monkeypatch: pytest.MonkeyPatch, program: str):
    monkeypatch.setattr(sys, "argv", [program])
    interrupted.install(lambda: ("wms-a",))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


_SCEPTRE = """
import signal, sys
# A shell's job in the background ignores the signal, and so do its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["sceptre"]
from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext
_, stacks = ConfigReader(SceptreContext(".", "main")).construct_stacks()
from connector.operations.turns import TURNS
for stack in stacks:
    TURNS.of(stack, print)._requests.asked.add(stack.external_name)
signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.slow
def test_sceptre_has_the_handler_as_soon_as_it_has_read_its_config():
    """As its process does: plugins are loaded when config/ is read, before a stack is touched."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", _SCEPTRE],
        cwd=ROOT,
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "What is in hand (wms-alarms-main, wms-alerts-main, " in done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
