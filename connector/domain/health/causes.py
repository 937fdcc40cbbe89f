"""What a trace of Connect, Debezium or Oracle's driver says, in one line.

Pure text work: the last cause of a Java trace. What kind of error it is, `error_classes` knows.
"""

import re

from connector.domain.stage.aws_names import CONNECTOR

_CAUSED_BY = re.compile(r"^\s*Caused by:\s*(.+)$", re.MULTILINE)
#: `java.lang.IllegalStateException: words` -> words; a bare class name is kept, shortened.
_CLASS = re.compile(r"^(?:[\w$]+\.)+(?P<name>[\w$]+)(?::\s*|$)")
#: Oracle's own message, which the driver wraps in messages of its own.
_SERVER_MESSAGE = re.compile(r"ORA-\d{5}:[^\n]*")
#: What Oracle's driver adds behind the cause.
_TAIL = re.compile(r"\s*(?:https?://docs\.oracle\.com/\S+|\(CONNECTION_ID=[^)]*\))")
#: The innermost brackets of a printed object, with the field name in front of them.
_OBJECT = re.compile(r"\s*(?:\w+=)?(?:\[[^\[\]{}]*\]|\{[^\[\]{}]*\})")
MAX_LENGTH = 300
#: The prefix that Connect puts before a log line of our connector's task.
TASK_PREFIX = f"[{CONNECTOR}|task-"
#: How a line names our connector's task: by that prefix, or as Connect's own class prints the task.
#: Debezium's restarts lose the prefix in some lives of a task (observed with Debezium 3.6.1.Final on Connect
#: 4.3.1).
_TASK_MARKS = (TASK_PREFIX, f"{{id={CONNECTOR}-")
#: The same as a filter pattern of CloudWatch Logs: any of these texts, exactly.
TASK_PATTERN = " ".join(f'?"{mark}"' for mark in _TASK_MARKS)
#: What Debezium says when the database refuses `heartbeat.action.query`.
HEARTBEAT_REFUSED = "Could not execute heartbeat action"
#: The worker's log has one event a line; a trace's lines are joined by this (image/conf/log4j2.xml).
_TRACE_SEPARATOR = " | "


def of_task(line: str) -> bool:
    """Whether a line of the worker's log is about our connector's task."""
    return any(mark in line for mark in _TASK_MARKS)


def trace_of(event: str) -> str:
    """An event of the worker's log with its trace on lines of its own."""
    return event.replace(_TRACE_SEPARATOR, "\n")


def is_consequence(trace: str) -> bool:
    """Whether a trace tells only that the connection was closed, which Debezium does after a failure.

    Observed with Debezium 3.6.1.Final: `Error in finally block`, with ORA-17008, after the cause's trace.
    """
    found = _SERVER_MESSAGE.findall(trace)
    return bool(found) and all(text.startswith("ORA-17008") for text in found)


def root_cause(trace: str) -> str:
    """The cause at the bottom of a trace, in one line: Oracle's numbered message where there is one.

    Such a message is deep inside wrapped exceptions. Else it is the last "Caused by", else the first line.
    """
    server = _SERVER_MESSAGE.findall(trace)
    if server:
        return _shorten(server[-1])
    causes = _CAUSED_BY.findall(trace)
    line = causes[-1] if causes else next((text for text in trace.splitlines() if text.strip()), "")
    return _shorten(_without_class(line.strip())) or "no cause given"


def _without_class(line: str) -> str:
    """Drop Java class names in front, however many; a class without a message is its own message."""
    while (match := _CLASS.match(line)) is not None:
        rest = line[match.end() :]
        if not rest.strip():
            return match["name"]
        line = rest
    return line


def _shorten(line: str) -> str:
    text = " ".join(_TAIL.sub("", line).split())
    # Debezium prints whole objects inside a sentence; the end of the sentence follows them.
    if len(text) > MAX_LENGTH:
        while (shorter := _OBJECT.sub("", text)) != text:
            text = shorter
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 3] + "..."
