"""What reading `config/` costs with the directories of many stages; no call leaves the machine."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sceptre.context import SceptreContext
from sceptre.plan.plan import SceptrePlan

from connector.domain.stage.stage import Stage
from connector.operations.ephemeral_directory import GROUP, Project
from connector.operations.ephemeral_teardown import narrowed
from connector.sceptre.render import render
from tests.support.project import copy_project

if TYPE_CHECKING:
    from tests.bench.growth import Meter

_FAR = date(2999, 1, 1)


def names(count: int) -> list[str]:
    """Names of that many branches, the same at each size."""
    return [f"growth-{number:04d}" for number in range(count)]


def measure(meter: "Meter", project: Path, sizes: Sequence[int]) -> None:
    """Rendering and the reading of a teardown; leaves a project with directories for the largest size."""
    copy_project(project)
    # What is read once for each process, and the first import, belong to no stage.
    render(["main"], project=project)
    made = 0
    for size in sizes:
        _make(project, names(size)[made:])
        made = size
        for operation, run in (
            ("render every stage", partial(render, names(size), project=project)),
            ("render one of them", partial(render, names(1), project=project)),
            ("`ephemeral destroy`: read `config/`", partial(_plan, project, *names(1))),
        ):
            meter.measure(operation, "stages", size, run)


def _make(project: Path, branches: Sequence[str]) -> None:
    for branch in branches:
        Project(project).create(Stage.parse(branch), "bench@example.com", _FAR)


def _plan(project: Path, branch: str) -> None:
    """What `sceptre delete` does before its first stack, where `ephemeral destroy` runs it."""
    group = f"{GROUP}/{branch}"
    with narrowed(project, group) as narrow:
        plan = SceptrePlan(SceptreContext(str(narrow), group, full_scan=True))
        plan.resolve(command="delete", reverse=True)
    assert sum(map(len, plan.launch_order)) == len(Stage.parse(branch).names.stacks)
