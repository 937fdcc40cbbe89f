"""Which DDL statements about a captured table pass over its rows. Pure.

A statement is as somebody wrote it: words may have comments, line ends and any white space between them, and
names may be quoted (Oracle's SQL Language Reference, "Comments" and "Database Object Names and Qualifiers").
The log writes ` | ` for a line end, so a comment of `--` ends at one of those, and which is not known:
each is tried.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: How much of a statement is looked at, in characters: no longer one is told from what follows it.
_MOST = 16_000

_LINE_END = re.compile(r" \| |[\r\n]|$")
#: What keeps its place and hides its words: block comments, texts and quoted names. Comments of `--` are
#: found too, as they may hold a single quotation mark, and stay.
_HIDDEN = re.compile(r"(?P<stays>--.*?(?: \| |[\r\n]|$))|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
_NAME = re.compile(r"\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\W\d][\w$#]*)")
_VERB = re.compile(r"(?<![\w$#])(?P<verb>truncate|drop|exchange|add)(?![\w$#])", re.IGNORECASE)
#: What may follow the name in a DROP TABLE: the clauses of the statement's syntax, the name of the recycle
#: bin that LogMiner shows, and its end.
_AFTER_DROP = re.compile(r"$|;|(?:cascade|purge|as|force|if)(?![\w$#])", re.IGNORECASE)


@dataclass(frozen=True)
class TableStatement:
    """What a statement about a table does: exactly one is true. `table`: the name as Oracle stores it."""

    table: str
    drops: bool = False
    empties: bool = False
    #: Whether it begins or ends to log all columns.
    logs: bool = False
    logs_no_more: bool = False


def statement(ddl: str) -> TableStatement | None:
    """What a statement does that a consumer of records does not learn; None for all others."""
    text = ddl[:_MOST]
    begins = {0}
    if dropped := _words(text, begins, "drop", "table"):
        return _dropped(text, dropped)
    if altered := _words(text, begins, "alter", "table"):
        return _altered(text, altered)
    return None


def _dropped(text: str, after: set[int]) -> TableStatement | None:
    found = [*_names(text, _words(text, after, "if", "exists")), *_names(text, after)]
    # A word of a comment, or IF, may look like a name: the name is what the statement's clauses follow.
    sure = [name for end, name in found if any(_AFTER_DROP.match(text, at) for at in _gaps(text, {end}))]
    names = sure or [name for _, name in found]
    return TableStatement(names[0], drops=True) if names else None


def _altered(text: str, after: set[int]) -> TableStatement | None:
    found = _names(text, _words(text, after, "if", "exists")) or _names(text, after)
    if not found:
        return None
    end, table = found[0]
    rest = _visible(text[end:])
    for match in _VERB.finditer(rest):
        verb, at = match["verb"].lower(), {match.end()}
        if _in_line_comment(rest, match.start()):
            continue
        if verb != "add" and _words(rest, at, "(?:sub)?partitions?"):
            return TableStatement(table, empties=True)
        if verb not in {"add", "drop"}:
            continue
        data = _words(rest, at, "supplemental", "log", "data")
        if any(_ALL_COLUMNS.match(rest, place) for place in _gaps(rest, data)):
            return TableStatement(table, logs=verb == "add", logs_no_more=verb == "drop")
    return None


#: ALL may stand among other groups (SQL Language Reference, supplemental_id_key_clause).
_ALL_COLUMNS = re.compile(r"\([^()]*(?<![\w$#])all(?![\w$#])[^()]*\)", re.IGNORECASE)


def _names(text: str, starts: set[int]) -> list[tuple[int, str]]:
    """The tables that may be named there, each with where its name ends; a schema before it is left out."""
    found = []
    for at in _gaps(text, starts):
        if (name := _NAME.match(text, at)) is None:
            continue
        for dot in _gaps(text, {name.end()}):
            if text.startswith(".", dot):
                parts = [_NAME.match(text, place) for place in _gaps(text, {dot + 1})]
                name = next((part for part in parts if part is not None), name)
                break
        found.append((name.end(), name["quoted"] or name["plain"].upper()))
    return found


def _words(text: str, starts: Iterable[int], *words: str) -> set[int]:
    """Where these words may end that begin at one of the starts, with gaps in front of each."""
    ends = set(starts)
    for word in words:
        pattern = re.compile(rf"{word}(?![\w$#])", re.IGNORECASE)
        ends = {match.end() for at in _gaps(text, ends) if (match := pattern.match(text, at)) is not None}
    return ends


def _gaps(text: str, starts: Iterable[int]) -> list[int]:
    """Where white space and comments that begin at one of the starts may end, in ascending order."""
    seen, todo = set[int](), list(starts)
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if at < len(text) and (text[at].isspace() or text[at] == "|"):
            todo.append(at + 1)
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            todo += [end + 2] if end >= 0 else []
        elif text.startswith("--", at):
            todo += [match.end() for match in _LINE_END.finditer(text, at)]
    return sorted(seen)


def _visible(text: str) -> str:
    """With spaces in place of block comments, texts and quoted names."""
    return _HIDDEN.sub(lambda match: match[0] if match["stays"] else " " * len(match[0]), text)


def _in_line_comment(text: str, at: int) -> bool:
    begin = max(text.rfind(" | ", 0, at), text.rfind("\n", 0, at))
    return "--" in text[begin + 1 : at]
