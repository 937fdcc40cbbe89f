"""What Sceptre would tell in a traceback, and what is left to it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext

from connector.sceptre import excepthook as sceptre_excepthook
from connector.sceptre.excepthook import explain


def raised(error: Exception) -> Exception:
    """`error` with a traceback of ours."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_endpoint_that_is_no_url_is_explained():
    words = explain(ValueError("Invalid endpoint: foo\nbar"))
    assert words is not None
    assert words.startswith("the AWS endpoint 'foo\\nbar' is not a URL; set AWS_ENDPOINT_URL to one like")


def sceptres(project: Path, group: str = "val") -> AttributeError:
    """What Sceptre's reader raises for this project."""
    with pytest.raises(AttributeError) as caught:
        ConfigReader(SceptreContext(str(project), group)).construct_stacks()
    return caught.value


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project of two stages, with Jinja, tags and a file that is empty."""
    config = tmp_path / "config"
    for stage in ("main", "val"):
        (config / stage).mkdir(parents=True)
        (config / stage / "a.yaml").write_text("template: {path: x.py}\nhooks: {before_update: [!cmd x]}\n")
    (config / "config.yaml").write_text("project_code: x\nregion: {{ environment_variable.HOME }}\n")
    (config / "main" / "config.yaml").write_text("# nothing is set here\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("desired_count 2\n", "'desired_count 2'"),
        ("5\n", "5"),
        ("true\n", "True"),
        ("- a\n", "['a']"),
        ("!!set {a}\n", "{'a'}"),
        ("x" * 100, f"'{'x' * 60}...'"),
    ],
)
def test_a_file_that_is_no_mapping_is_named_with_what_it_holds(project: Path, text: str, shown: str):
    wrong = project / "config" / "val" / "config.yaml"
    wrong.write_text(text)
    # Wrong too, in another way, and not read by this command.
    (project / "config" / "main" / "config.yaml").write_text("1\n")
    words = explain(sceptres(project), project)
    assert words is not None
    assert words.startswith(f"{wrong} holds {shown}, which is not a setting; expected lines like")


def test_a_stack_file_that_is_no_mapping_is_named_also_behind_a_link(project: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.yaml").write_text("- !cmd x\n")
    (project / "config" / "linked").symlink_to(elsewhere)
    words = explain(sceptres(project, "linked"), project)
    assert words is not None
    assert words.startswith(f"{project / 'config' / 'linked' / 'b.yaml'} holds [")


def test_a_file_that_stages_link_to_is_named_once(project: Path):
    shared = project / "config" / "default" / "b.yaml"
    shared.parent.mkdir()
    shared.write_text("5\n")
    for stage in ("main", "val"):
        (project / "config" / stage / "b.yaml").symlink_to(shared)
    words = explain(sceptres(project), project)
    assert words is not None
    assert words.startswith(f"{shared} holds 5, which is not a setting")


def test_all_files_that_hold_the_same_mistake_are_named(project: Path):
    files = [project / "config" / stage / "config.yaml" for stage in ("main", "val")]
    for path in files:
        path.write_text("5\n")
    words = explain(sceptres(project), project)
    assert words is not None
    assert words.startswith(f"{files[0]} and {files[1]} hold 5, which is not a setting")


@pytest.mark.parametrize(
    ("text", "place"), [("a {{ 1 + 1 }}\n", "val/config.yaml"), ("{% if 1 %}a 2{% endif %}\n", "")]
)
def test_what_jinja_made_is_shown_and_its_file_is_named_where_it_is_no_mapping_before(
    project: Path, text: str, place: str
):
    (project / "config" / "val" / "config.yaml").write_text(text)
    words = explain(sceptres(project), project)
    assert words is not None
    named = str(project / "config" / place) if place else "a file below config/"
    assert words.startswith(f"{named} holds 'a 2', which is not a setting")


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["launch", "val"], ""),
        (["--dir", "sub", "launch", "val"], "sub"),
        (["--dir=sub", "launch", "val", "--yes"], "sub"),
        (["--dir"], ""),
    ],
)
def test_the_project_is_the_one_that_the_command_line_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path, arguments: list[str], where: str
):
    wrong = project / "config" / "val" / "config.yaml"
    wrong.write_text("5\n")
    error = sceptres(project)
    (tmp_path / "run").mkdir()
    project.joinpath("config").rename(tmp_path / "run" / "config")
    if where:
        (tmp_path / "run" / where).mkdir()
        (tmp_path / "run" / "config").rename(tmp_path / "run" / where / "config")
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.setattr(sys, "argv", ["sceptre", *arguments])
    words = explain(error)
    assert words is not None
    assert words.startswith(f"{tmp_path / 'run' / where / 'config' / 'val' / 'config.yaml'} holds 5")


def of_a_text() -> Exception:
    """Ours: the same error as Sceptre's for a text, raised elsewhere."""
    text: Any = "x"
    with pytest.raises(AttributeError) as caught:
        text.update({})
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        of_a_text(),
        ValueError("not an Invalid endpoint: foo"),
        UnicodeError("Invalid endpoint: foo"),
        AttributeError("'str' object has no attribute 'update'"),
        KeyError("child_config"),
    ],
)
def test_a_mistake_of_ours_is_not_explained_away(error: Exception):
    assert explain(raised(error)) is None


def test_what_is_explained_is_printed_in_one_line_and_the_rest_is_left_to_the_hook_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    left: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: left.append(error))
    sceptre_excepthook.install()
    sceptre_excepthook.install()
    ours = KeyError("x")
    for error in (ValueError("Invalid endpoint: foo"), ours):
        sys.excepthook(type(error), error, None)
    assert capsys.readouterr().err.startswith("error: the AWS endpoint 'foo' is not a URL")
    assert left == [ours]
