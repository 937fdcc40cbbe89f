"""Words of a statement."""

import re
from dataclasses import dataclass
from typing import Final

from connector.local.oracle.errors import OracleError

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>[nN]?'(?:[^']|'')*')
    | (?P<quoted>"[^"]+")
    | (?P<bind>\?|:[A-Za-z0-9_]+)
    | (?P<word>[^\W\d][\w$\#]*)
    | (?P<sign><=|>=|<>|!=|\^=|\|\||[-+*/(),.=<>;])
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, text, quoted, bind, word, sign or end.

    `value`: a word in upper case, a text unquoted.
    """

    kind: str
    value: str
    start: int
    end: int


def tokens(sql: str) -> list[Token]:
    """The statement's words without comments, ended by one of kind `end`. ORA-01756, ORA-00911."""
    found: list[Token] = []
    place, length = 0, len(sql.rstrip())
    while place < length:
        match = _TOKEN.match(sql, place)
        if not match or match.end() == place:
            raise OracleError.of(1756 if "'" in sql[place : place + 2] else 911)
        place = match.end()
        kind = match.lastgroup or ""
        if kind != "comment":
            found.append(Token(kind, _value(kind, match[kind]), match.start(kind), match.end(kind)))
    found.append(Token("end", "", length, length))
    return found


def _value(kind: str, text: str) -> str:
    if kind == "text":
        return text[text.index("'") + 1 : -1].replace("''", "'")
    if kind == "quoted":
        return text[1:-1]
    return text.upper() if kind == "word" else text
