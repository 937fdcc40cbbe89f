"""What Sceptre says of a path without stacks, and what this project adds."""

from pathlib import Path

import pytest
from sceptre.context import SceptreContext
from sceptre.exceptions import ConfigFileNotFoundError
from sceptre.plan.plan import SceptrePlan

from connector.sceptre import excepthook, paths
from tests.support.project import copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("checkout"), "feature-xyz")


CASES = [
    ("Main", ["Did you mean main?", "write 'main' or choose another name"]),
    ("mian", ["Did you mean main?", "ephemeral create mian"]),
    ("feature-xyz", ["Did you mean ephemeral/feature-xyz?"]),
    ("ephemeral/feature-xzy", ["Did you mean ephemeral/feature-xyz?", "ephemeral create feature-xzy"]),
    ("team/one", ["No stage can have the name 'team/one'", "'team-one' would be one"]),
    ("feature/xyz", ["Did you mean ephemeral/feature-xyz?", "'feature-xyz' would be one"]),
    ("ephemeral/main", ["Did you mean main?"]),
    ("elsewhere", ["`wms-connector ephemeral create elsewhere`, then `sceptre launch ephemeral/elsewhere`"]),
    ("foundatoin", ["Did you mean foundation?"]),
]


@pytest.mark.parametrize(("path", "words"), CASES)
def test_a_path_without_stacks_is_answered_with_what_to_write(project: Path, path: str, words: list[str]):
    found = paths.meaning(path, project)
    assert all(word in found for word in words), found
    if "Did you mean" not in words[0]:
        assert "Did you mean" not in found


def test_sceptre_itself_says_it(project: Path):
    """Any command: each makes a plan, and this error is raised there."""
    excepthook.install()
    excepthook.install()
    plan = SceptrePlan(SceptreContext(str(project), "Main"))
    with pytest.raises(ConfigFileNotFoundError) as refused:
        plan.resolve("launch")
    text = str(refused.value)
    assert text.startswith("No stacks detected from the given path 'Main'. Did you mean main?")
    assert text.count("Did you mean") == 1


def test_a_stack_file_that_is_not_there_is_left_to_sceptre_which_lists_the_others(project: Path):
    assert paths.meaning("main/conector.yaml", project) == ""
