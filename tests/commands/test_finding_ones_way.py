"""A slip is answered with what was meant; help has examples that work; shells complete stages."""

import os
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete
from hypothesis import given
from hypothesis import strategies as st

from connector import cli
from connector.commands import completion, completion_script, examples, output
from connector.domain.stage.likeness import close_to
from connector.domain.stage.stage import NAMED_STAGES, Stage, refusal
from tests.commands.conftest import Run, assert_one_line
from tests.commands.test_main import commands
from tests.support.aws_answers import refuse
from tests.support.fake_aws import OWNER, FakeAws

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("wms-connector")


def command_of(words: tuple[str, ...]) -> tuple[click.Command, click.Context]:
    found: click.Command = cli.main
    # With its settings: click keeps a command's help option as it was asked for first.
    context = click.Context(cli.main, info_name="wms-connector", **cli.main.context_settings)
    for word in words:
        assert isinstance(found, click.Group)
        below = found.get_command(context, word)
        assert below is not None, words
        found, context = below, click.Context(below, parent=context, info_name=word)
    return found, context


def leaves() -> list[tuple[str, ...]]:
    return [path for path in commands(cli.main) if not isinstance(command_of(path)[0], click.Group)]


# -- examples ------------------------------------------------------------------


def test_every_command_has_examples_and_every_example_has_its_command(run: Run):
    assert {path for path in leaves() if path not in examples.EXAMPLES} == set()
    assert set(examples.EXAMPLES) <= set(leaves())
    shown = run("status", "--help").stdout
    assert (
        "Examples:\n    wms-connector status main\n    wms-connector status main --watch --every 30\n"
        in shown
    )


def invocation(line: str, path: tuple[str, ...]) -> list[str]:
    """The words behind `wms-connector` in an example, as a shell makes them."""
    text = line.removeprefix('eval "$(').removesuffix(')"')
    part = next(each for each in text.split(" | ") if f"wms-connector {' '.join(path)}" in each)
    words = shlex.split(part.partition(" && ")[0].partition(" > ")[0])
    return words[words.index("wms-connector") + 1 :]


@pytest.mark.parametrize("path", sorted(examples.EXAMPLES))
def test_every_example_is_what_click_takes(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("offsets-main.json").touch()
    for line in examples.EXAMPLES[path]:
        words = invocation(line, path)
        assert tuple(words[: len(path)]) == path, line
        command, context = command_of(path)
        command.make_context(path[-1], words[len(path) :], parent=context.parent)


@pytest.mark.parametrize("path", [*commands(cli.main)])
def test_no_help_has_a_mark_of_clicks_in_it(path: tuple[str, ...]):
    """A raw docstring hands click the two characters, which it prints."""
    command, context = command_of(path)
    assert "\\b" not in command.get_help(context)


def test_the_actions_of_offsets_have_a_line_each(run: Run):
    shown = run("offsets", "--help").stdout
    assert "\n  show           print them as JSON\n  backup         write them to a file\n" in shown
    assert "wms-connector offsets main backup" in shown


# -- did you mean ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("stauts", "Did you mean 'status'?"),
        ("verfy main", "Did you mean 'verify'?"),
        ("lunch", "Run `sceptre launch STAGE`"),
        ("launch main", "Run `sceptre launch STAGE`"),
        ("health main", "Run `wms-connector check STAGE`"),
        ("verison", "Run `wms-connector --version`"),
        ("local insrt", "Did you mean 'insert'?"),
        ("local launch", "Run `sceptre launch STAGE`"),
        ("ephemeral crate", "Did you mean 'create'?"),
        ("stage shwo", "Did you mean 'show'?"),
        ("status main --jsn", "Did you mean '--json'?"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(run: Run, words: str, answer: str):
    result = run(*words.split())
    assert result.exit_code == 2
    assert answer in result.stderr


def test_what_resembles_nothing_gets_no_guess(run: Run):
    assert "Did you mean" not in run("qqqqqq").stderr
    assert "Run `" not in run("qqqqqq").stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ephemeral/feature-xyz", "that is a path; write 'feature-xyz'"),
        ("config/main/", "write 'main' (only sceptre takes the path main)"),
        ("main/connector.yaml", "write 'main'"),
        ("./config/ephemeral/x", "write 'x' (only sceptre takes the path ephemeral/x)"),
        ("ephemeral/main", "'main' is a named stage: write 'main', to sceptre too"),
        ("feature/x", "1 to 64 characters"),
        ("ephemeral/feature/x", "1 to 64 characters"),
        ("ephemeral/default", "1 to 64 characters"),
        ("Main", "write 'main' or choose another name"),
    ],
)
def test_a_path_of_sceptres_is_answered_with_the_stage_to_write(run: Run, text: str, words: str):
    assert_one_line(run("status", text), words)


@given(st.from_regex(r"[a-z.]{1,9}/[a-zA-Z0-9./_-]{1,30}", fullmatch=True))
def test_no_path_is_a_stage_and_what_is_offered_instead_is_one(path: str):
    reason = refusal(path)
    assert reason is not None
    if "write '" in reason:
        assert refusal(reason.partition("write '")[2].partition("'")[0]) is None


def test_a_mistyped_stage_is_not_advised_to_be_made_without_a_question(run: Run, aws: FakeAws):
    result = run("status", "mian")
    assert result.exit_code == 1
    where = f"stage 'mian' is not deployed in account {OWNER}, region us-east-1: it has no stacks."
    assert result.stderr.startswith(f"error: {where} Did you mean main? If you did not, ")


@pytest.mark.parametrize("command", ["status", "verify", "restart", "offsets", "check"])
def test_an_ephemeral_stage_that_stands_is_offered_too(run: Run, aws: FakeAws, command: str):
    standing = FakeAws.with_stage(Stage("feature-xyz"), datetime.now(UTC))
    aws.stacks = {
        name: {
            **stack,
            "CreationTime": datetime.now(UTC),
            "Tags": [
                {"Key": "project", "Value": "wms-connector"},
                {"Key": "stage", "Value": "feature-xyz"},
                {"Key": "ephemeral", "Value": "true"},
            ],
        }
        for name, stack in standing.stacks.items()
    }
    result = run(command, "feature-xzy")
    assert result.exit_code == 1
    assert "Did you mean feature-xyz?" in result.stderr
    assert f"account {OWNER}, region us-east-1" in result.stderr
    assert "wms-connector ephemeral create feature-xzy`, then" in result.stderr


def test_who_may_not_list_stacks_still_gets_the_named_stages_and_the_region(run: Run, aws: FakeAws):
    denied = refuse("DescribeStacks", "AccessDenied", "no")
    aws.refusals["cloudformation", "describe_stacks"] = lambda asked: None if "StackName" in asked else denied
    aws.refusals["sts", "get_caller_identity"] = lambda _: refuse("GetCallerIdentity", "ExpiredToken", "old")
    result = run("status", "mian")
    assert "is not deployed in this account, region us-east-1" in result.stderr
    assert "Did you mean main?" in result.stderr


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("mian", {"main", "val"}, ["main"]),
        ("prod", {"production", "main"}, []),
        ("productoin", {"production"}, ["production"]),
        ("FEATURE-X", {"feature-x"}, ["feature-x"]),
        ("feature-x", {"feature-x"}, []),
        ("x", {"main", "val", "production"}, []),
    ],
)
def test_only_what_is_close_is_offered(name: str, known: set[str], meant: list[str]):
    assert close_to(name, known) == meant


# -- completion --------------------------------------------------------------------


def complete(*words: str, incomplete: str = "") -> list[CompletionItem]:
    return ShellComplete(cli.main, {}, "wms-connector", "_X").get_completions(list(words), incomplete)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one branch's stage, in which the shell stands."""
    (tmp_path / "config" / "ephemeral" / "feature-xyz").mkdir(parents=True)
    (tmp_path / "config" / "ephemeral" / "config.yaml").touch()
    (tmp_path / "config" / "config.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stages_are_completed_from_this_checkout(checkout: Path):
    assert [item.value for item in complete("status")] == [*NAMED_STAGES, "feature-xyz"]
    assert [item.value for item in complete("status", incomplete="fe")] == ["feature-xyz"]
    assert [item.value for item in complete("explain", "--stage", incomplete="v")] == ["val"]
    assert [item.value for item in complete("ephemeral", "destroy", incomplete="f")] == ["feature-xyz"]


def test_commands_and_options_are_completed():
    assert "status" in {item.value for item in complete(incomplete="st")}
    assert "insert" in {item.value for item in complete("local", incomplete="in")}
    assert {item.value for item in complete("status", "main", incomplete="--w")} == {"--watch"}


def test_every_argument_that_is_a_stage_completes_stages():
    """A new command has it by its metavar."""
    for path in leaves():
        command, _ = command_of(path)
        for param in command.params:
            if completion.is_stage(param):
                assert isinstance(param.type, completion.StageName), path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch, shell: str):
    monkeypatch.setattr(completion_script, "_bash_version", lambda: (5, 2))
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_WMS_CONNECTOR_COMPLETE" in result.stdout


def test_a_bash_that_is_too_old_is_refused_and_nothing_is_printed_for_eval(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(completion_script, "_bash_version", lambda: (3, 2))
    assert_one_line(run("completion", "bash"), "bash 3.2 is too old", "zsh and fish can")


def test_bash_itself_completes_a_stage(tmp_path: Path):
    """As a person has it: the script evaluated, then the function called that Tab calls."""
    script = (
        f'eval "$({shlex.quote(str(PROGRAM))} completion bash)"; '
        "COMP_WORDS=(wms-connector status v); COMP_CWORD=2; _wms_connector_completion wms-connector; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["val"], done.stderr


# -- tables ------------------------------------------------------------------------


def test_a_table_in_a_pipe_has_no_padding_and_no_colour(capsys: pytest.CaptureFixture[str]):
    rows = [("a", "b" * 500), ("long" * 30, "c 语" * 100)]
    output.print_table("T" * 300, rows, headers=("x", "y"), states={"a": True, "long" * 30: False})
    lines = capsys.readouterr().out.splitlines()
    assert all(line == line.rstrip() for line in lines)
    assert "T" * 300 in lines
    for row in rows:
        assert any(all(cell in line for cell in row) for line in lines)
    assert "\x1b" not in "\n".join(lines)


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_table_fits_its_terminal_and_is_coloured_there_only(no_color: str, coloured: bool):
    code = (
        "from connector.commands.output import print_table\n"
        "print_table('T', [('a', 'word ' * 40)], states={'a': False})"
    )
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": "60",
        "LINES": "40",
        "NO_COLOR": no_color,
    }
    if not no_color:
        del environment["NO_COLOR"]
    text = on_a_terminal([sys.executable, "-c", code], environment)
    plain = click.unstyle(text)
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= 60
    assert ("\x1b[31m" in text) is coloured


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    import pty  # noqa: PLC0415 - only where there are terminals

    ours, theirs = pty.openpty()
    done = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert done.wait(30) == 0, text
    return text.decode()


@pytest.mark.parametrize(
    ("values", "bars"),
    [((), ""), ((0, 0), "▁▁"), ((0, 4, 8), "▁▅█"), ((1,), "█"), ((-1, 8), "▁█")],
)
def test_a_sparkline_goes_from_nothing_to_the_highest(values: tuple[float, ...], bars: str):
    assert output.sparkline(values) == bars
    assert output.sparkline(values, plain=True).isascii()


def test_a_command_that_takes_long_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(output, "_SIGN_SECONDS", 0.01)
    with output.waiting("main: asking", always=True):
        end = time.monotonic() + 20
        while not (said := capsys.readouterr().err) and time.monotonic() < end:
            time.sleep(0.01)
    assert said == "main: asking\n"
    with output.waiting("over before", always=True):
        pass
    with output.waiting("for a terminal"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_a_command_that_takes_longer_says_so_again_where_there_is_no_terminal_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(output, "LINE_SECONDS", 0.02)
    said = ""
    with output.waiting("main: asking"):
        end = time.monotonic() + 20
        while said.count("\n") < 2 and time.monotonic() < end:
            said += capsys.readouterr().err
            time.sleep(0.01)
    assert said.startswith("main: asking (0 s)\nmain: asking (0 s)\n")


# -- times -------------------------------------------------------------------------


_CPU = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], capture_output=True, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""


def test_the_help_takes_a_moment():
    """0.4 s at most, of processor time, since other tests keep the processors busy."""
    command = [sys.executable, "-c", _CPU, str(PROGRAM), "--help"]
    assert min(float(subprocess.check_output(command, text=True)) for _ in range(5)) <= 0.4


_IMPORTED = """
import sys
from click.testing import CliRunner
from connector.cli import main
for words in sys.argv[1:]:
    done = CliRunner().invoke(main, [*words.split(), "--help"], prog_name="wms-connector")
    assert done.exit_code == 0, words
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_the_help_of_no_command_an_operator_types_imports_what_takes_long():
    """What a command calls is imported when it runs."""
    typed = ["status", "verify", "check", "logs", "restart", "connector diff", "topics plan", "local insert"]
    typed += ["local consume", "local mails", "local sql", "local up", "oracle-script", "secret-script"]
    command = [sys.executable, "-c", _IMPORTED, *typed]
    imported = set(subprocess.check_output(command, text=True, cwd=ROOT, timeout=60).split())
    assert imported & {"boto3", "kafka", "sceptre", "troposphere", "pydantic", "ministack"} == set()
