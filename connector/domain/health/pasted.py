"""What somebody pastes: one trace or several, a line of the worker's log, or a whole log. Pure.

A paste is cut into passages. A passage is an event of a log with all its lines, or a trace with its causes.
Every step takes time that grows with the length of the text, and no faster.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from connector.domain.health.causes import is_consequence, of_task

#: An event of a log: time and level. In front of it may stand what `aws logs tail` prints, time and stream,
#: or what a container tool prints, a name and a bar.
_EVENT = re.compile(
    r"^(?:[\w.-]{1,64}\s{1,16}\|\s{1,4})?(?:\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)\s+[\w./-]{1,300}\s+)?"
    r"(?P<head>\[?(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?:Z|[+-]\d\d:?\d\d)?\]?\s+"
    r"(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s)"
)
#: A line that begins a trace of its own: a Java exception that no "Caused by" introduces.
_TRACE = re.compile(
    r"^(?:Exception in thread \"[^\"\n]{0,200}\" )?(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error)\b"
)
#: How a trace ends. A line behind a message may be a value of a row, whatever it looks like.
_FRAME = re.compile(r"^\s*(?:at\s+\S|\.\.\. \d+ )")
_ERROR = re.compile(r"(?:Exception|Error|Throwable)\b|\b(?:ORA|TNS|PLS)-\d{3}", re.IGNORECASE)
#: What every consequence holds (`causes.is_consequence`).
_CLOSED = "17008"
#: The rank from which a passage is an error.
ERROR = 2
_LEVELS = ("WARN", "ERROR", "FATAL")
#: Keys under which Connect's REST API and CloudWatch Logs give texts; the first one that is there counts.
_KEYS = ("trace", "message")


@dataclass(frozen=True)
class Passage:
    """`line`: its first line in the paste, from 1. `time` and `level`: empty outside a log."""

    text: str
    line: int = 1
    time: str = ""
    level: str = ""

    @cached_property
    def rank(self) -> int:
        """How much it tells: most an error of the connector's task, which the health check looks for."""
        if self.level not in ("", *_LEVELS):
            return 0
        if _ERROR.search(self.text) is None:
            return 1 if self.level else 0
        if _CLOSED in self.text and is_consequence(self.text):
            return ERROR
        return 4 if of_task(self.text) else 3


def passages(text: str) -> tuple[Passage, ...]:
    """What a paste is made of, in its order."""
    found = list(_of_json(text)) or list(_of_lines(text))
    return tuple(each for each in found if each.text.strip())


def newest(found: tuple[Passage, ...]) -> Passage:
    """The passage that counts: of those that tell most, the latest, and of the same time the last."""
    best = max(each.rank for each in found)
    return max(
        enumerate(each for each in found if each.rank == best), key=lambda pair: (_moment(pair[1]), pair[0])
    )[1]


def _moment(passage: Passage) -> str:
    return passage.time.replace("T", " ").replace(",", ".")


def _of_lines(text: str) -> Iterator[Passage]:
    lines: list[str] = []
    first, event, framed = 1, None, False
    for number, line in enumerate(text.splitlines(), start=1):
        found = _EVENT.match(line)
        # A log's event ends with the next one; a trace ends where another one begins.
        if found is not None or (event is None and framed and _TRACE.match(line)):
            yield _passage(lines, first, event)
            lines, first, event, framed = [], number, found, False
        elif event is None and not lines and not line.strip():
            first = number + 1
            continue
        framed = _FRAME.match(line) is not None or (framed and not line.strip())
        lines.append(_unescaped(line if found is None else line[found.start("head") :]))
    yield _passage(lines, first, event)


def _passage(lines: list[str], first: int, event: re.Match[str] | None) -> Passage:
    text = "\n".join(lines)
    return Passage(text, first) if event is None else Passage(text, first, event["time"], event["level"])


def _unescaped(line: str) -> str:
    """A line as it is, or, of a trace whose line ends are written out as escapes, its lines."""
    return line.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t") if "\\n\\tat " in line else line


def _of_json(text: str) -> Iterator[Passage]:
    """The texts in an answer of Connect's REST API or of CloudWatch Logs; nothing if it is not JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    at, some = 0, False
    for key in _KEYS:
        for found in _values(value, key):
            at, some = _position(text, found, at), True
            line = text.count("\n", 0, at) + 1
            yield from (replace(passage, line=line) for passage in _of_lines(found))
        if some:
            return


def _position(text: str, value: str, start: int) -> int:
    """Where a text begins in the JSON that holds it; `start` if it is escaped in another way."""
    places = (text.find(json.dumps(value, ensure_ascii=plain)[:80], start) for plain in (True, False))
    return max((place for place in places if place >= 0), default=start)


def _values(value: Any, key: str) -> Iterator[str]:
    """Every text under a key, however deep, in its order. No recursion: others write these texts."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get(key), str):
                yield item[key]
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
