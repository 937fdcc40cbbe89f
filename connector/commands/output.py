"""Printing for people and for programs."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import click

from connector.domain.admin_api import Answer
from connector.domain.capture.signals import TABLES
from connector.domain.errors import OperatorError
from connector.operations.signs import LINE_SECONDS, repeated

#: After how many seconds a command that waits says so.
_SIGN_SECONDS = 1.5
#: What a row is coloured by: good, not sure, bad; None has no colour.
_COLOURS = {True: "green", None: "yellow", False: "red"}
#: The bars of a sparkline, the lowest first; the second set for terminals without Unicode.
_BARS, _PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.-=+*%#"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def print_json(value: object) -> None:
    """`value` as indented JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(
    title: str,
    rows: Iterable[tuple[str, ...]],
    *,
    headers: tuple[str, ...] = (),
    states: Mapping[str, bool | None] | None = None,
) -> None:
    """A table with a title; cells are text and are never read as markup.

    It fits the terminal; in a pipe no cell is broken and no line ends with blanks. `states` colours the first
    cell of a row, by that cell: on a terminal only, and not where NO_COLOR is set.
    """
    from rich import box  # noqa: PLC0415 - rich is slow to import and --json does without it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if headers else None, show_header=bool(headers), pad_edge=True)
    cells = list(rows)
    for column in range(len(headers) or max((len(row) for row in cells), default=0)):
        table.add_column(headers[column] if headers else "", overflow="fold")
    for row in cells:
        style = _COLOURS[states[row[0]]] if states and row[0] in states else ""
        table.add_row(Text(row[0], style=style), *(Text(cell) for cell in row[1:]))
    # In a pipe a topic's name must not be broken: the table is as wide as its widest row, however wide.
    width = None if terminal else _unbroken([(title,), headers, *cells])
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as printed:
        console.print(Text(title, style="bold"))
        console.print(table)
        console.print()
    click.echo(_without_padding(printed.get()) if not terminal else printed.get(), nl=False, color=True)


def _unbroken(rows: Sequence[tuple[str, ...]]) -> int:
    """A width in which no cell is broken: the sum of the columns, with what Rich puts around each cell."""
    from rich.cells import cell_len  # noqa: PLC0415

    columns = zip_longest(*rows, fillvalue="")
    return sum(4 + max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns)


def _without_padding(text: str) -> str:
    """Rich fills each line up to the table's width, which wraps where somebody pastes it."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def sparkline(values: Sequence[float], *, plain: bool = False) -> str:
    """One bar for each value, from 0 to the highest; `plain` uses ASCII. Empty without values."""
    bars = _PLAIN_BARS if plain else _BARS
    top = max(values, default=0) or 1
    return "".join(bars[min(len(bars) - 1, int(max(0, value) / top * len(bars)))] for value in values)


def plain_terminal() -> bool:
    """Whether the output cannot show characters beyond ASCII."""
    return "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower()


@contextmanager
def waiting(line: str, *, always: bool = False) -> Iterator[None]:
    """Print `line` on stderr if the block takes longer than a person waits without a sign, then every 15 s.

    Where there is no terminal, and without `always`, the first line comes after 15 s: what a pipeline keeps
    of stderr are errors, but who reads its log sees that it goes on.
    """
    first = _SIGN_SECONDS if always or sys.stderr.isatty() else LINE_SECONDS

    def text(seconds: float) -> str:
        return line if seconds < LINE_SECONDS else f"{line} ({seconds:.0f} s)"

    with repeated(text, to_stderr, first=first, every=LINE_SECONDS):
        yield


def several(groups: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, str]]:
    """Rows of a table in which one key has several values: the key stands in the first row only."""
    for key, values in groups.items():
        for number, value in enumerate(values):
            yield (key if number == 0 else "", value)


def directory(value: str, option: str) -> Path:
    """The directory that an option names; Python would take an empty text for the current one."""
    if not value.strip():
        raise OperatorError(f"{option} is empty; give a directory to write to, '.' for the current one")
    return Path(value)


def write_files(files: Mapping[Path, str], option: str) -> None:
    """Write every file with its text, or none; `option` is what named their directory.

    All targets are looked at first. Then each text is written beside its target under another name, and only
    when all are there do they get their names.
    """
    written: dict[Path, Path] = {}
    try:
        for path in files:
            _check_target(path, option)
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written[path] = path.with_name(f".{path.name}.{os.getpid()}")
            written[path].write_text(text, encoding="utf-8")
        for path, made in written.items():
            made.replace(path)
    except OSError as error:
        place = error.filename or "a file"
        raise OperatorError(
            f"{option}: {place} cannot be written: {error.strerror}; give a directory that is writable"
        ) from None
    finally:
        for made in written.values():
            made.unlink(missing_ok=True)


def _check_target(path: Path, option: str) -> None:
    if path.is_dir():
        raise OperatorError(
            f"{option}: {path} is a directory, and a file is to be written there; nothing was written: "
            "remove it, or give another directory"
        )
    above = next(parent for parent in path.parents if parent.exists())
    if not above.is_dir():
        raise OperatorError(
            f"{option}: {above} is a file, and a directory is needed there; nothing was written: "
            "remove it, or give another directory"
        )


def read_text(source: IO[bytes], option: str) -> str:
    """The text of a file given with `option`, or of stdin; it must be UTF-8."""
    try:
        return source.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise OperatorError(f"{option} {file_name(source)} is not UTF-8 text")


def file_name(source: IO[bytes]) -> str:
    """What to call a file that the operator gave."""
    return str(getattr(source, "name", "<stdin>"))


def to_stderr(line: str) -> None:
    """A line of progress: what a program reads is on stdout."""
    click.echo(line, err=True)


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """The admin Lambda's answer in one line, or with its details as JSON."""
    if as_json:
        print_json({"changed": answer.changed, "summary": answer.summary, **answer.details})
        return
    click.echo(answer.summary)


def table_option(run: Callable[..., Any]) -> Callable[..., Any]:
    """The option of a command about captured tables of a stage."""
    return click.option(
        "--table",
        "tables",
        metavar="SCHEMA.TABLE",
        multiple=True,
        help=f"One of {', '.join(TABLES)}; may be given more than once. Default: all of them.",
    )(run)
