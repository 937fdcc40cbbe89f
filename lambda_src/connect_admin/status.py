"""STATUS: the stage evaluated as the health check evaluates it, and by `verify`'s own checks.

Changes nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import changed_keys, config_hash
from connector.domain.capture.envelope import PLAIN
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.capture.snapshot import last
from connector.domain.capture.validation_errors import about_fields
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.errors import ServerError, WmsError
from connector.domain.health.budget import LIMIT
from connector.domain.health.check_result import result
from connector.domain.health.finding import Finding
from connector.domain.health.headroom import judged, remembered
from connector.domain.health.lag import staleness_limit
from connector.domain.health.moments import moment
from connector.domain.health.observation import ConnectorStatus, Observation
from connector.domain.health.polled_source import PolledSource, newest_read
from connector.domain.health.scn import Age
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.verdict import decide
from connector.domain.health.verify_checks import ENDPOINTS, Setup, verify_checks
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import TopicPlan, plan_topics
from lambda_src.clients.worker_log import GivenLog
from lambda_src.connect_admin.reachability import Reachability, reachability
from lambda_src.connect_admin.registration.validate import connector_errors
from lambda_src.connect_admin.rotation.look import glance
from lambda_src.observe import observe
from lambda_src.runtime.deadline import Clock
from lambda_src.runtime.probes import Probe, run
from lambda_src.session import Session

#: How long brokers and Connect are asked, to compare what exists with what a launch would create, in seconds.
_COMPARE_SECONDS = 10.0
#: How long a request takes at most, in seconds, and what of it is left to compare: a person waits for it.
_SECONDS, _COMPARE_LEAST = 13.0, 4.0
#: How long a jdbc connector may take to open a connection to the database, in seconds.
_POLLED_SECONDS = 20.0
#: The probe of what the notifications tell of snapshots.
_SNAPSHOT = "snapshot"


def status(session: Session, clock: Clock = time.time) -> Answer:
    """Findings of everything that can be seen from inside the VPC, and the facts behind them."""
    session, current = _in_use(session)
    # Only the health check's role may read the worker's log: the caller has read it with its own rights.
    ends = time.monotonic() + _SECONDS
    seen = observe(
        session, logs=lambda: GivenLog(session.log or ()), clock=clock, within=_SECONDS - _COMPARE_LEAST
    )
    seen = replace(seen, log_unread=session.log is None, skipped=_with_given_skips(session, seen, clock()))
    seen = seen if current is None else replace(seen, secret_versions=current)
    return evaluate(
        seen,
        compare(session, seen, ends - time.monotonic()),
        session.stage,
        session.environment.settings,
        clock(),
    )


def _in_use(session: Session) -> tuple[Session, Mapping[str, str] | None]:
    """What the workers have, while a secret's newest version is known to be wrong; and what is current."""
    try:
        seen = glance(session)
    except WmsError:
        return session, None
    return seen.session, None if seen.plan.blocked is None else seen.plan.versions


def _with_given_skips(session: Session, seen: Observation, now: float) -> SkippedChanges | None:
    """What the last health check knew, with the lines that the next one would read; nothing is stored."""
    known = seen.skipped
    if known is None or session.log is None:
        return known
    since = known.since(now)
    return known.with_lines([event for event in session.log if event[0] >= since], int(now * 1000))


def evaluate(
    seen: Observation, setup: Setup, stage: Stage, settings: ConnectorSettings, now: float
) -> Answer:
    """What the health check finds in an observation, then what only `verify` checks."""
    judged_inside = [_with_last_snapshot(finding, setup) for finding in decide(seen, settings, now).results]
    checked = [*judged_inside, *verify_checks(seen, setup, stage, now)]
    states = "state unknown" if seen.connector is None else seen.connector.describe()
    service = "service unknown" if seen.service is None else seen.service.describe()
    return Answer(
        State.DONE,
        f"{service}; {CONNECTOR}: {states}",
        details={
            "kind": settings.kind,
            "findings": [result(finding, stage).to_payload() for finding in checked],
            **facts(seen, setup, settings, now),
        },
    )


def _with_last_snapshot(finding: Finding, setup: Setup) -> Finding:
    if finding.name != "SnapshotRunning" or not setup.last_snapshot:
        return finding
    return replace(finding, summary=f"{finding.summary}; the last one: {setup.last_snapshot}")


def compare(session: Session, seen: Observation, within: float = _COMPARE_SECONDS) -> Setup:
    """What exists, compared with what a launch would create; what does not answer is not asked again.

    `within`: how many seconds each of it may take.
    """
    seconds = min(_COMPARE_SECONDS, max(1.0, within))
    around = Probe("reachability", lambda: reachability(session), seconds)
    if "secrets" in seen.probe_errors:
        # A missing endpoint may be why they cannot be read.
        return with_reachability(Setup(), *run([around]))
    probes = [around, Probe("wanted", lambda: config_hash(session.config), _COMPARE_SECONDS + 2)]
    if seen.brokers is not None and not seen.brokers.error:
        probes.append(Probe("topics", lambda: _topics(session), seconds))
        if session.environment.settings.kind == "debezium":
            probes.append(Probe(_SNAPSHOT, lambda: _last_snapshot(session), seconds))
    if seen.connect_answers == "" and seen.connector is not None:
        probes.append(Probe("config", lambda: _changed_keys(session), seconds))
        if session.environment.settings.kind == "jdbc" and seen.connector.streams:
            probes.append(Probe("polled", lambda: _polled(session), seconds))
    found, errors = run(probes)
    keys = found.get("config")
    known = Setup(
        found.get("topics"),
        found.get("wanted", ""),
        None if keys is None else bool(keys),
        changed_keys=keys or (),
        declared_state=session.environment.settings.state,
        polled=found.get("polled"),
        last_snapshot=found.get(_SNAPSHOT, ""),
    )
    # Why the wanted config is not known is a finding of its own: the database, the record or Connect.
    return with_reachability(known, found, {key: why for key, why in errors.items() if key != "wanted"})


def with_reachability(known: Setup, found: Mapping[str, Any], errors: Mapping[str, str]) -> Setup:
    """What is known of the set-up, and what is around it as far as that could be seen."""
    around: Reachability | None = found.get("reachability")
    if around is None:
        return replace(known, errors={**errors, ENDPOINTS: errors["reachability"]})
    return replace(
        known,
        endpoints=around.endpoints,
        certificate_expiry=around.certificate_expiry,
        certificate_error=around.certificate_error,
        errors={**errors, **around.errors},
    )


def _topics(session: Session) -> TopicPlan:
    specs = session.topics
    with session.kafka(_COMPARE_SECONDS) as kafka:
        partitions = kafka.partitions([spec.name for spec in specs])
        return plan_topics(specs, partitions, kafka.configs(list(partitions)))


def _last_snapshot(session: Session) -> str:
    """Empty too where the notifications cannot be read: an earlier release granted no Read on their topic."""
    with session.kafka(_COMPARE_SECONDS) as kafka:
        try:
            found = last(kafka.records(session.stage.topics.one("notification"), readable_only=True))
        except ServerError:
            return ""
    return "" if found is None else f"{moment(found[1])}: {found[0].describe()}"


def _changed_keys(session: Session) -> tuple[str, ...] | None:
    """In which keys Connect's config differs from the wanted one; None while it has none."""
    stored = session.connect(_COMPARE_SECONDS).config(CONNECTOR)
    return None if stored is None else tuple(changed_keys(session.config, stored))


def _polled(session: Session) -> PolledSource:
    """Of the kind `jdbc`: whether the connector gets a connection now, and what it has read so far."""
    connect = session.connect(_POLLED_SECONDS)
    errors = connector_errors(session, connect)
    stored = connect.offsets(CONNECTOR) or ()
    return PolledSource(about_fields(errors, session.database_address) if errors else "", newest_read(stored))


def facts(seen: Observation, setup: Setup, settings: ConnectorSettings, now: float) -> dict[str, Any]:
    """What was seen, part by part, for programs that read JSON; a part that was not read has its error."""
    parts: dict[str, dict[str, Any] | None] = {
        "secrets": None if "secrets" in seen.probe_errors else {"versions": dict(seen.secret_versions)},
        "service": _service(seen),
        "connect": _connect(seen),
        "connector": _connector(seen, setup, settings),
        **({"position": _position(seen, settings, now)} if settings.kind == "debezium" else {}),
        "database": {"listeners": dict(seen.database)} if seen.database else None,
        "brokers": _brokers(seen, now),
        "record": _record(seen, setup),
        "halt": _halt(seen),
        "maintenance": seen.maintenance.to_json(now),
        "healing": _healing(seen, now),
        "topics": _topic_facts(setup),
    }
    errors = {**seen.probe_errors, **setup.errors}
    return {
        name: {"error": _error(name, seen, errors)} if part is None else part for name, part in parts.items()
    }


def _error(name: str, seen: Observation, errors: Mapping[str, str]) -> str:
    """Why a part was not read: its own error, or the error of what it depends on."""
    answers = {"service": seen.no_service, "connect": seen.connect_answers, "connector": seen.connect_answers}
    brokers = "" if seen.brokers is None else seen.brokers.error
    answers |= {"brokers": brokers, "topics": brokers, "position": seen.connect_answers}
    depends = (name, "table", "secrets", "service")
    found = next((errors[probe] for probe in depends if probe in errors), "")
    return errors.get(name) or answers.get(name) or found or "it was not checked"


def _service(seen: Observation) -> dict[str, Any] | None:
    service = seen.service
    if service is None:
        return None
    return {
        "summary": service.describe(),
        "desired": service.desired,
        "running": service.running,
        "pending": service.pending,
        "rollout": service.rollout,
        "workers": list(service.addresses),
        "last_stop": service.last_stop,
    }


def _connect(seen: Observation) -> dict[str, Any] | None:
    if seen.connect_answers != "":
        return None
    return {key: seen.connect_root.get(key) for key in ("version", "kafka_cluster_id")}


def _connector(seen: Observation, setup: Setup, settings: ConnectorSettings) -> dict[str, Any] | None:
    connector = seen.connector
    if connector is None:
        silent = seen.connect_answers != "" or "connector" in seen.probe_errors
        return None if silent else {"state": "missing", "tasks": []}
    found: dict[str, Any] = {
        "state": connector.state,
        **_failure(connector.trace),
        "tasks": _tasks(connector),
    }
    if setup.config_differs is not None:
        found["config_as_wanted"] = not setup.config_differs
    if settings.kind == "debezium" and connector.running_at:
        found["source"] = _source(seen, settings)
    return found


def _position(seen: Observation, settings: ConnectorSettings, now: float) -> dict[str, Any] | None:
    """The connector's position in the redo log, its age, and what is left; None is not known."""
    if seen.position is None:
        return None
    scn, room = seen.position.scn, judged(seen, settings, now)
    age = Age() if scn is None else remembered(seen.health_state, seen, now).age(scn, now)
    return {
        "scn": scn,
        "database_scn": max((each for _, each in seen.scn_sightings), default=None),
        "age_seconds_at_least": age.least,
        "age_seconds_at_most": age.most,
        "archived_log_hours": settings.archived_log_hours or None,
        "headroom_minutes": None if room is None else room.minutes,
        "summary": "" if room is None else room.text,
    }


def _tasks(connector: ConnectorStatus) -> list[dict[str, Any]]:
    return [
        {"id": task.id, "state": task.state, "worker": task.worker, **_failure(task.trace)}
        for task in connector.tasks
    ]


def _failure(trace: str) -> dict[str, str]:
    """The last cause of a trace, and its class."""
    if not trace:
        return {}
    found = diagnose(trace)
    return {"cause": found.cause, "class": found.error_class.name}


def _source(seen: Observation, settings: ConnectorSettings) -> dict[str, Any]:
    """None stands for a value that Debezium does not know, such as the lag before the first change."""
    source = seen.source
    if source is None:
        return {"error": seen.probe_errors.get("source", "it was not checked")}
    return {
        "connected": source.connected,
        "summary": source.describe(),
        "lag_seconds": source.seconds_behind_source,
        "seconds_since_last_event": source.seconds_since_last_event,
        "staleness_limit_seconds": staleness_limit(settings.heartbeat_seconds),
        "snapshot_running": source.snapshot_running,
        "queue_used_ratio": source.queue_used_ratio,
    }


def _brokers(seen: Observation, now: float) -> dict[str, Any] | None:
    if seen.brokers is None or seen.brokers.error:
        return None
    newest = seen.brokers.newest
    return {"heartbeat_age_seconds": None if newest is None else max(0.0, now - newest)}


def _record(seen: Observation, setup: Setup) -> dict[str, Any] | None:
    record = seen.record
    if record is None:
        return None if {"record", "table"} & seen.probe_errors.keys() else {"written": False}
    return {
        "written": True,
        "cluster_id": record.cluster_id,
        "config_hash": record.config_hash,
        "config_hash_wanted": setup.wanted_config_hash,
        "envelope": record.envelope or PLAIN,
        "retiring": record.retiring,
        "secrets_changed": list(seen.secrets_changed),
        "rotation": seen.rotation.describe(),
    }


def _halt(seen: Observation) -> dict[str, Any]:
    """Who has halted the connector, and the versions of secrets that are not tried again."""
    halted = seen.connector is not None and seen.connector.halted
    return {
        "halted": halted,
        "by": None if not halted or seen.halt.by is None else seen.halt.by.value,
        "reason": seen.halt.describe() if halted else "",
        "refused": [each.describe() for each in seen.refused.refused],
    }


def _healing(seen: Observation, now: float) -> dict[str, Any] | None:
    """The restarts that the health check has left, and the incident that it has notified people of."""
    if seen.budget is None or seen.health_state is None:
        return None
    incident = seen.health_state.incident
    open_one = None if incident is None else {"since": incident.since, "title": incident.title}
    return {"restarts_left": seen.budget.left(now), "restarts_allowed": LIMIT, "incident": open_one}


def _topic_facts(setup: Setup) -> dict[str, Any] | None:
    """How the stage's topics differ from what a launch would create."""
    plan = setup.topics
    if plan is None:
        return None
    return {
        "wanted": list(plan.wanted),
        "missing": [spec.name for spec in plan.create],
        "different": dict(plan.different),
        "wrong": list(plan.wrong),
        "surplus": {topic: have for topic, (have, _) in plan.surplus.items()},
    }
