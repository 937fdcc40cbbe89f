"""`wms-connector local` without a world, and the environment it prints."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from connector.domain.errors import OperatorError
from connector.local import aws, world_cli
from connector.local.cli import local
from connector.local.state import WorldState
from connector.operations import confirmation


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    # As the whole program does: click keeps a command's help option as it was asked for first.
    result = CliRunner().invoke(local, arguments, help_option_names=["-h", "--help"])
    return result.exit_code, result.stdout, result.exception


@pytest.fixture
def directory(tmp_path: Path) -> str:
    WorldState(tmp_path / "w", "http://127.0.0.1:4777", enforce_iam=False).save()
    return str(tmp_path / "w")


@pytest.mark.parametrize("command", [[], ["up"], ["down"], ["status"], ["env"]])
def test_every_command_explains_itself(command: list[str]):
    code, text, _ = run(*command, "--help")
    assert (code, "Usage:" in text) == (0, True)


def test_the_status_of_nothing_is_not_running(tmp_path: Path):
    code, text, _ = run("status", "--json", "--directory", str(tmp_path / "none"))
    assert (code, json.loads(text)) == (1, {"running": False})


def test_down_of_nothing_is_no_error(tmp_path: Path):
    assert run("down", "--directory", str(tmp_path / "none"))[0] == 0


def test_env_of_nothing_says_what_to_do(tmp_path: Path):
    _, _, error = run("env", "--directory", str(tmp_path / "none"))
    assert isinstance(error, OperatorError)
    assert "run `wms-connector local up`" in str(error)


@pytest.mark.parametrize("world", [None, "[]", '{"format": 1}'])
def test_env_without_a_world_leads_nowhere(tmp_path: Path, world: str | None):
    """`eval` goes on whatever happens, and the shell may have credentials of a real account."""
    if world is not None:
        (tmp_path / "world.json").write_text(world)
    _, text, error = run("env", "--directory", str(tmp_path))
    assert isinstance(error, OperatorError)
    assert text == "export AWS_ENDPOINT_URL=http://127.0.0.1:9\n"


def test_env_exports_the_endpoint_and_takes_foreign_settings_away(directory: str):
    _, text, _ = run("env", "--directory", directory)
    lines = text.splitlines()
    assert lines[0] == f"unset {' '.join(aws.FOREIGN)}"
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4777" in lines
    assert "export AWS_ACCESS_KEY_ID=test" in lines


def test_env_as_json_has_the_same_variables(directory: str):
    _, text, _ = run("env", "--json", "--directory", directory)
    assert json.loads(text) == aws.client_environment("http://127.0.0.1:4777")


def test_a_callers_exceptions_from_the_proxy_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example.com,127.0.0.1")
    assert aws.client_environment("x")["NO_PROXY"] == "intranet.example.com,127.0.0.1,localhost,127.0.0.0/8"


def test_down_asks_before_it_removes_a_world(directory: str, monkeypatch: pytest.MonkeyPatch):
    """As every other command that removes something: refused where nobody can be asked."""
    gone: list[str] = []
    world = SimpleNamespace(down=lambda: gone.append(directory))
    monkeypatch.setattr(world_cli, "worlds", lambda: SimpleNamespace(attach=lambda _: world))
    _, _, error = run("down", "--directory", directory)
    assert isinstance(error, OperatorError)
    assert "its stacks, secrets, topics and rows? Nobody can be asked without a terminal: add --yes" in str(
        error
    )
    monkeypatch.setattr(confirmation, "on_terminal", lambda: True)
    assert (run("down", "--directory", directory)[0], gone) == (1, [])
    assert (run("down", "--yes", "--directory", directory)[0], gone) == (0, [directory])
