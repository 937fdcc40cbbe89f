"""How long a launch of a stage takes that is there already, beside Sceptre's floor.

Run as `python -m tests.bench.relaunch` (`make bench`). The floor is the same stacks with the same templates,
launched by stock Sceptre from a copy of the project without our hooks and resolvers: each stack file is what
Jinja makes of it, `hooks` left out, each of our resolvers replaced by the value to which it resolves.
Sceptre's own `!stack_output_external` stays. Sceptre does not see our plugins, so it does not import them
either. The two take turns on one local world. Both wait as Sceptre waits: 4 seconds for each look at a stack
that changes.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext
from sceptre.resolvers import Resolver

from connector.local.state import ROOT
from connector.local.world import World
from tests.bench.worker_memory import launch, say
from tests.support.project import copy_project, set_settings

STAGE = "main"
#: The most that an unchanged stage's launch may take, as a multiple of the floor.
LIMIT = 1.2
_TIMES = 7
#: What changes one stack and no other, the alarms': the setting's name and its two values.
_SETTING, _VALUES = "alarm_mails", ("every", "once")
_SCEPTRE = Path(sys.executable).with_name("sceptre")
#: Sceptre's own command, to which our plugins do not exist.
_STOCK = """
import sys
from importlib import metadata
found = metadata.entry_points
def stock(**wanted):
    ours = ("hooks.", "resolvers.")
    return metadata.EntryPoints(each for each in found(**wanted) if not each.module.startswith(ours))
metadata.entry_points = stock
from sceptre.cli import cli
sys.argv[0] = "sceptre"
cli()
"""


@dataclass(frozen=True)
class Relaunch:
    """Medians in seconds: of an unchanged stage, and of one of whose stacks one has changed."""

    unchanged: float
    floor: float
    changed: float
    changed_floor: float
    runs: int = _TIMES
    #: What each run took, by the names above.
    took: Mapping[str, list[float]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """An unchanged stage's launch as a multiple of the floor."""
        return self.unchanged / self.floor

    @property
    def changed_ratio(self) -> float:
        """The same for a launch that changes one stack."""
        return self.changed / self.changed_floor


def measure(world: World, directory: Path, runs: int = _TIMES) -> Relaunch:
    """Measure on a world in which the foundation and the stage are launched as the checkout says.

    `directory` is where the copies of the project go. RuntimeError if a launch fails.
    """
    environment = {**os.environ, **world.env()}
    projects, floors = [], []
    for value in (_VALUES[1], _VALUES[0]):
        project = set_settings(copy_project(directory / value / "ours"), STAGE, **{_SETTING: value})
        floor = directory / value / "floor"
        words = [sys.executable, "-m", "tests.bench.relaunch", str(project), str(floor)]
        subprocess.run(words, cwd=ROOT, env=environment, check=True)
        projects.append(project)
        floors.append(floor)
    took: dict[str, list[float]] = {}
    launch_ours, launch_floor = [str(_SCEPTRE)], [sys.executable, "-P", "-c", _STOCK]
    for run in range(runs + 1):
        for name, words, project in (
            ("unchanged", launch_ours, projects[0]),
            ("floor", launch_floor, floors[0]),
        ):
            seconds = _run(environment, project, *words, "launch", STAGE, "--yes")
            # The first run of each settles what the two write differently, such as the order of a list.
            if run:
                took.setdefault(name, []).append(seconds)
    for _ in range(max(2, runs // 2)):
        for name, words, (as_it_is, other) in (
            ("changed", launch_ours, projects),
            ("changed_floor", launch_floor, floors),
        ):
            took.setdefault(name, []).append(_run(environment, other, *words, "launch", STAGE, "--yes"))
            _run(environment, as_it_is, *words, "launch", STAGE, "--yes")
    medians = {name: statistics.median(seconds) for name, seconds in took.items()}
    return Relaunch(**medians, runs=runs, took=took)


def _run(environment: Mapping[str, str], project: Path, *words: str) -> float:
    began = time.monotonic()
    done = subprocess.run(
        words, cwd=project, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"{project}: {' '.join(words[-3:])}: {(done.stdout + done.stderr).decode()[-2000:]}"
        )
    return time.monotonic() - began


def write_floor(project: Path, target: Path) -> None:
    """Write the copy of a project that stock Sceptre launches, with what resolvers answer now."""
    (target / "templates").parent.mkdir(parents=True, exist_ok=True)
    (target / "templates").symlink_to(project / "templates")
    config = target / "config"
    (config / STAGE).mkdir(parents=True)
    _, stacks = ConfigReader(SceptreContext(str(project), STAGE)).construct_stacks()
    for stack in stacks:
        kept = {
            "template": stack.template_handler_config,
            "stack_name": stack.external_name,
            "stack_tags": stack.tags,
            "dependencies": [str(other.name) + ".yaml" for other in stack.dependencies],
            "sceptre_user_data": stack.sceptre_user_data,
        }
        lines = [f"{key}: {json.dumps(value)}" for key, value in kept.items()]
        lines += _parameters(stack)
        name = str(stack.name).rpartition("/")[2]
        (config / STAGE / f"{name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (config / "config.yaml").write_text(
            f"project_code: {stack.project_code}\nregion: {stack.region}\n", encoding="utf-8"
        )


def _parameters(stack: Any) -> Iterable[str]:
    """The stack's parameters as YAML, Sceptre's own resolvers as their tags."""
    yield "parameters:"
    for name, value in stack._parameters.items():
        if isinstance(value, Resolver):
            yield f"  {name}: !stack_output_external {json.dumps(value.argument)}"
        else:
            yield f"  {name}: {json.dumps(value)}"
    if not stack._parameters:
        yield "  {}"


def main() -> int:
    """Print the figures; 1 if one is above its limit."""
    with tempfile.TemporaryDirectory() as directory, World.up(Path(directory) / "world") as world:
        project = copy_project(Path(directory) / "project")
        launch(world, project, "foundation")
        launch(world, project, STAGE)
        found = measure(world, Path(directory))
    for name, seconds in found.took.items():
        say(f"  {name:14} {statistics.median(seconds):6.2f} s  of " + " ".join(f"{s:.2f}" for s in seconds))
    say(f"  an unchanged stage: {found.ratio:.2f} of the floor, at most {LIMIT} are promised")
    say(f"  one stack changed: {found.changed_ratio:.2f} of the floor")
    return int(found.ratio > LIMIT)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_floor(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        sys.exit(main())
