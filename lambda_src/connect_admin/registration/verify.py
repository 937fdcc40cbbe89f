"""VERIFY: connector and task run, the source is connected, a record arrives. RUNNING alone proves nothing.

The same evaluation as the health check's, over three of its findings.
"""

from collections.abc import Mapping
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.health.at_rest import halted_by
from connector.domain.health.error_classes import explain_database
from connector.domain.health.finding import Finding, not_ok
from connector.domain.health.findings import findings
from connector.domain.health.halt import HaltedBy
from connector.domain.health.moments import moment
from connector.domain.health.observation import ConnectorStatus, Observation
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_halt, read_window
from lambda_src.connect_admin.registration.arrival import arrived
from lambda_src.observe import observe_connector
from lambda_src.session import Session

#: A restart shows after a moment: until then the status is the one from before the restart.
CONFIRM_SECONDS = 8.0
_PAUSE_SECONDS = 1.0
#: The health check's findings that a registration waits for.
_REGISTERED = ("ConnectorStateFailed", "ConnectorTaskFailed", "SourceDisconnected")


def verify_launch(session: Session) -> Answer:
    """As `verify`, and something must have arrived before the connector is said to run."""
    seen, answer = _look(session)
    if answer.state is not State.DONE or "rest" in answer.details:
        return answer
    return arrived(session, seen, answer)


def verify(session: Session) -> Answer:
    """Look at the status and at the task's worker; a failure counts once it has lasted."""
    return _look(session)[1]


def _look(session: Session) -> tuple[Observation, Answer]:
    session.know_confidential()
    seen = session.deadline.poll(
        lambda: observe_connector(session),
        lambda seen: seen.connector is None or not seen.connector.failed,
        every=_PAUSE_SECONDS,
        at_most=CONFIRM_SECONDS,
    )
    if seen.connector is not None and seen.connector.halted:
        table = session.aws.table(session.environment.table)
        seen = replace(seen, halt=read_halt(table), maintenance=read_window(table))
    return seen, decide(seen, session.environment.settings, session.database_address)


def registered(seen: Observation, settings: ConnectorSettings) -> list[Finding]:
    """The findings of a registration, from one check: what needs a second check is not sure."""
    return [f for f in findings(seen, settings, now=0) if f.name in _REGISTERED]


def decide(seen: Observation, settings: ConnectorSettings, database: str) -> Answer:
    """`database` is the source's address, for messages."""
    status = seen.connector
    if status is None:
        reason = seen.connect_answers or seen.probe_errors.get("connector")
        return Answer(State.WAITING, reason or f"Connect has no status of {CONNECTOR} yet")
    details = {
        "connector": status.state,
        "tasks": [task.state for task in status.tasks],
        "source": "unknown" if seen.source is None else seen.source.describe(),
    }
    if status.halted:
        return _halted(seen, status, settings, details)
    if status.failed:
        return Answer(State.FAILED, failure(status, database), details=details)
    if settings.state != "running":
        return Answer(State.WAITING, f"not {settings.state} yet: {status.describe()}", details=details)
    results = registered(seen, settings)
    if any(finding.ok is None for finding in results):
        return Answer(State.WAITING, status.describe(), details=details)
    for finding in not_ok(results):
        reason = f"{status.describe()}, but the source {database} is not connected as far as the metrics show"
        return Answer(State.WAITING, f"{reason}: {finding.reason}", details=details)
    if settings.kind != "debezium" or seen.source is None:
        # A connector without metrics of its own does not report whether its source is connected.
        return Answer(State.DONE, status.describe(), details=details)
    message = f"{status.describe()}, source connected: {seen.source.describe()}"
    return Answer(State.DONE, message, details=details)


def _halted(
    seen: Observation, status: ConnectorStatus, settings: ConnectorSettings, details: Mapping[str, object]
) -> Answer:
    """A launch ends well only if the config wants the connector to rest, whoever has halted it."""
    reason = f"{CONNECTOR} is {status.state}: {seen.halt.describe()}"
    if seen.maintenance.halts(seen.halt):
        ends = f"the maintenance window that resumes it ends {moment(seen.maintenance.until)}"
        sooner = "end it sooner with `wms-connector maintenance end` and the stage's name"
        return Answer(State.FAILED, f"{reason}; {ends}; {sooner}", details=details)
    if settings.state == "running":
        again = "and a launch does not undo it; run `wms-connector resume` with the stage's name"
        return Answer(State.FAILED, f"{reason}, {again}", details=details)
    declared = halted_by(status, seen.halt) is HaltedBy.DECLARED
    if (declared and status.state != settings.connect_state) or (status.stopped and status.tasks):
        return Answer(State.WAITING, f"not {settings.state} yet: {status.describe()}", details=details)
    return Answer(State.DONE, reason, details={**details, "rest": reason})


def failure(status: ConnectorStatus, database: str, name: str = CONNECTOR) -> str:
    """Why connector or task failed, in one line."""
    failed = [(f"task {task.id} of {name}", task.trace) for task in status.tasks if task.failed]
    if status.state_failed:
        failed.insert(0, (f"connector {name}", status.trace))
    who, trace = failed[0] if failed else (name, "")
    return f"{who} FAILED: {explain_database(trace, database) or diagnose(trace).cause}"
