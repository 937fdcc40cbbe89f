"""Gather: ask each part once, those that do not need each other at the same time.

The one gatherer: the health check, `status`, `verify` and a registration judge what it saw.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.domain.health.observation import Canary, ConnectorStatus, Observation, Service, Source
from connector.domain.health.state import MEMORY_KEY, Memory
from connector.domain.stage.names import CONNECTOR
from lambda_src.clients import tcp
from lambda_src.clients.connect_rest import Unreachable
from lambda_src.clients.kafka_admin import UNKNOWN_TOPIC, client_settings
from lambda_src.clients.state_table import Table, read_budget, read_item, read_record
from lambda_src.clients.worker_log import last_failure
from lambda_src.runtime.probes import Probe, run, tried
from lambda_src.session import Session

#: Seconds for a TCP connection to one listener of the database.
TCP_SECONDS = 3.0
#: Seconds for one of AWS's services: two attempts at most (`lambda_src.clients.aws`).
_AWS_SECONDS = 12.0
_CONNECT_SECONDS = 18.0
_SOURCE_SECONDS = 6.0
_BROKERS_SECONDS = 8.0
_LOG_SECONDS = 6.0


def observe(session: Session, *, knock: tcp.Knock | None = None, read_log: bool = True) -> Observation:
    """Everything about the stage that can be seen from inside the VPC.

    Without `read_log` the worker's log is left alone, which not every function has a right to read.
    """
    # First the secrets: what Connect says later can be cleaned of what these hold.
    known, blind = run(
        [
            Probe("secrets", session.know_confidential, _AWS_SECONDS),
            Probe("table", lambda: _table(session), _AWS_SECONDS),
            Probe("service", lambda: _service(session), _AWS_SECONDS),
        ]
    )
    probes = [
        Probe("database", lambda: _database(session, knock or session.knock), _AWS_SECONDS),
        Probe("brokers", lambda: _brokers(session), _BROKERS_SECONDS + 2),
    ]
    if known.get("service") or session.environment.connect_url:
        probes.append(Probe("connect", lambda: _connect(session), _CONNECT_SECONDS))
    if "secrets" in blind:
        # Without addresses there is nothing to knock at, and their own reason is told already.
        probes = [probe for probe in probes if probe.name == "connect"]
    seen, blind_later = run(probes)
    state = seen.get("connect", ConnectState())
    items, unread = known.get("table", ({}, {}))
    source, blind_source = _source(session, state.status)
    blind = {**blind, **unread, **blind_later, **_blind_connector(state), **blind_source}
    # Without the secrets nobody knows what to take out of a database's words.
    silent = "secrets" in blind or not read_log
    words = "" if silent else _words(session, state.status, source)
    env = session.environment
    absent = "service" in known and known["service"] is None
    return Observation(
        service=known.get("service"),
        no_service=f"there is no ECS service {env.service} in cluster {env.cluster}" if absent else "",
        connect_answers=state.answers,
        connect_root=state.root,
        connector=state.status,
        source=source,
        words=words,
        database=seen.get("database", {}),
        canary=seen.get("brokers"),
        record=items.get("record"),
        secret_versions=session.secrets.versions,
        budget=items.get("budget") if "record" in items else None,
        memory=items.get("memory"),
        blind=blind,
    )


def observe_connector(session: Session) -> Observation:
    """What Connect and the worker that runs the task say; a registration asks for no more."""
    state = _connect(session)
    source, blind = _source(session, state.status)
    return Observation(
        connect_answers=state.answers,
        connect_root=state.root,
        connector=state.status,
        source=source,
        blind={**_blind_connector(state), **blind},
    )


def _table(session: Session) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The items of the state table, each for itself: one that is damaged must not hide the others."""
    table = session.aws.table(session.environment.table)
    reads: dict[str, Callable[[], Any]] = {
        "record": lambda: read_record(table),
        "budget": lambda: read_budget(table),
        "memory": lambda: _memory(table),
    }
    found: dict[str, Any] = {}
    blind: dict[str, str] = {}
    for name, read in reads.items():
        well, item = tried(read)
        (found if well else blind)[name] = item
    return found, blind


def _memory(table: Table) -> Memory:
    remembered = read_item(table, MEMORY_KEY)
    return Memory() if remembered is None else Memory.from_item(remembered)


def _service(session: Session) -> Service | None:
    """The service; it is asked for once, since Connect's workers are found by it too."""
    service = session.observe_service()
    if service is not None:
        session.service = service
    return service


@dataclass(frozen=True)
class ConnectState:
    """What Connect says: why no worker answers, None when nobody could be asked; the connector's status."""

    answers: str | None = None
    root: Mapping[str, str] = field(default_factory=dict)
    status: ConnectorStatus | None = None
    #: Why Connect does not tell the status; empty when it does, or has none.
    error: str = ""


def _connect(session: Session) -> ConnectState:
    connect = session.connect(_CONNECT_SECONDS - 2)
    try:
        root = connect.root()
    except Unreachable as error:
        return ConnectState(str(error))
    except ServerError as error:
        return ConnectState(f"Connect does not answer as it should: {error}")
    try:
        return ConnectState("", root, connect.status(CONNECTOR))
    except (ServerError, DeadlineExceeded) as error:
        return ConnectState("", root, error=str(error))


def _blind_connector(state: ConnectState) -> Mapping[str, str]:
    return {"connector": state.error} if state.error else {}


def _database(session: Session, knock: tcp.Knock) -> dict[str, str]:
    """Listeners share the time, so that the last of many is knocked at too."""
    endpoints = session.database.endpoints
    deadline = session.deadline.sooner(_AWS_SECONDS - 2)
    found = {}
    for knocked, (host, port) in enumerate(endpoints):
        share = min(TCP_SECONDS, deadline.left / (len(endpoints) - knocked))
        found[f"{host}:{port}"] = knock(host, port, deadline.timeout("knocking", at_most=share))
    return found


def _brokers(session: Session) -> Canary:
    """Whether the brokers answer, and how old the newest heartbeat is."""
    settings = client_settings(session.brokers, session.environment.auth, session.credentials)
    short = session.deadline.sooner(_BROKERS_SECONDS)
    try:
        with session.open_kafka(settings, short, session.censor.clean) as kafka:
            settings_of_stage, topics = session.environment.settings, session.stage.topics
            if settings_of_stage.kind != "debezium":
                return Canary()
            newest: dict[str, float | None] = {}
            missing = []
            for role in ("heartbeat", *(["heartbeat_table"] if settings_of_stage.heartbeat_table else [])):
                try:
                    newest[role] = kafka.newest(topics.one(role))
                except ServerError as error:
                    if error.status != UNKNOWN_TOPIC:
                        raise
                    missing.append(topics.one(role))
            return Canary("", newest.get("heartbeat"), newest.get("heartbeat_table"), tuple(missing))
    except ServerError as error:
        if error.retriable:
            return Canary(trouble=str(error))
        raise


def _source(session: Session, status: ConnectorStatus | None) -> tuple[Source | None, Mapping[str, str]]:
    """What the worker that runs the task says, None when no task runs; and why it does not tell it."""
    if status is None or not status.running_at:
        return None, {}
    address = status.running_at[0]
    seen, blind = run([Probe("source", lambda: session.source_at(address), _SOURCE_SECONDS)])
    return seen.get("source"), {name: f"{address}: {reason}" for name, reason in blind.items()}


def _words(session: Session, status: ConnectorStatus | None, source: Source | None) -> str:
    """What a task that calls itself running logged, when its source is not connected.

    Of one that is connected, where the stage has a heartbeat table, whether the database refuses its
    statement: that asks for every captured table. A log that cannot be read is no trouble of its own.
    """
    settings = session.environment.settings
    connected = source is not None and source.connected
    if (
        status is None
        or not status.streams
        or settings.kind != "debezium"
        or (connected and not settings.heartbeat_table)
    ):
        return ""
    group = session.stage.names.connector_log_group
    # No longer ago than some heartbeats, or what is mended would still be told.
    wish: dict[str, Any] = {}
    if connected:
        wish = {"seconds": max(60, 3 * settings.heartbeat_seconds), "about": HEARTBEAT_REFUSED}
    look = Probe("log", lambda: last_failure(session.aws.logs(), group, time.time(), **wish), _LOG_SECONDS)
    seen, _ = run([look])
    return str(seen.get("log", ""))
