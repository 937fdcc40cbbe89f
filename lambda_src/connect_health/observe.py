"""Gather: ask each part once. A probe has its own time and cannot keep the others from seeing."""

from collections.abc import Callable
from typing import Any

from connector.domain.errors import ServerError, WmsError
from connector.domain.names import CONNECTOR
from lambda_src.connect_admin.session import Session
from lambda_src.connect_health import tcp
from lambda_src.connect_health.observation import Observation
from lambda_src.connect_rest import ConnectorStatus, Unreachable
from lambda_src.metrics_page import Source
from lambda_src.state_table import read_record

#: Seconds for a TCP connection to one listener of the database.
TCP_SECONDS = 3.0


def observe(session: Session, *, knock: tcp.Knock = tcp.knock) -> Observation:
    """Everything about the stage that can be seen from inside the VPC."""
    blind: dict[str, str] = {}
    seen: dict[str, Any] = {}

    def probe(name: str, look: Callable[[], Any]) -> None:
        try:
            seen[name] = look()
        except WmsError as error:
            blind[name] = str(error)

    # First: what Connect says later can be cleaned of what these hold.
    probe("secrets", session.know_confidential)
    probe("record", lambda: _retiring(session))
    probe("service", lambda: session.service)
    probe("database", lambda: _database(session, knock))
    if "service" in seen or session.environment.connect_url:
        probe("connect", lambda: _connect(session))
    if seen.get("connect") == "":
        probe("connector", lambda: session.connect().status(CONNECTOR))
    status: ConnectorStatus | None = seen.get("connector")
    if status is not None:
        probe("source", lambda: _source(session, status))
    return Observation(
        service=seen.get("service"),
        connect_answers=seen.get("connect"),
        connector=status,
        source=seen.get("source"),
        database=seen.get("database", {}),
        retiring=seen.get("record", False),
        blind=blind,
    )


def _retiring(session: Session) -> bool:
    record = read_record(session.aws.table(session.environment.table))
    return record is not None and record.retiring


def _connect(session: Session) -> str:
    try:
        session.connect().root()
    except Unreachable as error:
        return str(error)
    except ServerError as error:
        return f"Connect does not answer as it should: {error}"
    return ""


def _database(session: Session, knock: tcp.Knock) -> dict[str, str]:
    return {
        f"{host}:{port}": knock(
            host, port, session.deadline.timeout("knocking at the database", at_most=TCP_SECONDS)
        )
        for host, port in session.database.endpoints
    }


def _source(session: Session, status: ConnectorStatus) -> Source | None:
    """What the worker that runs the task says; None when no task runs."""
    workers = [task.worker.rpartition(":")[0] for task in status.tasks if task.state == "RUNNING"]
    return session.source_at(workers[0]) if workers else None
