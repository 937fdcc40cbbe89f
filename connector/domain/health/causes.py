"""How a line of the worker's log tells of our task, and what a trace says in one line. Pure."""

from connector.domain.diagnosis import one_line
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.trace import SEPARATOR, Prefix, parse
from connector.domain.stage.aws_names import CONNECTOR

MAX_LENGTH = one_line.MAX_LENGTH
#: ojdbc's number for a connection that the connector itself has closed.
_CLOSED = 17008
#: The prefix that Connect puts before a log line of our connector's task.
TASK_PREFIX = f"[{CONNECTOR}|task-"
#: How a line tells that it is about our connector's task: by that prefix, as Connect's own class prints the
#: task, or by a logger of Debezium's (as image/conf/log4j2.xml shortens them), which runs nothing else here.
#: Debezium's restarts lose the prefix in some lives of a task (observed with Debezium 3.6.1.Final on Connect
#: 4.3.1).
_TASK_MARKS = (TASK_PREFIX, f"{{id={CONNECTOR}-", "[i.d.")
#: The same as a filter pattern of CloudWatch Logs: any of these texts, exactly.
TASK_PATTERN = " ".join(f'?"{mark}"' for mark in _TASK_MARKS)
#: What Debezium says when the database refuses `heartbeat.action.query`.
HEARTBEAT_REFUSED = "Could not execute heartbeat action"


def of_task(line: str) -> bool:
    """Whether a line of the worker's log is about our connector's task."""
    return any(mark in line for mark in _TASK_MARKS)


def trace_of(event: str) -> str:
    """An event of the worker's log with its trace on lines of its own."""
    return event.replace(SEPARATOR, "\n")


def is_consequence(trace: str) -> bool:
    """Whether a trace tells only that the connection was closed, which Debezium does after a failure.

    Observed with Debezium 3.6.1.Final: `Error in finally block`, with ORA-17008, after the cause's trace.
    """
    found = [code for cause in parse(trace).causes for code in cause.codes]
    return bool(found) and all(code.prefix is Prefix.ORA and code.number == _CLOSED for code in found)


def root_cause(trace: str) -> str:
    """The cause that a trace tells, in one line without values of rows."""
    return diagnose(trace).cause
