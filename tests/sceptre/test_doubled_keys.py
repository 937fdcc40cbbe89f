"""A key that stands twice is refused, with file and lines: Sceptre would take the last one in silence."""

from pathlib import Path

import pytest

from connector.domain.errors import OperatorError
from connector.sceptre import doubled_keys
from connector.sceptre.doubled_keys import doubled
from tests.support.project import copy_project


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", [("a", 1, 3)]),
        ("connector:\n  kind: jdbc\n  kind: debezium\n", [("kind", 2, 3)]),
        ("connector: {kind: a, state: b, kind: c}\n", [("kind", 1, 1)]),
        ("list:\n  - {x: 1, x: 2}\n", [("x", 2, 2)]),
        ("a: {k: 1}\nb: {k: 1}\n", []),
        ('region: {{ environment.get("X") }}\n{{ hooks() }}\nregion: !tag z\n', [("region", 1, 3)]),
        ("{% if x %}\na: 1\n{% else %}\na: 2\n{% endif %}\n", []),
        ("a: [\n", []),
        ("", []),
        ("text", []),
    ],
)
def test_a_key_counts_once_in_each_mapping(text: str, found: list[tuple[str, int, int]]):
    assert list(doubled(text)) == found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path, "x")


@pytest.mark.parametrize("group", ["foundation", "main", "val", "production", "default", "ephemeral/x"])
def test_the_real_files_have_none(project: Path, group: str):
    doubled_keys.refuse(project, group)


@pytest.mark.parametrize(
    ("place", "groups"),
    [
        ("config.yaml", ["main", "ephemeral/x", "foundation"]),
        ("main/config.yaml", ["main"]),
        ("default/alarms.yaml", ["main", "ephemeral/x"]),
        ("ephemeral/x/config.yaml", ["ephemeral/x"]),
    ],
)
def test_every_file_of_a_stage_is_read_and_no_other(project: Path, place: str, groups: list[str]):
    path = project / "config" / place
    path.write_text(path.read_text() + "\nnew: iam\nnew: tls\n")
    last = len(path.read_text().splitlines())
    for group in ("main", "val", "ephemeral/x", "foundation"):
        if group not in groups and place not in ("config.yaml", "default/alarms.yaml"):
            doubled_keys.refuse(project, group)
            continue
        if place == "default/alarms.yaml" and group == "foundation":
            continue
        with pytest.raises(OperatorError) as refused:
            doubled_keys.refuse(project, group)
        assert f"says 'new' twice, in lines {last - 1} and {last}, and only" in str(refused.value)
