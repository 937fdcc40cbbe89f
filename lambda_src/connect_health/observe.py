"""Gather: ask each part once, those that do not need each other at the same time."""

import time
from typing import Any

from connector.domain.errors import ServerError
from connector.domain.names import CONNECTOR
from connector.domain.record import StageRecord
from lambda_src.connect_admin.session import Session
from lambda_src.connect_health import tcp
from lambda_src.connect_health.memory import MEMORY_KEY, Memory
from lambda_src.connect_health.observation import Canary, Observation
from lambda_src.connect_health.probes import Probe, run
from lambda_src.connect_rest import ConnectorStatus, Unreachable
from lambda_src.deadline import Deadline
from lambda_src.kafka_admin import UNKNOWN_TOPIC, client_settings
from lambda_src.metrics_page import Source
from lambda_src.state_table import read_budget, read_item, read_record
from lambda_src.worker_log import last_failure

#: Seconds for a TCP connection to one listener of the database.
TCP_SECONDS = 3.0
#: Seconds for one of AWS's services: two attempts at most (`lambda_src.aws`).
_AWS_SECONDS = 12.0
_CONNECT_SECONDS = 18.0
_SOURCE_SECONDS = 6.0
_BROKERS_SECONDS = 8.0
_LOG_SECONDS = 6.0


def observe(session: Session, *, knock: tcp.Knock = tcp.knock) -> Observation:
    """Everything about the stage that can be seen from inside the VPC."""
    # First the secrets: what Connect says later can be cleaned of what these hold.
    known, blind = run(
        [
            Probe("secrets", session.know_confidential, _AWS_SECONDS),
            Probe("table", lambda: _table(session), _AWS_SECONDS),
            Probe("service", lambda: session.service, _AWS_SECONDS),
        ]
    )
    probes = [
        Probe("database", lambda: _database(session, knock), _AWS_SECONDS),
        Probe("brokers", lambda: _brokers(session), _BROKERS_SECONDS + 2),
    ]
    if "service" in known or session.environment.connect_url:
        probes.append(Probe("connect", lambda: _connect(session), _CONNECT_SECONDS))
    if "secrets" in blind:
        # Without addresses there is nothing to knock at, and their own reason is told already.
        probes = [probe for probe in probes if probe.name == "connect"]
    seen, blind_later = run(probes)
    answers, status, untold = seen.get("connect", (None, None, ""))
    blind = {**blind, **blind_later, **({"connector": untold} if untold else {})}
    source = None
    if status is not None:
        told, silent = run([Probe("source", lambda: _source(session, status), _SOURCE_SECONDS)])
        source, blind = told.get("source"), {**blind, **silent}
    words = _words(session, status, source)
    record, budget, memory = known.get("table", (None, None, None))
    return Observation(
        service=known.get("service"),
        connect_answers=answers,
        connector=status,
        source=source,
        words=words,
        database=seen.get("database", {}),
        canary=seen.get("brokers"),
        retiring=record is not None and record.retiring,
        secrets_changed=_changed(session, record),
        budget=budget,
        memory=memory,
        blind=blind,
    )


def _table(session: Session) -> tuple[StageRecord | None, Any, Memory]:
    table = session.aws.table(session.environment.table)
    record = read_record(table)
    remembered = read_item(table, MEMORY_KEY)
    return record, read_budget(table), Memory() if remembered is None else Memory.from_item(remembered)


def _changed(session: Session, record: StageRecord | None) -> tuple[str, ...]:
    """Secrets whose version is not the one that was in force when the connector was verified."""
    if record is None or not record.secret_versions:
        return ()
    now = session.secrets.versions
    return tuple(path for path, version in now.items() if record.secret_versions.get(path) != version)


def _connect(session: Session) -> tuple[str, ConnectorStatus | None, str]:
    """Why no worker answers; the connector's status; why Connect does not tell it."""
    connect = session.connect()
    try:
        connect.root()
    except Unreachable as error:
        return str(error), None, ""
    except ServerError as error:
        return f"Connect does not answer as it should: {error}", None, ""
    try:
        return "", connect.status(CONNECTOR), ""
    except ServerError as error:
        return "", None, str(error)


def _database(session: Session, knock: tcp.Knock) -> dict[str, str]:
    return {
        f"{host}:{port}": knock(
            host, port, session.deadline.timeout("knocking at the database", at_most=TCP_SECONDS)
        )
        for host, port in session.database.endpoints
    }


def _brokers(session: Session) -> Canary:
    """Whether the brokers answer, and how old the newest heartbeat is."""
    settings = client_settings(session.brokers, session.environment.auth, session.credentials)
    deadline = session.deadline
    short = Deadline(deadline.now() + min(_BROKERS_SECONDS, deadline.left), deadline.now, deadline.sleep)
    try:
        with session.open_kafka(settings, short, session.censor.clean) as kafka:
            settings_of_stage, topics = session.environment.settings, session.stage.topics
            if settings_of_stage.kind != "debezium":
                return Canary()
            newest = kafka.newest(topics.one("heartbeat"))
            if not settings_of_stage.heartbeat_table:
                return Canary(newest=newest)
            return Canary(newest=newest, newest_of_table=kafka.newest(topics.one("heartbeat_table")))
    except ServerError as error:
        if error.status == UNKNOWN_TOPIC:
            return Canary(topic_missing=True)
        if error.retriable:
            return Canary(trouble=str(error))
        raise


def _source(session: Session, status: ConnectorStatus) -> Source | None:
    """What the worker that runs the task says; None when no task runs."""
    workers = [task.worker.rpartition(":")[0] for task in status.tasks if task.state == "RUNNING"]
    return session.source_at(workers[0]) if workers else None


def _words(session: Session, status: ConnectorStatus | None, source: Source | None) -> str:
    """What a task that calls itself running logged, when its source is not connected.

    It only adds to a finding: a log that cannot be read is no trouble of its own.
    """
    running = status is not None and any(task.state == "RUNNING" for task in status.tasks)
    if not running or session.environment.settings.kind != "debezium" or (source and source.connected):
        return ""
    group = session.stage.names.connector_log_group
    look = Probe("log", lambda: last_failure(session.aws.logs(), group, time.time()), _LOG_SECONDS)
    seen, _ = run([look])
    return str(seen.get("log", ""))
