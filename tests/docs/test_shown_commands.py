"""Every command that a page shows is one that its program takes: a reader types it as it stands there."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from sceptre.cli import cli as sceptre

from connector.cli import main
from tests.docs.blocks import ROOT

PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    # Decisions tell what was so when they were taken.
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions"),
    *sorted((ROOT / "connector").rglob("README.md")),
)
PROGRAMS: dict[str, click.Group] = {"wms-connector": main, "sceptre": sceptre}
#: What a reader puts in for the angle brackets; a word elsewhere.
FILLED = {"<account>": "123456789012", "<arn>": "arn:aws:iam::123456789012:policy/x", "<stage>": "main"}

_BRACKETS = re.compile(r"<[^<>`]+>")
_EVAL = re.compile(r'^eval "\$\((.*)\)"')
_FENCE = re.compile(r"^( *)```")
_INLINE = re.compile(r"(?<!`)`(wms-connector|sceptre) ([^`]+)`(?!`)")


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each command of ours in a line of a shell."""
    text = _BRACKETS.sub(lambda found: FILLED.get(found[0], "x"), _EVAL.sub(r"\1", line.removeprefix("$ ")))
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();|&<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, "&&"]:
        if set(word) <= set("();|&<>"):
            if words and words[0] in PROGRAMS:
                yield words
            words = []
        else:
            words.append(word)


def shown(text: str) -> Iterator[list[str]]:
    """The commands in the blocks of a page."""
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif (fenced or line.startswith("    ")) and re.match(
            r'(\$ )?(eval "\$\()?(wms-connector|sceptre) ', line.strip()
        ):
            yield from _commands(line.strip())


def named(text: str) -> Iterator[list[str]]:
    """The commands within sentences, which may leave out what every reader adds."""
    for program, words in _INLINE.findall(text):
        if not words.startswith("COMMAND "):
            yield from _commands(f"{program} {words}")


def _leaf(words: Sequence[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The command that the first words name, with its context, and the words behind it."""
    program, *rest = words
    command: click.Command = PROGRAMS[program]
    context = click.Context(command, info_name=program, **command.context_settings)
    while isinstance(command, click.Group) and rest:
        if rest[0].startswith("-"):
            # Options of the program itself; of sceptre's only --output takes a value.
            rest = rest[2 if rest[0] == "--output" else 1 :]
            continue
        below = command.get_command(context, rest[0])
        assert below is not None, f"{' '.join(words)}: no command {rest[0]}"
        command, context, rest = below, click.Context(below, parent=context, info_name=rest[0]), rest[1:]
    return command, context, rest


def _take(words: Sequence[str]) -> None:
    """Raise what the program would refuse these words with."""
    command, context, rest = _leaf(words)
    command.make_context(str(context.info_name), list(rest), parent=context.parent)


def _ids(paths: Sequence[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_a_command_in_a_block_is_taken_as_it_stands(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = list(shown(page.read_text(encoding="utf-8")))
    monkeypatch.chdir(tmp_path)
    for file in ("x", "trace.txt"):
        (tmp_path / file).touch()
    for words in found:
        _take(words)


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_a_command_in_a_sentence_is_one_and_has_those_options(page: Path):
    for words in named(page.read_text(encoding="utf-8")):
        command, _, rest = _leaf(words)
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        given = {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"}
        assert given <= {*options, "--help", "--"}, words


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_what_sceptre_is_given_is_there(page: Path):
    text = page.read_text(encoding="utf-8")
    for words in (*shown(text), *named(text)):
        if words[0] == "sceptre":
            paths = [word for word in _leaf(words)[2] if re.fullmatch(r"[\w/.-]+", word) and word[0] != "-"]
            for path in paths:
                below = path.startswith("ephemeral/") or path in ("STAGE", "x", "...")
                assert below or (ROOT / "config" / path).exists(), words


def test_the_pages_for_newcomers_have_their_commands():
    """The test reads them: a page whose blocks are written otherwise would pass unread."""
    for page, least in (("README.md", 25), ("docs/first-deployment.md", 12), ("docs/rollback.md", 12)):
        assert len(list(shown((ROOT / page).read_text(encoding="utf-8")))) >= least, page
    assert len(list(named((ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))) >= 25


@pytest.mark.parametrize(
    "line", ["wms-connector stauts main", "wms-connector status", "wms-connector status main --no-such"]
)
def test_what_no_program_takes_is_found(line: str):
    (words,) = shown(f"    {line}\n")
    with pytest.raises((AssertionError, click.UsageError)):
        _take(words)
