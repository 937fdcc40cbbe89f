"""STATUS: what is there. Changes nothing, and what cannot be seen is said in its place."""

from collections.abc import Callable
from typing import Any

from connector.domain.admin import Answer, State
from connector.domain.causes import root_cause
from connector.domain.connector_config import config_hash, differs
from connector.domain.errors import WmsError
from connector.domain.names import CONNECTOR
from lambda_src.connect_admin.session import Session
from lambda_src.state_table import read_record


def status(session: Session) -> Answer:
    """Facts about service, Connect, connector, source and record; each probe fails for itself."""
    probes: dict[str, Callable[[Session], dict[str, Any]]] = {
        "secrets": _secrets,
        "service": _service,
        "connect": _connect,
        "connector": _connector,
        "record": _record,
    }
    facts = {name: _ask(probe, session) for name, probe in probes.items()}
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
    for task in seen.tasks if seen else ():
        told = {"id": task.id, "state": task.state, "worker": task.worker}
        if task.trace:
            told["cause"] = root_cause(task.trace)
        facts["tasks"].append(told)
    running = [task.worker.rpartition(":")[0] for task in (seen.tasks if seen else ()) if not task.trace]
    if running:
        facts["source"] = _ask(lambda s: _source(s, running[0]), session)
    return facts


def _source(session: Session, address: str) -> dict[str, Any]:
    source = session.source_at(address)
    return {"connected": source.connected, "summary": source.describe()}


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
    }
