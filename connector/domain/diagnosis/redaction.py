"""Texts without the values of rows: a statement is cut where its literals begin. Pure.

Debezium prints whole statements of the redo log in its errors, and mails and status go to people who may not
read the tables. Identifiers stay, because whoever fixes the error needs them.

A literal may hold line ends, and lines that look like a trace: it is read to its closing quote, as Oracle
reads it (SQL Language Reference, Text Literals), and a trace goes on behind it. What stands behind a literal
that is never closed is left out, for nothing tells where the value ends.
"""

import re
from collections.abc import Iterator

#: How much of a text is read, in characters: its head and its tail. A trace's cause stands at one of them.
HEAD = TAIL = 32 * 1024
_CUT = " ..."

#: Where a statement, or a part of one whose head is lost, begins.
_STATEMENT = re.compile(
    r"\b(?:insert\s{1,64}(?:into\b|all\b|/\*)|delete\s{1,64}(?:from\b|/\*)|merge\s{1,64}(?:into\b|/\*)"
    r"|delete\s{1,64}[\w$#.\"]{1,300}(?:\s{1,64}[\w\"]{1,130})?\s{1,64}where\b"
    r"|update\s{1,64}(?:[\"\[`]|only\s{0,9}\()|dbms_lob\.|identified\s{1,64}by\b"
    r"|update\s{1,64}(?:/\*|[\w$#.\"]{1,300}(?:\s{1,64}[\w\"]{1,130})?\s{1,64}set\b)"
    r"|select\b|values\s{0,64}\(|truncate\s{1,64}table\b|comment\s{1,64}on\b|call\s{1,64}[\w$#.\"]{1,300}\s{0,9}\("
    r"|alter\s{1,64}(?:session|system)\b|(?:alter|create|drop)\s{1,64}(?:or\s{1,9}replace\s{1,9})?(?:table|database|pluggable|index"
    r"|user|role|view|materialized|sequence|synonym|tablespace|global|private|public|unique|bitmap|package"
    r"|procedure|function|trigger|type|temporary|force)\b|declare\s{1,64}\w|begin\s{1,64}[\w$#.\":]{1,300}\s{0,9}[(;:]"
    r"|hextoraw\b|to_(?:date|timestamp|timestamp_tz|number|char|clob|nclob|yminterval|dsinterval)\s{0,9}\("
    r"|unistr\s{0,9}\(|where\s{1,64}\"|set\s{1,64}\")"
    r"|:=\s{0,9}n?'|[\w$#]\"\s{0,9}(?:=|<|>|\bin\b|\blike\b|\bbetween\b)",
    re.IGNORECASE,
)
#: Where the literals of a statement begin: a quote, a comparison, a list of values, a number, a password.
_LITERAL = re.compile(
    r"(?:\bn?q|\bn|\bu|\bx)?['\u2018\u2019`]|:?[=<>]|\bvalues\s{0,64}\(?|\b(?:in|between|like)\b\s{0,64}\(?"
    r"|\b(?:hextoraw|unistr|to_(?:date|timestamp|timestamp_tz|number|char|clob|nclob|yminterval|dsinterval)|identified)\b"
    r"|(?<![\w$#\"])[+-]?\.?\d",
    re.IGNORECASE,
)
#: How a line begins behind a message: what a trace is made of, and the server's own errors.
_STRUCTURE = re.compile(
    r"\n(?=[ \t]*at [\w$./]+\(|[ \t]*(?:Caused by|Suppressed): |[ \t]*\.\.\. \d+ (?:more|common)"
    r"|(?:ORA|PLS|TNS)-\d{3,6}[:,\s]|https?://docs\.oracle\.com/)"
    r"|(?<=, )Error (?=(?:Msg|Message) = (?:ORA|PLS|TNS)-\d)"
)
#: Behind what Java, Debezium or Oracle print a value without a statement around it.
_BARE = re.compile(
    r"For input string: |DateTimeParseException: Text (?=')| for row (?=\[)|\bwith column values (?=\()"
    r"|HEXTORAW value (?=')|into byte array: |time zone value: |Field values corrupt for "
    r"|reselect query for value (?=')|Expected to find (?=\")"
    # Debezium's selection of a row anew.
    r"|\bwith key |\band key "
    # Debezium's converters of columns and times.
    r"|Unexpected JDBC \w{1,40} value for [^\n]{0,500}?\bvalue=|\bUnable to convert to [^'\n]{1,200}(?=')"
    r"|\(inclusive\): "
    # Oracle 23: details of another error, and a number that is too large.
    r"|ORA-0?33\d\d: \([^)\n]{0,60}\) (?:[\w ]{1,60}: )?|ORA-0?1438: value "
    # A value that goes on behind its line.
    r"|alue (?='[^'\n]*(?:\n|\Z))"
)
#: Numbers of Oracle's whose messages quote data (Database Error Messages); names have double quotes.
_DATA = re.compile(
    r"ORA-0{0,2}(?:1426|1438|148[129]|1722|18[345]\d|186\d|229[0-2]|33\d\d|6502|12899|14300"
    r"|144\d\d|14758|20\d{3}|22835|2678[67])(?!\d)"
)
#: The rest of a statement whose beginning is lost inside a literal.
_REST = re.compile(
    r"'\s{0,64}(?:where|and|or)\s{1,64}[\w$#.\"]{1,300}\s{0,9}(?:[=<>]|\b(?:is|in|like|between)\b)"
    r"|(?:\S'|[\w)\"])\s{0,9}\)?;'",
    re.IGNORECASE,
)
#: The same at the beginning of a text: the next value, or the next column.
_NEXT_VALUE = re.compile(
    r"'\s{0,9},\s{0,9}(?:n?'|null\b|hextoraw\b|unistr\b|to_\w|empty_|[+-]?\d|[\w$#.\"]{1,300}\s{0,9}=)",
    re.IGNORECASE,
)
#: What may stand before a closing quote only; before an opening one stand spaces and signs.
_BEFORE_CLOSING = re.compile(r"[^\s(\[{=:,<>|/+-]")
#: What the reading of a statement stops at. A quote behind a word, a bracket or a semicolon opens nothing.
_TOKEN = re.compile(
    rf"(?P<end>{_STRUCTURE.pattern})|(?<![\w$#])n?q'(?P<mark>.)"
    r"|(?P<quote>(?<![\w$#])(?:n|u|x|b|u&)'|(?<![\w$#;)\"'])')"
    r"|/\*(?:(?!\*/).){0,500}\*/|\"[^\"\n]{0,130}\"",
    re.IGNORECASE | re.DOTALL,
)
_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
#: Quotes as programs for chats and texts write them.
_PLAIN_QUOTES = {0x2018: "'", 0x2019: "'"}
#: A value before words that tell what is wrong with it, as Debezium's converters print it.
_QUOTED = "alue '"
_BEHIND = ("' is outside", "' of type", "' from column")
_NAMED = (
    r"(?:passw(?:or)?d|\bpwd|passphrase|secret[_.-]?(?:access[_.-]?)?key|(?:session|security)[_.-]?token)"
    r"(?:\\{0,3}[\"'])?[ \t]{0,3}"
)
#: Passwords and keys in a config, a JAAS line, an environment or an address.
_CREDENTIALS = re.compile(
    rf"(?P<quoted>{_NAMED}[=:][ \t]{{0,3}}(?P<quote>\\{{0,3}}[\"']))(?:(?!(?P=quote))[^\n])*"
    rf"|(?P<set>{_NAMED}=[ \t]{{0,3}})[^\s,;&\"')]+|(?P<told>{_NAMED}:[ \t]{{1,3}})[^\n]+"
    r"|(?P<address>jdbc:oracle:thin:)[^@\s]{1,300}(?=@)",
    re.IGNORECASE,
)
#: An error's number that the end of a text may have cut: Oracle writes five digits.
CUT_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?:ORA|PLS|TNS)-\d{1,4}\Z", re.IGNORECASE)


def bounded(text: str) -> str:
    """A text's head and tail.

    A line that is cut is left out of the tail, and so is the rest of a literal that the head opens.
    """
    if len(text) <= HEAD + TAIL:
        return text
    head, start = text[:HEAD], len(text) - TAIL
    if CUT_NUMBER.search(head, HEAD - 16):
        head += _CUT.strip()
    opened = _opened(head.translate(_PLAIN_QUOTES))
    if opened is not None:
        closed = _closed(text.translate(_PLAIN_QUOTES), *opened)
        start, head = max(start, closed or len(text)), head + opened[1]
    ends = [at for at in (text.find("\n", start), text.find(" | ", start)) if at >= 0]
    return head + ("\n" + text[min(ends) :].lstrip(" |\n") if ends else "")


def without_values(text: str) -> str:
    """`text` without literals of statements, bare values of a row, and passwords."""
    kept = "".join(_kept(text))
    if _QUOTED in kept:
        kept = "\n".join(map(_unquoted, kept.split("\n")))
    return _CREDENTIALS.sub(_hidden, kept)


def _kept(text: str) -> Iterator[str]:
    """What stands outside of values, in its order."""
    plain, at = text.translate(_PLAIN_QUOTES), 0
    while at < len(text):
        structure = _STRUCTURE.search(plain, at)
        end = len(text) if structure is None else structure.start()
        value = _value(plain, at, end)
        if value is not None:
            yield text[at : value[0]].rstrip() + _CUT
            structure = _behind(plain, value[1])
        else:
            yield text[at:end]
        if structure is None:
            return
        yield structure[0]
        at = structure.end()


def _value(plain: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the first value between `start` and `end` begins, and from where on its quotes are read."""
    found = [_rest(plain, start, end)]
    if (statement := _STATEMENT.search(plain, start, end)) is not None:
        literal = _LITERAL.search(plain, statement.start(), end)
        found.append(None if literal is None else (literal.start(), literal.start()))
    if (bare := _BARE.search(plain, start, end)) is not None:
        found.append((bare.end(), bare.end()))
    if (number := _DATA.search(plain, start, end)) is not None:
        quote = plain.find("'", number.end(), end)
        found.append(None if quote < 0 else (quote, quote))
    return min((each for each in found if each is not None), default=None)


def _rest(plain: str, start: int, end: int) -> tuple[int, int] | None:
    """The same for the rest of a statement whose beginning is lost: it may begin inside a literal."""
    quote = plain.find("'", start, end)
    if quote < 0:
        return None
    closes = quote > start and _BEFORE_CLOSING.match(plain, quote - 1) is not None
    if closes and plain[quote - 1].isalpha() and plain[quote + 1 : quote + 2].isalpha():
        return None
    rest, statement = _REST.search(plain, quote - closes, end), _STATEMENT.search(plain, start, end)
    if rest is None or (statement is not None and statement.start() < rest.start()):
        lost = start == 0 and (closes or not plain[:quote].strip(" \tNn("))
        if not lost or _NEXT_VALUE.search(plain, quote, end) is None:
            return None
    return (start, quote + 1) if closes else (quote, quote)


def _behind(plain: str, at: int) -> re.Match[str] | None:
    """The first line of a trace behind a value; None if a literal is open to the end of the text."""
    if plain[at : at + 1] in ("'", '"'):
        at = _closed(plain, at + 1, plain[at]) or len(plain)
    while (token := _TOKEN.search(plain, at)) is not None:
        if token["end"] is not None:
            return _STRUCTURE.match(plain, token.start())
        mark = _mark(token)
        at = token.end() if mark is None else _closed(plain, token.end(), mark) or len(plain)
    return None


def _mark(token: re.Match[str]) -> str | None:
    """What closes the literal that a token opens; None if it opens none."""
    if token["mark"] is not None:
        return _CLOSING.get(token["mark"], token["mark"]) + "'"
    return None if token["quote"] is None else "'"


def _closed(plain: str, at: int, mark: str) -> int | None:
    """The end of a literal whose text begins at `at`; None if it is not closed. Two quotes are one of its."""
    while (at := plain.find(mark, at)) >= 0:
        at += len(mark)
        if mark != "'" or plain[at : at + 1] != "'":
            return at
        at += 1
    return None


def _opened(plain: str) -> tuple[int, str] | None:
    """Where the text of the literal begins that is open at the end of `plain`, and what closes it."""
    at = 0
    while at < len(plain):
        structure = _STRUCTURE.search(plain, at)
        end = len(plain) if structure is None else structure.start()
        value = _value(plain, at, end)
        if value is None:
            at = len(plain) if structure is None else structure.end()
            continue
        at = value[1]
        while (token := _TOKEN.search(plain, at)) is not None and token["end"] is None:
            mark = _mark(token)
            closed = token.end() if mark is None else _closed(plain, token.end(), mark)
            if closed is None:
                return token.end(), mark or ""
            at = closed
        at = len(plain) if token is None else token.end()
    return None


def _unquoted(line: str) -> str:
    """A line without the value that it calls one; in one pass, whatever stands between."""
    start, end = line.find(_QUOTED), max(line.rfind(words) for words in _BEHIND)
    return line if not 0 <= start < end else f"{line[: start + len(_QUOTED) - 1]}...{line[end + 1 :]}"


def _hidden(match: re.Match[str]) -> str:
    """A credential's name, and stars for what it is."""
    return f"{match['quoted'] or match['set'] or match['told'] or match['address']}***"
