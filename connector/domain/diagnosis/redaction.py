"""Texts without the values of rows: a statement is cut where its literals begin. Pure.

Debezium prints whole statements of the redo log in its errors, and mails and status go to people who may not
read the tables. Identifiers stay, because whoever fixes the error needs them.
"""

import re

#: How much of a text is read, in characters: its head and its tail. A trace's cause stands at one of them.
HEAD = TAIL = 32 * 1024
_CUT = " ..."

#: Where a statement, or a part of one whose head is lost, begins.
_STATEMENT = re.compile(
    r"\b(?:insert\s{1,64}(?:into|all)\b|delete\s{1,64}from\b|merge\s{1,64}into\b|update\s{1,64}[\"\[`]"
    r"|update\s{1,64}(?:/\*|[\w$#.\"]{1,300}(?:\s{1,64}[\w\"]{1,130})?\s{1,64}set\b)"
    r"|select\b|values\s{0,64}\(|truncate\s{1,64}table\b|comment\s{1,64}on\b|call\s{1,64}[\w$#.\"]{1,300}\s{0,9}\("
    r"|alter\s{1,64}(?:session|system)\b|(?:alter|create|drop)\s{1,64}(?:or\s{1,9}replace\s{1,9})?(?:table|database|pluggable|index"
    r"|user|role|view|materialized|sequence|synonym|tablespace|global|private|public|unique|bitmap|package"
    r"|procedure|function|trigger|type|temporary|force)\b|declare\s{1,64}\w|begin\s{1,64}[\w$#.\":]{1,300}\s{0,9}[(;:]"
    r"|hextoraw\b|to_(?:date|timestamp|timestamp_tz|number|char|clob|nclob|yminterval|dsinterval)\s{0,9}\("
    r"|unistr\s{0,9}\(|where\s{1,64}\"|set\s{1,64}\")"
    r"|[\w$#]\"\s{0,9}(?:=|<|>|\bin\b|\blike\b|\bbetween\b)",
    re.IGNORECASE,
)
#: Where the literals of a statement begin: a quote, a comparison, a list of values, a number.
_LITERAL = re.compile(
    r"(?:\bn?q|\bn|\bu|\bx)?['\u2018\u2019`]|:?[=<>]|\bvalues\s{0,64}\(?|\b(?:in|between|like)\b\s{0,64}\(?"
    r"|\b(?:hextoraw|unistr|to_(?:date|timestamp|timestamp_tz|number|char|clob|nclob|yminterval|dsinterval))\b"
    r"|(?<![\w$#\"])[+-]?\.?\d",
    re.IGNORECASE,
)
#: How a line begins behind a message: what a trace is made of, and the server's own errors.
_STRUCTURE = re.compile(
    r"\n(?=[ \t]*at [\w$./]+\(|[ \t]*(?:Caused by|Suppressed): |[ \t]*\.\.\. \d+ (?:more|common)"
    r"|(?:ORA|PLS|TNS)-\d{3,6}[:,\s]|https?://docs\.oracle\.com/)"
    r"|(?<=, )(?=Error Msg = ORA-\d)"
)
#: Values that Java, Debezium or Oracle print without a statement around them.
_BARE = (
    re.compile(r"(?<=For input string: )\"[^\n]*"),
    re.compile(r"(?<=DateTimeParseException: Text )'[^\n]*"),
    re.compile(r"(?<= for row )\[[^\n]*"),
    re.compile(r"(?<=\bwith column values )\([^\n]*"),
    re.compile(r"(?<=HEXTORAW value )'[^\n]*"),
    re.compile(r"(?<=into byte array: )[^\n]*"),
    re.compile(r"(?<=time zone value: )[^\n]*"),
    re.compile(r"(?<=Field values corrupt for )[^\n]*"),
    re.compile(r"(?<=reselect query for value )'[^\n]*"),
    re.compile(r"(?<=Expected to find )\"[^\n]*"),
    # Debezium's selection of a row anew.
    re.compile(r"(?<=\bwith key )[^\n]*|(?<=\band key )[^\n]*"),
)
#: A value before words that tell what is wrong with it, as Debezium's converters of times print it.
_QUOTED = "alue '"
_BEHIND = ("' is outside", "' of type")


def bounded(text: str) -> str:
    """A text's head and tail. A line that is cut is left out of the tail, for it may begin inside a value."""
    if len(text) <= HEAD + TAIL:
        return text
    tail = text[-TAIL:]
    ends = [at for at in (tail.find("\n"), tail.find(" | ")) if at >= 0]
    return text[:HEAD] + ("\n" + tail[min(ends) :].lstrip(" |\n") if ends else "")


def without_values(text: str) -> str:
    """`text` with every statement cut where its literals begin, and without bare values of a row."""
    parts, at = [], 0
    for match in _STRUCTURE.finditer(text):
        parts.append(_cut(text[at : match.start()]))
        parts.append(match[0])
        at = match.end()
    return "".join((*parts, _cut(text[at:])))


def _cut(part: str) -> str:
    for pattern in _BARE:
        part = pattern.sub("...", part)
    if _QUOTED in part:
        part = "\n".join(map(_unquoted, part.split("\n")))
    statement = _STATEMENT.search(part)
    if statement is None:
        return part
    literal = _LITERAL.search(part, statement.start())
    return part if literal is None else part[: literal.start()].rstrip() + _CUT


def _unquoted(line: str) -> str:
    """A line without the value that it calls one; in one pass, whatever stands between."""
    start, end = line.find(_QUOTED), max(line.rfind(words) for words in _BEHIND)
    return line if not 0 <= start < end else f"{line[: start + len(_QUOTED) - 1]}...{line[end + 1 :]}"
