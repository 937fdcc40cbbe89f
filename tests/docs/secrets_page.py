"""The procedures of docs/secrets.md as a list of commands, for the tests that run them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "secrets.md"
_PROCEDURE = re.compile(r"<!-- procedure: (?P<name>[\w ]+) -->\n(?P<text>.*?)(?=<!-- procedure)", re.DOTALL)
_BLOCK = re.compile(r"^ *```(?P<kind>\w+)\n(?P<text>.*?)^ *```", re.DOTALL | re.MULTILINE)


class Kind(StrEnum):
    """Who runs a command."""

    SQL = "sql"
    SHELL = "sh"


@dataclass(frozen=True)
class Command:
    """One command of the page, as it is written there."""

    kind: Kind
    text: str

    @property
    def words(self) -> list[str]:
        """A shell's words."""
        return self.text.split()


def procedures(text: str | None = None) -> Mapping[str, Sequence[Command]]:
    """Name -> the commands of a procedure, in their order."""
    page = PAGE.read_text(encoding="utf-8") if text is None else text
    return {found["name"]: tuple(_commands(found["text"])) for found in _PROCEDURE.finditer(page)}


def _commands(text: str) -> Iterator[Command]:
    for block in _BLOCK.finditer(text):
        kind = Kind(block["kind"])
        for line in block["text"].splitlines():
            yield Command(kind, line.strip().removesuffix(";"))
