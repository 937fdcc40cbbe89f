"""What came of a fault: one row of a table, with its figures."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from connector.local.state import ROOT

#: Where the figures of the last run are kept.
RESULTS = ROOT / ".local" / "faults"


#: The papers that hold the tables, each between `<!-- measured: kind -->` and `<!-- end -->`.
PAPERS = {
    "stream": ROOT / "docs" / "delivery.md",
    "health": ROOT / "docs" / "faults-health.md",
    "minute": ROOT / "docs" / "faults-health.md",
}
_FAULT, _VERDICT, _TOOK, _DAY = "fault", "as it must be", "took", "measured"


@dataclass(frozen=True)
class Row:
    """One fault as it went. `wrong` lists what was not as it must be; `cells` are columns of the table.

    `not_run` says why a fault could not be injected here: then nothing is known.
    """

    fault: str
    cells: Mapping[str, str]
    wrong: Sequence[str] = ()
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    not_run: str = ""

    @property
    def verdict(self) -> str:
        """`yes`, else what is wrong, else why nobody knows."""
        return f"not run: {self.not_run}" if self.not_run else "; ".join(self.wrong) or "yes"


@dataclass(frozen=True)
class Fault:
    """A fault that can be injected. `run` brings its own scene to rest again, whatever happens."""

    name: str
    title: str
    run: Callable[[], Row]


def show(title: str, rows: Sequence[Row], console: Console, only: Sequence[str] = ()) -> None:
    """The table for people. `only` these columns, where there are more than a terminal is wide."""
    columns = [*only] or list(dict.fromkeys(column for row in rows for column in row.cells))
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("fault", *columns, "took", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        mark = "ok" if row.verdict == "yes" else row.verdict if row.not_run else f"WRONG: {row.verdict}"
        table.add_row(row.fault, *(row.cells.get(c, "") for c in columns), f"{row.seconds:.0f} s", mark)
    console.print(table)


def markdown(rows: Sequence[Row]) -> str:
    """The same table for a document."""
    return _markdown([_line(row) for row in rows])


def publish(kind: str, rows: Sequence[Row], day: date, paper: Path | None = None) -> Path:
    """Put the rows into the paper's table, each with its day; rows of other faults stay. Answers which."""
    file = paper or PAPERS[kind]
    text = file.read_text(encoding="utf-8")
    block = re.search(rf"(<!-- measured: {kind} -->\n)(.*?)(<!-- end -->)", text, re.DOTALL)
    if block is None:
        raise ValueError(f"{file} has no place for the faults of kind {kind}")
    lines = {line[_FAULT]: line for line in lines_of(block[2])}
    for row in rows:
        took = {_TOOK: f"{row.seconds:.0f} s"}
        lines[row.fault] = {**_line(row), **took, _DAY: f"{day:%d %B %Y}".lstrip("0")}
    table = _markdown([*lines.values()])
    file.write_text(f"{text[: block.end(1)]}{table}\n{text[block.start(3) :]}", encoding="utf-8")
    return file


def _line(row: Row) -> dict[str, str]:
    return {_FAULT: row.fault, **row.cells, _VERDICT: row.verdict}


def _markdown(lines: Sequence[Mapping[str, str]]) -> str:
    last = (_VERDICT, _TOOK, _DAY)
    known = list(dict.fromkeys(column for line in lines for column in line))
    columns = [c for c in known if c not in last] + [c for c in last if c in known]
    table = [columns, ["---"] * len(columns), *([line.get(c, "") for c in columns] for line in lines)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table)


def lines_of(table: str) -> list[dict[str, str]]:
    """The lines of a table that `markdown` has written: column -> cell."""
    rows = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def keep(kind: str, rows: Sequence[Row]) -> Path:
    """Write the figures of a run to a file; answers where."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = [
        {
            "fault": row.fault,
            "seconds": round(row.seconds, 1),
            "wrong": list(row.wrong),
            "not_run": row.not_run,
            "cells": dict(row.cells),
            "figures": dict(row.figures),
        }
        for row in rows
    ]
    file = RESULTS / f"{kind}.json"
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (RESULTS / f"{kind}.md").write_text(markdown(rows) + "\n", encoding="utf-8")
    return file
