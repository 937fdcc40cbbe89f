"""A task that is RUNNING while Debezium has no connection: the next check names the cause from the log.

Observed with Debezium 3.6.1.Final and ojdbc 23.26: during retries connector and task stay RUNNING without
a trace, and there is no streaming MBean; only the log has the ORA number. Each attempt writes such lines.
"""

import time
from collections.abc import Callable

import pytest

from connector.domain.admin_api import Operation
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import Watched

_TASK = "[wms-oracle-cdc|task-0] "
_FRAMES = " | at oracle.jdbc.driver.T4CConnection.logon(T4CConnection.java:1259) | ... 18 more"


def help_line(number: str) -> str:
    """What ojdbc puts behind each message."""
    return f" | https://docs.oracle.com/error-help/db/ora-{number}/"


def line(level: str, message: str) -> str:
    return f"2026-01-02T03:04:05.678Z {level:<5} {_TASK}{message}"


def retried(cause: str) -> list[str]:
    """What one attempt writes when streaming breaks, and is retried."""
    restarted = "An exception occurred in the change event producer. This connector will be restarted."
    wrapped = (
        f"org.apache.kafka.connect.errors.RetriableException: {restarted} | at a.b.C | Caused by: {cause}"
    )
    poll = (
        "failed to poll records from SourceTask. Will retry operation. [o.a.k.c.r.AbstractWorkerSourceTask]"
    )
    return [
        line("ERROR", f"LogMiner session stopped due to an error. [i.d.c.o.l.X] {cause}{_FRAMES}"),
        line("ERROR", f"Producer failure [i.d.p.ErrorHandler] {cause}{_FRAMES}"),
        line("WARN", "Retry 1 of unlimited retries will be attempted [i.d.p.ErrorHandler]"),
        line("WARN", f"ExactlyOnceWorkerSourceTask{{id=wms-oracle-cdc-0}} {poll} {wrapped}{_FRAMES}"),
        line("WARN", "Going to restart connector after 10 sec. after a retriable exception [i.d.c.c.X]"),
    ]


def not_started(cause: str) -> list[str]:
    """What one attempt writes when the connector cannot log in."""
    said = "Failed to start connector, will re-attempt during polling. [i.d.c.c.BaseSourceTask]"
    wrapped = "org.apache.kafka.connect.errors.RetriableException: Failed to resolve Oracle database version"
    return [line("WARN", f"{said} {wrapped} | Caused by: {cause}{_FRAMES}")]


CLOSED = line(
    "ERROR",
    "Error in finally block [i.d.p.s.AbstractSnapshotChangeEventSource] java.sql.SQLRecoverableException: "
    f"ORA-17008: Closed connection{help_line('17008')}",
)
LOGIN = "java.sql.SQLException: ORA-01017: invalid credential or not authorized; logon denied" + help_line(
    "01017"
)
LOCKED = "java.sql.SQLException: ORA-28000: The account is locked." + help_line("28000")
LISTENER = (
    "java.sql.SQLRecoverableException: ORA-12541: Cannot connect. No listener at host 127.0.77.3 port 1521. "
    "(CONNECTION_ID=1RmXrIeGQ4CSeE1s0rDAWA==)" + help_line("12541")
)
SERVICE = (
    "java.sql.SQLRecoverableException: ORA-12514: Cannot connect to database. Service CDB1 is not registered "
    "with the listener at host 127.0.77.3 port 1521. (CONNECTION_ID=x==)" + help_line("12514")
)
LOST = "java.sql.SQLRecoverableException: ORA-03113: end-of-file on communication channel" + help_line(
    "03113"
)


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    """A task that Connect calls RUNNING, without Debezium's MBeans."""
    assert world.ask(Operation.REGISTER).changed
    world.connect.debezium = None
    return Watched(world)


@pytest.mark.parametrize("attempt", [retried, not_started])
@pytest.mark.parametrize(
    ("cause", "number", "expected"),
    [
        (LOGIN, "ORA-01017", ("login", True)),
        (LOCKED, "ORA-28000", ("login", True)),
        (LISTENER, "ORA-12541", ("unreachable", False)),
        (SERVICE, "ORA-12514", ("unknown database", False)),
        (LOST, "ORA-03113", ("unreachable", False)),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("ORA") else "",
)
def test_one_check_names_the_cause(
    watched: Watched,
    attempt: Callable[[str], list[str]],
    cause: str,
    number: str,
    expected: tuple[str, bool],
):
    kind, at_once = expected
    written = [*attempt(cause), CLOSED]
    watched.stage.logs.lines = [(time.time() - 9 + n / 10, text) for n, text in enumerate(written)]
    answer = watched.check()
    assert f"last error in the worker's log: {number}: " in answer.summary
    assert "https://" not in answer.summary
    assert answer.facts["causes"]["SourceDisconnected"]["class"] == kind
    # What somebody has to fix is mailed at once; what may end by itself if the second check finds it too.
    assert watched.subjects == ([f"SourceDisconnected ({kind})"] if at_once else [])
    watched.stage.logs.lines = [(time.time() - 5, text) for text in written]
    watched.check()
    assert watched.subjects == [f"SourceDisconnected ({kind})"]
    assert number in watched.mails[0][1]


def test_a_closed_connection_is_told_where_nothing_else_is(watched: Watched):
    watched.stage.logs.lines = [(time.time() - 5, CLOSED)]
    assert "ORA-17008: Closed connection" in watched.check().summary
