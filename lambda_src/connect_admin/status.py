"""STATUS: what is there. Changes nothing, and what cannot be seen is said in its place."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from connector.domain.admin import Answer, State
from connector.domain.budget import LIMIT
from connector.domain.causes import root_cause
from connector.domain.connector_config import config_hash, differs
from connector.domain.error_classes import classify
from connector.domain.errors import WmsError
from connector.domain.lag import patience
from connector.domain.names import CONNECTOR
from lambda_src.connect_admin.session import Session
from lambda_src.connect_health.memory import MEMORY_KEY, Memory
from lambda_src.deadline import Clock
from lambda_src.state_table import read_budget, read_item, read_record
from lambda_src.topic_plan import plan_topics

#: How long the brokers are asked, in seconds.
_BROKERS_SECONDS = 12.0
#: For one listener of the database.
_KNOCK_SECONDS = 2.0


def status(session: Session, clock: Clock = time.time) -> Answer:
    """Facts about all that can be seen from inside the VPC; each probe fails for itself."""
    probes: dict[str, Callable[[Session], dict[str, Any]]] = {
        "secrets": _secrets,
        "service": _service,
        "connect": _connect,
        "connector": _connector,
        "database": _database,
        "record": _record,
        "healing": lambda s: _healing(s, clock()),
        "topics": _topics,
    }
    facts: dict[str, Any] = {name: _ask(probe, session) for name, probe in probes.items()}
    facts["kind"] = session.environment.settings.kind
    connector = facts["connector"]
    states = [str(connector.get("state", "unknown")), *(task["state"] for task in connector.get("tasks", []))]
    service = facts["service"].get("summary", "service unknown")
    return Answer(State.DONE, f"{service}; {CONNECTOR} {', '.join(states)}", details=facts)


def _ask(probe: Callable[[Session], dict[str, Any]], session: Session) -> dict[str, Any]:
    try:
        return probe(session)
    except WmsError as error:
        return {"error": str(error)}


def _secrets(session: Session) -> dict[str, Any]:
    """First, so that the texts that follow can be cleaned of what these hold."""
    session.know_confidential()
    return {"versions": session.secrets.versions}


def _service(session: Session) -> dict[str, Any]:
    service = session.service
    return {
        "summary": service.describe(),
        "desired": service.desired,
        "running": service.running,
        "pending": service.pending,
        "rollout": service.rollout,
        "workers": list(service.addresses),
        "last_stop": service.last_stop,
    }


def _database(session: Session) -> dict[str, Any]:
    """Listener -> why it accepts no connection, empty where it does."""
    endpoints = session.database.endpoints
    return {
        "listeners": {
            f"{host}:{port}": session.knock(
                host, port, session.deadline.timeout("knocking at the database", at_most=_KNOCK_SECONDS)
            )
            for host, port in endpoints
        }
    }


def _connect(session: Session) -> dict[str, Any]:
    root = session.connect().root()
    return {"version": root.get("version"), "kafka_cluster_id": root.get("kafka_cluster_id")}


def _connector(session: Session) -> dict[str, Any]:
    connect = session.connect()
    stored = connect.config(CONNECTOR)
    if stored is None:
        return {"state": "missing", "tasks": []}
    seen = connect.status(CONNECTOR)
    facts: dict[str, Any] = {
        "state": "no status yet" if seen is None else seen.state,
        "tasks": [],
        "config_as_wanted": not differs(session.config, stored),
    }
    if seen is None:
        return facts
    facts |= _trouble(seen.trace)
    facts["tasks"] = [
        {"id": task.id, "state": task.state, "worker": task.worker, **_trouble(task.trace)}
        for task in seen.tasks
    ]
    running = seen.running_at
    if running and session.environment.settings.kind == "debezium":
        facts["source"] = _ask(lambda s: _source(s, running[0]), session)
    return facts


def _trouble(trace: str) -> dict[str, str]:
    """The last cause of a trace, and the class of trouble that it is."""
    return {"cause": root_cause(trace), "class": classify(trace).name} if trace else {}


def _source(session: Session, address: str) -> dict[str, Any]:
    """None stands for what Debezium does not know, as the lag before the first change."""
    source = session.source_at(address)
    return {
        "connected": source.connected,
        "summary": source.describe(),
        "lag_seconds": source.behind,
        "seconds_since_last_event": source.since_event,
        "patience_seconds": patience(session.environment.settings.heartbeat_seconds),
        "snapshot_running": source.snapshot_running,
        "queue_filled": source.queue,
    }


def _record(session: Session) -> dict[str, Any]:
    record = read_record(session.aws.table(session.environment.table))
    if record is None:
        return {"written": False}
    return {
        "written": True,
        "cluster_id": record.cluster_id,
        "config_hash": record.config_hash,
        "config_hash_wanted": config_hash(session.config),
        "retiring": record.retiring,
        "secrets_changed": list(record.changed_secrets(session.secrets.versions)),
    }


def _healing(session: Session, now: float) -> dict[str, Any]:
    """What the health check has left to try, and whether it has told people of an incident."""
    table = session.aws.table(session.environment.table)
    budget = read_budget(table)
    item = read_item(table, MEMORY_KEY)
    incident = None if item is None else Memory.from_item(item).incident
    open_one = None if incident is None else {"since": incident.since, "title": incident.title}
    return {"restarts_left": budget.left(now), "restarts_allowed": LIMIT, "incident": open_one}


def _topics(session: Session) -> dict[str, Any]:
    """How the stage's topics differ from what a launch would make."""
    specs = session.topics
    names = [spec.name for spec in specs]
    with session.kafka(_BROKERS_SECONDS) as kafka:
        partitions = kafka.partitions(names)
        plan = plan_topics(specs, partitions, kafka.configs(list(partitions)))
    different: Mapping[str, str] = {
        **{topic: f"has other settings: {', '.join(sorted(keys))}" for topic, keys in plan.alter.items()},
        **{topic: f"has fewer than {total} partitions" for topic, total in plan.grow.items()},
    }
    return {
        "wanted": names,
        "missing": [spec.name for spec in plan.create],
        "different": dict(different),
        "wrong": list(plan.wrong),
    }
