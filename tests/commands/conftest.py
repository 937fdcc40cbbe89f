import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.aws import account
from connector.cli import main
from tests.support.fake_aws import FakeAws

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs `wms-connector` with the given arguments; `stdin` is text or bytes."""

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin, prog_name="wms-connector")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def run_json(run: Run) -> Callable[..., Any]:
    """Runs a command with --json and reads what it prints."""

    def invoke(command: str, *arguments: str, stdin: str | bytes | None = None) -> Any:
        result = run(*command.split(), "--json", *arguments, stdin=stdin)
        assert result.exit_code == 0, result.stderr
        assert result.stderr == ""
        return json.loads(result.stdout)

    return invoke


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """The account, still empty, that the commands find behind the environment's credentials."""
    made = FakeAws()
    monkeypatch.setattr(account, "Account", lambda **_: made)
    return made


def assert_one_line(result: Result, *words: str) -> None:
    """The command refused: status 2, nothing on stdout, one line on stderr with all of `words`."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
