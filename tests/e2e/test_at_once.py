"""Two commands on one stage at the same time, as two people run them: one of both stops in one line.

Which one that is may differ from run to run. What is left is always the work of the other one, whole.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support import traces
from tests.support.project import copy_project
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import StageUnderTest

pytestmark = [pytest.mark.e2e, pytest.mark.long]

S = Stage.parse("s")
PATH = "ephemeral/s"
ALL = set(S.names.stacks)
#: Each in a process of its own, which knows nothing of the other: this many seconds after the first.
PAIRS = {
    "two launches": ("launch", 0.3, "launch"),
    "a launch in a launch": ("launch", 12, "launch"),
    "a deletion, then a launch": ("delete", 2, "launch"),
    "a launch, then a deletion": ("launch", 2, "delete"),
    "a launch, then a late deletion": ("launch", 12, "delete"),
    "a deletion while the launch starts the workers": ("launch", 20, "delete"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("checkout"), S.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[World]:
    with World.up(tmp_path_factory.mktemp("at-once")) as made:
        made.grant(S)
        run = sceptre(made.env(), "launch", "foundation", "--yes", project=project)
        assert run.status == 0, run.output
        yield made


@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_commands_one_stops_in_a_line_and_leaves_no_stack_of_its_own(
    world: World, project: Path, pair: str
):
    first, seconds, second = PAIRS[pair]
    _prepare(world, project, stands=first == "delete")
    runs = _apart(world, project, first, seconds, second)
    stopped = [run for _, run in runs if run.status != 0]
    for run in stopped:
        assert "under way" in run.last_line or "a launch has begun since" in run.last_line, run.output
        assert "Traceback" not in run.output
        assert "gives no reason" not in run.output
    shown = "\n-----\n".join(run.output for _, run in runs)
    assert len(stopped) == 1, shown
    (done,) = [command for command, run in runs if run.status == 0]
    states = StageUnderTest(world, S).stack_states()
    if done == "launch":
        assert set(states) == ALL, shown
        assert {state.rpartition("_")[2] for state in states.values()} == {"COMPLETE"}, shown
    else:
        assert states == {}, shown
        assert traces.of(StageUnderTest(world, S)) == {}, shown


def _prepare(world: World, project: Path, *, stands: bool) -> None:
    """The stage stands, or has no stack."""
    command = "launch" if stands else "delete"
    run = sceptre(world.env(), command, PATH, "--yes", project=project)
    assert run.status == 0, run.output


def _apart(world: World, project: Path, first: str, seconds: float, second: str) -> list[tuple[str, Run]]:
    running = [(first, _start(world, project, first))]
    time.sleep(seconds)
    running.append((second, _start(world, project, second)))
    return [(command, _end(process)) for command, process in running]


def _start(world: World, project: Path, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # Sceptre's own pace, by which the pause between the two is chosen.
        [str(Path(sys.executable).with_name("sceptre")), command, PATH, "--yes"],
        cwd=project,
        env={**os.environ, **world.env(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> Run:
    output, _ = process.communicate(timeout=600)
    return Run(process.returncode, output)
