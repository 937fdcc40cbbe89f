"""Gather: read each part of a stage once, independent parts at the same time.

The only gatherer: the health check, `status`, `verify` and a registration evaluate what it saw.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.domain.capture.config import NAME_KEY, changed_keys, config_hash
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.health.causes import HEARTBEAT_REFUSED
from connector.domain.health.halt import Halt
from connector.domain.health.maintenance_window import Window
from connector.domain.health.observation import (
    POSITION_PROBE,
    BrokerReading,
    ConnectorStatus,
    Observation,
    Service,
    Source,
)
from connector.domain.health.refused import RefusedCredentials
from connector.domain.health.rotation_state import Rotation
from connector.domain.health.scn import Position, position_in
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients import aws, kafka_port
from lambda_src.clients.connect_rest import Unreachable
from lambda_src.clients.kafka_port import UNKNOWN_TOPIC, KafkaAdmin
from lambda_src.clients.state_table import (
    read_budget,
    read_halt,
    read_health_state,
    read_record,
    read_rotation,
    read_window,
)
from lambda_src.clients.worker_log import Logs, last_failure
from lambda_src.observe_skipped import PROBE as SKIPPED
from lambda_src.observe_skipped import SECONDS as SKIPPED_SECONDS
from lambda_src.observe_skipped import known_skips, with_new_skips, with_set_back
from lambda_src.runtime.deadline import Clock
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
#: Of a limit for all: what is kept for the parts that need the secrets first, and the least for a probe.
_THEN_SECONDS, _LEAST_SECONDS = 5.0, 1.0
#: For how long a health check looks whether the database's SCN moves, in seconds, and how often. The
#: connector asks for it in each iteration: each second on a quiet database (seen with Debezium 3.6.1.Final).
_SCN_SECONDS = 8.0
_SCN_EVERY = 1.0


def observe(
    session: Session,
    *,
    logs: Callable[[], Logs] | None = None,
    clock: Clock = time.time,
    watch_scn: bool = False,
    within: float | None = None,
) -> Observation:
    """Everything about the stage that can be seen from inside the VPC.

    `logs` is where the worker's log is read, by default CloudWatch Logs. `clock` tells seconds since 1970.
    `watch_scn`: look for some seconds whether the database's SCN moves, for a check that remembers it.
    `within`: how many seconds all of it may take, for somebody who waits; else each part has its own limit.
    """
    ends = None if within is None else time.monotonic() + within
    # Read the secrets first, so that their values can be redacted in what Connect says later.
    known, probe_errors = run(_by(ends and ends - _THEN_SECONDS, _first_probes(session)))
    items, unreadable = known.get("table", ({}, {}))
    skipped = items.get(SKIPPED)
    # Only the health check reads on in the log: the others show what it has found.
    probes = _probes(session, known, skipped if logs is None else None)
    if "secrets" in probe_errors:
        # Without addresses there is nothing to connect to, and why they are missing is reported already.
        probes = [probe for probe in probes if probe.name in ("connect", SKIPPED)]
    seen, later_errors = run(_by(ends, probes))
    state, asked = seen.get("connect", ConnectState()), clock()
    source, source_error = _source(session, state.status, ends)
    probe_errors = {**probe_errors, **unreadable, **later_errors, **_connector_error(state), **source_error}
    # Without the secrets their values could not be redacted in a database's message.
    silent = "secrets" in probe_errors
    log_message = "" if silent else _log_message(session, logs or session.aws.logs, state.status, source)
    env = session.environment
    absent = "service" in known and known["service"] is None
    found = Observation(
        service=known.get("service"),
        no_service=f"there is no ECS service {env.service} in cluster {env.cluster}" if absent else "",
        connect_answers=state.answers,
        connect_root=state.root,
        connector=state.status,
        source=source,
        scn_sightings=_scn_sightings(session, state.status, source, asked, clock if watch_scn else None),
        snapshot_since=_snapshot_since(source, asked),
        position=state.position,
        log_message=log_message,
        database=seen.get("database", {}),
        brokers=seen.get("brokers"),
        record=items.get("record"),
        secret_versions=session.secrets.versions,
        budget=items.get("budget") if "record" in items else None,
        health_state=items.get("health_state"),
        rotation=items.get("rotation", Rotation()),
        desired_count=env.desired_count,
        drifted_keys=_drifted_keys(session, state, items.get("record")),
        halt=items.get("halt", Halt()),
        refused=items.get("refused", RefusedCredentials()),
        maintenance=items.get("maintenance", Window()),
        skipped=seen.get(SKIPPED, skipped),
        probe_errors=probe_errors,
    )
    return with_set_back(found, clock())


def _first_probes(session: Session) -> list[Probe]:
    """What the other probes need. The clients are imported before the time of any probe begins."""
    aws.prepare()
    kafka_port.prepare()
    return [
        Probe("secrets", session.know_confidential, _AWS_SECONDS),
        Probe("table", lambda: _table(session), _AWS_SECONDS),
        Probe("service", lambda: _service(session), _AWS_SECONDS),
    ]


def _by(ends: float | None, probes: Sequence[Probe]) -> list[Probe]:
    """The probes, none of which takes longer than until then; a moment of `time.monotonic`."""
    if ends is None:
        return list(probes)
    left = max(_LEAST_SECONDS, ends - time.monotonic())
    return [replace(probe, seconds=min(probe.seconds, left)) for probe in probes]


def _probes(session: Session, known: Mapping[str, Any], skipped: SkippedChanges | None) -> list[Probe]:
    items, _ = known.get("table", ({}, {}))
    probes = [
        Probe("database", lambda: _database(session), _AWS_SECONDS),
        Probe("brokers", lambda: _brokers(session, items.get("record")), _BROKERS_SECONDS + 2),
    ]
    if known.get("service") or session.environment.connect_url:
        probes.append(Probe("connect", lambda: _connect(session, stored=True), _CONNECT_SECONDS))
    if known.get("service") and skipped is not None:
        probes.append(Probe(SKIPPED, lambda: with_new_skips(session, skipped, time.time()), SKIPPED_SECONDS))
    return probes


def observe_connector(session: Session) -> Observation:
    """What Connect and the worker that runs the task say: all that a registration needs."""
    state = _connect(session)
    source, probe_errors = _source(session, state.status)
    return Observation(
        connect_answers=state.answers,
        connect_root=state.root,
        connector=state.status,
        source=source,
        probe_errors={**_connector_error(state), **probe_errors},
    )


def _table(session: Session) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The items of the state table, each read by itself: a damaged item must not hide the others."""
    table = session.aws.table(session.environment.table)
    reads: dict[str, Callable[[], Any]] = {
        "record": lambda: read_record(table),
        "budget": lambda: read_budget(table),
        "health_state": lambda: read_health_state(table),
        "rotation": lambda: read_rotation(table),
        "halt": lambda: read_halt(table),
        "maintenance": lambda: read_window(table),
        "refused": lambda: session.refused,
    }
    if session.environment.settings.kind == "debezium":
        reads[SKIPPED] = lambda: known_skips(table)
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, read in reads.items():
        well, item = tried(read)
        (found if well else errors)[name] = item
    return found, errors


def _service(session: Session) -> Service | None:
    """The service, kept in the session: Connect's workers are found by it too."""
    service = session.observe_service()
    if service is not None:
        session.service = service
    return service


@dataclass(frozen=True)
class ConnectState:
    """What Connect says. `answers`: why no worker answers, empty when one does, None if none was asked."""

    answers: str | None = None
    root: Mapping[str, str] = field(default_factory=dict)
    status: ConnectorStatus | None = None
    #: Why Connect does not give the status; empty when it does, or has none.
    error: str = ""
    #: What it has stored for the connector, or why it does not give that.
    position: Position | None = None
    position_error: str = ""
    #: The connector's config as Connect has it; None when it was not read, or there is none.
    config: Mapping[str, str] | None = None


def _connect(session: Session, *, stored: bool = False) -> ConnectState:
    """What Connect says; with `stored`, of the position of a connector of Debezium's too."""
    connect = session.connect(_CONNECT_SECONDS - 2)
    try:
        root = connect.root()
    except Unreachable as error:
        return ConnectState(str(error))
    except ServerError as error:
        return ConnectState(f"Connect does not answer correctly: {error}")
    try:
        state = ConnectState("", root, connect.status(CONNECTOR))
    except (ServerError, DeadlineExceeded) as error:
        return ConnectState("", root, error=str(error), position_error=str(error))
    if not stored:
        return state
    # Whatever keeps Connect from giving the config, its status or the position tells of.
    _, config = tried(lambda: connect.config(CONNECTOR))
    state = replace(state, config=config if isinstance(config, Mapping) else None)
    if session.environment.settings.kind != "debezium":
        return state
    # Before the SCN is asked for: then a position ahead of the SCN is one that cannot be.
    try:
        offsets = connect.offsets(CONNECTOR)
    except (ServerError, DeadlineExceeded) as error:
        return replace(state, position_error=str(error))
    if offsets is None:
        # What a connector that is gone has stored stays; Connect answers for connectors that exist only.
        return replace(state, position_error=f"Connect has no connector {CONNECTOR}")
    return replace(state, position=position_in(offsets, session.stage.topics.prefix))


def _drifted_keys(
    session: Session, state: ConnectState, record: StageRecord | None
) -> tuple[str, ...] | None:
    """Between two steps of a launch the config is the one registered last, or the wanted one: no drift."""
    if state.config is None:
        return None
    live = {key: value for key, value in state.config.items() if key != NAME_KEY}
    well, wanted = tried(lambda: session.config)
    if not well:
        return None
    keys = tuple(changed_keys(wanted, live))
    if not keys or (record is not None and config_hash(live) == record.config_hash):
        return ()
    # Of a stage that was never registered nobody knows what its config was.
    return keys if record is not None and record.config_hash else None


def _connector_error(state: ConnectState) -> Mapping[str, str]:
    errors = {"connector": state.error, POSITION_PROBE: state.position_error}
    return {probe: error for probe, error in errors.items() if error}


def _database(session: Session) -> dict[str, str]:
    """Listeners share the time, so that the last of many is probed too."""
    endpoints = session.database.endpoints
    deadline = session.deadline.sooner(_AWS_SECONDS - 2)
    found = {}
    for probed, (host, port) in enumerate(endpoints):
        share = min(TCP_SECONDS, deadline.left / (len(endpoints) - probed))
        seconds = deadline.timeout("connecting to the database", at_most=share)
        found[f"{host}:{port}"] = session.tcp_probe(host, port, seconds)
    return found


def _brokers(session: Session, record: StageRecord | None) -> BrokerReading:
    """Whether the brokers answer, how old the newest heartbeat is, and which topics are gone."""
    settings, topics = session.environment.settings, session.stage.topics
    try:
        with session.kafka(_BROKERS_SECONDS) as kafka:
            if settings.kind != "debezium":
                return BrokerReading()
            newest: dict[str, float | None] = {}
            missing = []
            for role in ("heartbeat", *(["heartbeat_table"] if settings.heartbeat_table else [])):
                try:
                    newest[role] = kafka.newest(topics.one(role))
                except ServerError as error:
                    if error.status != UNKNOWN_TOPIC:
                        raise
                    missing.append(topics.one(role))
            missing += _gone(kafka, record, topics.roles["data"])
            return BrokerReading("", newest.get("heartbeat"), newest.get("heartbeat_table"), tuple(missing))
    except ServerError as error:
        if error.retriable:
            return BrokerReading(error=str(error))
        raise


def _gone(kafka: KafkaAdmin, record: StageRecord | None, data: Sequence[str]) -> list[str]:
    """The data topics that were there at the last registration and are not now.

    By the record: during a launch the settings are ahead of the topics. Who may not see them, as with the
    rights of an earlier release, is not told that they are gone.
    """
    known = [topic for topic in data if record is not None and topic in record.topics]
    if not known:
        return []
    try:
        there = kafka.partitions(known)
    except ServerError as error:
        if error.retriable:
            raise
        return []
    return [topic for topic in known if topic not in there]


def _source(
    session: Session, status: ConnectorStatus | None, ends: float | None = None
) -> tuple[Source | None, Mapping[str, str]]:
    """What the worker that runs the task reports of the source, if a task runs; and the probe's error."""
    if status is None or not status.running_at:
        return None, {}
    address = status.running_at[0]
    probe = Probe("source", lambda: session.source_at(address), _SOURCE_SECONDS)
    seen, probe_errors = run(_by(ends, [probe]))
    return seen.get("source"), {name: f"{address}: {reason}" for name, reason in probe_errors.items()}


def _scn_sightings(
    session: Session, status: ConnectorStatus | None, source: Source | None, asked: float, clock: Clock | None
) -> tuple[tuple[float, int], ...]:
    """When the database's SCN was asked for, and what it was; with a clock, until it has moved.

    A value that does not move is one that Debezium has kept while its query hangs: it may be as old as that.
    """
    if source is None or source.scn is None or status is None:
        return ()
    first = (asked, source.scn)
    at_most = min(_SCN_SECONDS, session.deadline.left - _LOG_SECONDS - 2)
    if clock is None or at_most <= 0:
        return (first,)
    address = status.running_at[0]

    def again() -> tuple[float, int]:
        at, scn = clock(), session.source_at(address).scn
        return first if scn is None else (at, scn)

    def look() -> tuple[float, int]:
        session.deadline.sleep(_SCN_EVERY)
        return session.deadline.poll(
            again, lambda found: found[1] != first[1], every=_SCN_EVERY, at_most=at_most - _SCN_EVERY
        )

    found, _ = run([Probe("scn", look, at_most + 2)])
    return (first, found["scn"]) if found else (first,)


def _snapshot_since(source: Source | None, asked: float) -> float | None:
    """The whole seconds that Debezium counts are cut, and counted when it answered: after it was asked."""
    if source is None or not source.snapshot_running or source.snapshot_seconds is None:
        return None
    return asked - source.snapshot_seconds - 1


def _log_message(
    session: Session, logs: Callable[[], Logs], status: ConnectorStatus | None, source: Source | None
) -> str:
    """What a task with the state RUNNING logged last, when its source is not connected.

    For a connected source, if the stage has a heartbeat table: whether the database refuses the heartbeat
    statement, which reads every captured table. A log that cannot be read is not an error of its own.
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
    # Only a few heartbeats back: otherwise an error that is fixed would still be reported.
    query: dict[str, Any] = {}
    if connected:
        query = {"seconds": max(60, 3 * settings.heartbeat_seconds), "about": HEARTBEAT_REFUSED}
    probe = Probe("log", lambda: last_failure(logs(), group, time.time(), **query), _LOG_SECONDS)
    seen, _ = run([probe])
    return str(seen.get("log", ""))
