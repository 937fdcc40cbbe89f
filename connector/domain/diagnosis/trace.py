"""What a trace, a line of the worker's log or a bare message is made of: causes and numbered codes. Pure.

Every step takes time that grows with the length of the text, and no faster: others write these texts.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.domain.diagnosis.redaction import CUT_NUMBER, bounded, without_values


class Prefix(StrEnum):
    """Whose numbers a code is of."""

    #: Oracle's database, and its driver from 17000 on.
    ORA = "ORA"
    #: PL/SQL's compiler.
    PLS = "PLS"
    #: Oracle Net; the same numbers as ORA.
    TNS = "TNS"
    SQLSTATE = "SQLSTATE"


@dataclass(frozen=True)
class Code:
    """A numbered error, and what stands behind it on its line: in the server's language, or nothing.

    `separator` stands between them: listeners write a comma.
    """

    prefix: Prefix
    number: int
    text: str = ""
    separator: str = ":"

    def __str__(self) -> str:
        name = f"{self.prefix}{' ' if self.prefix is Prefix.SQLSTATE else '-'}{self.number:05d}"
        return f"{name}{self.separator} {self.text}" if self.text else name


@dataclass(frozen=True)
class Cause:
    """One exception of a chain. `exception` is its Java class, and may be empty.

    `frames`: where it was thrown, a few lines: they tell who speaks, never what is wrong.
    `suppressed`: it happened while another one was handled.
    """

    exception: str = ""
    message: str = ""
    codes: tuple[Code, ...] = ()
    frames: tuple[str, ...] = ()
    suppressed: bool = False

    @property
    def name(self) -> str:
        """The Java class without its package."""
        return self.exception.rpartition(".")[2]


@dataclass(frozen=True)
class Trace:
    """The chain of causes, the outermost first."""

    causes: tuple[Cause, ...] = ()


#: The worker's log has one event a line; a trace's lines are joined by this (image/conf/log4j2.xml).
SEPARATOR = " | "
#: How many frames of a cause are kept.
_FRAMES = 6
_FRAME = re.compile(r"^\s*(?:at\s+(?P<where>[\w$.<>/@-]+)(?:\(|\s*$)|\.\.\. \d+ (?:more|common frames))")
#: ojdbc's link to its own help, behind each message.
_HELP = re.compile(r"https?://docs\.oracle\.com/\S*")
_CONNECTION = re.compile(r"\(CONNECTION_ID=[^)\s]{0,100}\)")
_CAUSED_BY = re.compile(r"^\s*(?:Caused by|(?P<suppressed>Suppressed)):\s*")
#: The start of an event of the worker's log: time, level, and the connector in brackets.
_LOG_HEAD = re.compile(
    r"^\s*\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?\s+(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s+"
    r"(?:\[[^\]]*\]\s*)?"
)
#: A Java class with its package where a message begins behind it.
_CLASS = re.compile(r"(?<![\w.$/])(?:[a-z_][\w$]*\.)+(?P<name>[A-Z][\w$]*)(?=:|\s*$|\s*[\])])")
_THROWN = ("Exception", "Error", "Throwable", "Failure")
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<prefix>ORA|PLS|TNS)-(?P<number>\d{1,6})(?!\d|(?<!\d{5})\.\.\.$)"
    r"|SQL ?STATE\W{1,4}(?P<state>\d{5})\b)(?:\s?(?P<separator>[:,])\s*)?",
    re.IGNORECASE,
)
#: How ojdbc's OracleDatabaseException begins: the number again, in front of its message.
_DRIVERS = re.compile(r"\bError : (?P<number>\d{1,6}), Position : \d")
#: What stands before a nested exception, and behind it, inside another one's message.
_OPENS = "([ \t"
_ENDS = re.compile(r"\]\)|\]$|\) occurred when ")


def parse(text: str) -> Trace:
    """The causes in a text of any kind and length. No value of a statement is in the answer.

    A number of fewer than five digits at the text's end may be cut: it is no number then.
    """
    found: list[_Open] = []
    text = text.replace(SEPARATOR, "\n").rstrip()
    if CUT_NUMBER.search(text, max(len(text) - 16, 0)):
        text += "..."
    for written in without_values(bounded(text)).splitlines():
        if (frame := _FRAME.match(written)) is not None:
            if found and frame["where"] and len(found[-1].frames) < _FRAMES:
                found[-1].frames.append(frame["where"])
            continue
        line = _CONNECTION.sub("", _HELP.sub("", written))
        _read(_LOG_HEAD.sub("", line, count=1), found)
    return Trace(_with_drivers(tuple(each.closed() for each in found)))


def _with_drivers(causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """The causes with the numbers that only the driver's exception has: its message is cut, or not given."""
    written = {code.number for cause in causes for code in cause.codes}
    return tuple(
        replace(cause, codes=(Code(Prefix.ORA, number),))
        if (match := _DRIVERS.search(cause.message))
        and not cause.codes
        and (number := int(match["number"])) not in written | {0}
        else cause
        for cause in causes
    )


@dataclass
class _Open:
    """A cause whose lines are still being read."""

    exception: str
    lines: list[str]
    frames: list[str]
    suppressed: bool

    def closed(self) -> Cause:
        message = " ".join(" ".join(self.lines).split())
        codes = tuple(code for line in self.lines for code in codes_in(line))
        return Cause(self.exception, message, codes, tuple(self.frames), self.suppressed)


def _read(line: str, found: list[_Open]) -> None:
    """Add a line to the causes: it begins one or more, or goes on with the last one."""
    caused = _CAUSED_BY.match(line)
    suppressed = caused is not None and caused["suppressed"] is not None
    if caused is not None:
        line = line[caused.end() :]
    classes = [match for match in _CLASS.finditer(line) if match["name"].endswith(_THROWN)]
    head = line[: classes[0].start()] if classes else line
    if caused is not None and not (classes and not head.strip()):
        found.append(_Open("", [], [], suppressed))
    if not found and (head.strip() or not classes):
        found.append(_Open("", [], [], suppressed=False))
    if head.strip():
        # A line that only opens a nested exception says nothing of its own.
        found[-1].lines.append(_opening(head) if classes else head)
    for number, match in enumerate(classes):
        last = number + 1 == len(classes)
        message = line[match.end() : None if last else classes[number + 1].start()].removeprefix(":")
        if not last:
            message = _opening(message)
        if number or head.strip():
            message = _ENDS.split(message, maxsplit=1)[0]
        found.append(_Open(match[0], [message], [], suppressed))


def _opening(words: str) -> str:
    """What stands before a nested exception, without the bracket and the words that open it."""
    return words.rstrip(_OPENS).removesuffix("Caused by:").removesuffix("Caused by").rstrip(_OPENS)


def codes_in(line: str) -> list[Code]:
    """The codes of one line, each with the words up to the next one."""
    matches = list(_CODE.finditer(line))
    found = []
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(line)
        words = " ".join(line[match.end() : end].split()).strip(" ([")
        if match["state"]:
            found.append(Code(Prefix.SQLSTATE, int(match["state"]), words.lstrip("])\"': ")))
        else:
            prefix, separator = Prefix(match["prefix"].upper()), match["separator"] or ":"
            found.append(Code(prefix, int(match["number"]), words, separator))
    return found
