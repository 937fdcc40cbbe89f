"""docs/reference/oracle-statements.txt: what the connector sends, and how a new version's list differs."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.local.oracle.answers import connector
from connector.local.oracle.statements import BINDS, Statement, normal
from connector.local.state import ROOT

KEPT = ROOT / "docs" / "reference" / "oracle-statements.txt"
HEAD = (
    "# The statements that Debezium's Oracle connector sends with this project's config, one a line, in the\n"
    "# local world. Written by `make oracle-statements WRITE=1`. SCNs and file names are in angle brackets; "
    "? is a\n# bind, with its value at the end.\n"
)
_FILLING = {"scn": "1", "file": "/file"}


@dataclass(frozen=True)
class KeptStatement:
    """One line: its form in the stand-in, and what stands in the places of the form."""

    line: str
    form: Statement[Any]
    match: re.Match[str]
    binds: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> "KeptStatement":
        """ValueError for a line that the stand-in does not answer."""
        text, _, binds = line.partition(BINDS)
        sent = re.sub(r"<(scn|file)\d*>", lambda found: _FILLING[found[1]], text)
        found = connector.find(sent)
        if found is None:
            raise ValueError(f"the stand-in has no answer to: {line}")
        values = tuple(one[1:-1] if one.startswith("'") else one for one in binds.split(", ") if one)
        return cls(line, *found, values)

    @property
    def objects(self) -> frozenset[str]:
        """The views and packages that it names, as grants name them."""
        return self.form.objects


def bound(sql: str) -> tuple[str, tuple[str, ...]]:
    """A statement with texts where the connector sends binds, as the connector sends it."""
    for statement in connector.statements:
        pieces = statement.pattern.pattern.split(r"\?")
        if len(pieces) == 1:
            continue
        marked = "".join(f"{piece}'(?P<bind{place}>[^']*)'" for place, piece in enumerate(pieces[:-1]))
        found = re.fullmatch(marked + pieces[-1], normal(sql), re.IGNORECASE | re.DOTALL)
        if found is not None:
            text, names = found.string, [f"bind{place}" for place in range(len(pieces) - 1)]
            for name in reversed(names):
                text = f"{text[: found.start(name) - 1]}?{text[found.end(name) + 1 :]}"
            return text, tuple(found[name] for name in names)
    return sql, ()


def lines(kept: str) -> list[str]:
    """The list's lines."""
    return [line for line in kept.splitlines() if line and not line.startswith("#")]


def difference(kept: str, seen: Sequence[str], refused: Sequence[str]) -> list[str]:
    """What is new (+), no longer sent (-), and refused by the stand-in (!); empty when all is as kept."""
    found = difflib.unified_diff(lines(kept), sorted(seen), "kept", "sent", lineterm="", n=0)
    changed = [line for line in found if not line.startswith(("--- ", "+++ ", "@@"))]
    return [*changed, *(f"!{statement}" for statement in refused)]
