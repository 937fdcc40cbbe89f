"""A check of the whole stage uses the stacks that Sceptre launches, and renders no template twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext

from connector.sceptre import planned, preflight
from tests.support.project import copy_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    planned.forget()
    planned.install()
    yield copy_project(tmp_path)
    planned.forget()


def read(project: Path, path: str) -> dict[str, object]:
    """The stacks of a command, by name."""
    _, found = ConfigReader(SceptreContext(str(project), path)).construct_stacks()
    return {str(stack.name): stack for stack in found}


def test_of_a_command_for_a_stage_the_stacks_are_those_that_sceptre_launches(project: Path) -> None:
    mine = read(project, "main")
    read(project, "val")
    found = preflight.stacks_of_stage(mine["main/alerts"])  # type: ignore[arg-type]
    assert [str(stack.name) for stack in found] == sorted(mine)
    assert all(stack is mine[str(stack.name)] for stack in found)


def test_of_a_command_for_one_file_the_others_are_read_anew(project: Path) -> None:
    mine = read(project, "main/network.yaml")
    found = preflight.stacks_of_stage(mine["main/network"])  # type: ignore[arg-type]
    assert len(found) == 6
    assert not any(stack is each for stack in found for each in mine.values())


def test_a_stack_that_sceptre_did_not_read_here_has_none_beside_it(project: Path) -> None:
    mine = read(project, "main")
    planned.forget()
    assert planned.beside(mine["main/alerts"]) == frozenset()


def test_installing_it_twice_remembers_each_reading_once(project: Path) -> None:
    planned.install()
    read(project, "main")
    assert len(planned._read) == 1


def test_of_a_stage_that_may_have_an_earlier_group_the_stacks_are_read_anew(project: Path) -> None:
    """A stack keeps what `!connect_group` answered, and before the launch it may not know."""
    (project / "config" / "ephemeral").mkdir(exist_ok=True)
    (project / "config" / "ephemeral" / "a.b").symlink_to("../default")
    mine = read(project, "ephemeral/a.b")
    found = preflight.stacks_of_stage(mine["ephemeral/a.b/alerts"])  # type: ignore[arg-type]
    assert len(found) == 6
    assert not any(stack is each for stack in found for each in mine.values())
