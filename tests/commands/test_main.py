import errno
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connector import cli
from connector.commands.lazy import Lazy, LazyGroup
from connector.domain.errors import OperatorError, ServerError
from connector.local import toolchain
from connector.local.oracle import plugin
from tests.commands.conftest import Run, assert_one_line

COMMANDS = {
    "acknowledge",
    "backup",
    "adopt",
    "broker-script",
    "check",
    "completion",
    "connector",
    "deployer-policy",
    "ephemeral",
    "explain",
    "fire-drill",
    "local",
    "logs",
    "maintenance",
    "offsets",
    "pause",
    "plan",
    "reconcile",
    "restart",
    "rotate",
    "resume",
    "secret-script",
    "snapshot",
    "status",
    "stop",
    "verify",
    "oracle-script",
    "image",
    "rebuild",
    "render",
    "stage",
    "topics",
}


def test_help_lists_every_command_and_what_it_is_for(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    sections = result.stdout[result.stdout.index("Look at a stage:") :]
    listed = {line.split()[0] for line in sections.splitlines() if line.startswith("  ")}
    assert listed == set(cli._COMMANDS) == COMMANDS


def commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command below `command`, as the words that call it."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [path, *(found for name, sub in below if sub for found in commands(sub, (*path, name)))]


def test_every_command_has_help(run: Run) -> None:
    found = commands(cli.main)
    assert ("stage", "show") in found
    for path in found:
        for flag in ("--help", "-h"):
            result = run(*path, flag)
            assert result.exit_code == 0
            assert "Usage: wms-connector" in result.stdout


def doubled_words(text: str) -> list[str]:
    """Words that follow themselves, also across a line's end.

    A list of names has `pause  Pause the connector`: a capital only in the second word starts another text.
    `wms-connector connector` is no doubled word.
    """
    pairs = re.findall(r"(?<![\w-])([A-Za-z]+)(?=\s+([A-Za-z]+)(?![\w-]))", text)
    return [first for first, second in pairs if second in (first, first.lower())]


def test_no_help_text_doubles_a_word(run: Run) -> None:
    assert doubled_words("Run\n  run it; pause  Pause it it; wms-connector connector.") == ["Run", "it"]
    doubled = {path: doubled_words(run(*path, "--help").stdout) for path in commands(cli.main)}
    assert {path: words for path, words in doubled.items() if words} == {}


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout.startswith("wms-connector, version ")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("stage", "nonsense"), ("stage", "show"), ("--nonsense",)]
)
def test_a_wrong_usage_exits_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_help_and_names_import_nothing_heavy() -> None:
    """Starting must take a moment, not a second: what is slow to import is not imported."""
    code = (
        "import sys; from click.testing import CliRunner; from connector.cli import main\n"
        "for args in ('--help', 'stage show main --json', 'connector config main --json'):\n"
        "    assert CliRunner().invoke(main, args.split()).exit_code == 0\n"
        "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    heavy = {
        "boto3",
        "botocore",
        "sceptre",
        "troposphere",
        "pydantic",
        "rich",
        "kafka",
        "ministack",
        "templates",
    }
    assert not heavy & set(done.stdout.split())


def group(**lazy: Lazy) -> LazyGroup:
    return LazyGroup("group", lazy=lazy)


def test_a_command_whose_module_is_not_there_is_not_offered() -> None:
    made = group(gone=Lazy("connector.no_such_module:x", "Gone."), deep=Lazy("no_such.package.x:x", "Gone."))
    assert made.list_commands(click.Context(made)) == []
    result = CliRunner().invoke(made, ["gone"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_a_missing_dependency_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_dependency")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(group(x=Lazy("needs_more:x", "X.")), ["x"])
    assert result.exit_code == 2
    assert "needs the package no_such_dependency; run `uv sync`" in result.stderr


def test_a_module_of_ours_that_is_missing_is_our_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_ours.py").write_text("import connector.no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(group(x=Lazy("needs_ours:x", "X.")), ["x"])
    assert isinstance(result.exception, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("error", "status"), [(OperatorError("your\nmistake"), 2), (ServerError("their\nmistake"), 1)]
)
def test_errors_of_ours_print_one_line_and_exit_with_their_status(error: Exception, status: int) -> None:
    made = group()

    @made.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(made, ["fail"])
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr == f"error: {error}\n"
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "/proc/x\ny"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/proc/x\ny"),
    ],
)
def test_a_place_that_cannot_be_used_is_one_line(error: OSError) -> None:
    made = group()

    @made.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(made, ["fail"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: cannot read or write /proc/x y: {error.strerror}; ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("place", "shown"), [((), ""), (("/x/y",), " /x/y")])
def test_a_full_disk_is_one_line(place: tuple[str, ...], shown: str) -> None:
    made = group()

    @made.command()
    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", *place)

    result = CliRunner().invoke(made, ["fail"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"error: cannot write{shown}: No space left on device; make room")


@pytest.mark.parametrize(
    "error", [OSError("no file in it"), TimeoutError("timed out"), ValueError("a mistake of ours")]
)
def test_an_error_that_names_no_file_is_our_mistake(error: Exception) -> None:
    made = group()

    @made.command()
    def fail() -> None:
        raise error

    assert CliRunner().invoke(made, ["fail"]).exception is error


def test_a_reader_that_went_away_is_no_mistake() -> None:
    made = group()

    @made.command()
    def fail() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe", "<stdout>")

    result = CliRunner().invoke(made, ["fail"])
    assert (result.exit_code, result.stderr) == (1, "")


def test_an_endpoint_that_is_no_url_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "foo")
    for command in (("ephemeral", "list"), ("topics", "plan", "a"), ("image", "status")):
        assert_one_line(run(*command), "the AWS endpoint 'foo' is not a URL; set AWS_ENDPOINT_URL")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place where nobody can write")
def test_a_world_cannot_be_where_nobody_can_write(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((toolchain, "find"), (plugin, "worker_home")):
        monkeypatch.setattr(module, name, lambda *_: None)
    result = run("local", "up", "--directory", "/proc/x")
    assert result.exit_code == 2
    assert "error: cannot read or write /proc/x: No such file or directory" in result.stderr
