"""The statements that the connector sends: each is known by its text, and everything else is refused by name.

A statement is written once, as the connector writes it, with what varies in angle brackets. What an upgrade
of Debezium is held against (`make oracle-statements`) has more of it: `Statement.kept` takes out only what
differs from run to run.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

#: What may stand where a statement has a name in angle brackets.
_PARTS = {
    "scn": r"\d+",
    "count": r"\d+",
    "ident": r'"?[\w$#]+"?',
    "owner": r'"[^"]+"',
    "table": r'"[^"]+"',
    "flush": r'(?:"[\w$#]+"\.)?"?[\w$#]+"?',
    "columns": r'"[^"]+"(?:, ?"[^"]+")*',
    "text": r"[^']*",
    "file": r"[^']*",
    "dests": r"(?:= '[^']*'|IN \([^)]*\))",
    "names": r"\([^)]*\)",
    "pairs": r".+",
    "options": r"[\w.+ ]+",
    "where": r".+",
}
#: The parts that differ from run to run.
_VOLATILE = frozenset({"scn", "file"})
_SCN_BIND = re.compile(r"\d{7,}")
Answer = TypeVar("Answer")

_PLACE = re.compile(r"<(\w+)>")
_OBJECT = re.compile(
    r"\b(G?V\$[A-Z_]+|(?:ALL|USER|DBA)_[A-Z_]+|NLS_DATABASE_PARAMETERS|DBMS_[A-Z_]+)\b", re.IGNORECASE
)
#: In the golden list, between a statement and its binds.
BINDS = " -- binds: "


def normal(sql: str) -> str:
    """A statement in one line, with one space where there were several."""
    return " ".join(sql.split())


@dataclass(frozen=True)
class Statement(Generic[Answer]):
    """One statement.

    Its text, the function that answers it, and the rights it takes beside those on its objects.
    """

    text: str
    answer: Answer
    rights: tuple[str, ...] = ()

    @property
    def objects(self) -> frozenset[str]:
        """The views and packages that it names, as grants name them: V_$LOG."""
        found = {name.upper() for name in _OBJECT.findall(self.text)}
        return frozenset(re.sub(r"^(G?V)\$", r"\1_$", name) for name in found)

    def kept(self, match: re.Match[str], binds: Sequence[str | None] = ()) -> str:
        """What the golden list keeps of this statement as it was sent: everything but SCNs and file names.

        Lists of codes, names and formats decide what the connector sees, so they are kept, binds too.
        """
        pieces = _PLACE.split(normal(self.text))
        text = "".join(
            piece
            if index % 2 == 0
            else f"<{piece}>"
            if piece.rstrip("0123456789") in _VOLATILE
            else normal(match[piece])
            for index, piece in enumerate(pieces)
        )
        if not binds:
            return text
        return f"{text}{BINDS}{', '.join(map(_bind, binds))}"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The text with what varies as named groups; a name that comes again must be the same again."""
        known: set[str] = set()

        def place(match: re.Match[str]) -> str:
            name = match[1]
            if name in known:
                return f"(?P={name})"
            known.add(name)
            return f"(?P<{name}>{_PARTS[name.rstrip('0123456789')]})"

        pieces = _PLACE.split(normal(self.text))
        built = "".join(
            re.escape(piece) if index % 2 == 0 else place(_PLACE.fullmatch(f"<{piece}>"))  # type: ignore[arg-type]
            for index, piece in enumerate(pieces)
        )
        return re.compile(built + ";?", re.IGNORECASE | re.DOTALL)


def _bind(value: str | None) -> str:
    if value is None:
        return "NULL"
    return "<scn>" if _SCN_BIND.fullmatch(value) else f"'{value}'"


class StatementList(Generic[Answer]):
    """All statements of the connector."""

    def __init__(self) -> None:
        self.statements: list[Statement[Answer]] = []
        self._patterns: list[tuple[re.Pattern[str], Statement[Answer]]] = []

    def add(self, text: str, *more: str, rights: tuple[str, ...] = ()) -> Callable[[Answer], Answer]:
        """Decorate the function that answers `text`, and `more` that are answered alike."""

        def register(answer: Answer) -> Answer:
            for one in (text, *more):
                statement = Statement(one, answer, rights)
                self.statements.append(statement)
                self._patterns.append((statement.pattern, statement))
            return answer

        return register

    def find(self, sql: str) -> tuple[Statement[Answer], re.Match[str]] | None:
        """The statement that `sql` is, with what varies; None for one that is not known."""
        given = normal(sql)
        for pattern, statement in self._patterns:
            match = pattern.fullmatch(given)
            if match is not None:
                return statement, match
        return None
