"""Whether a stage is meant to stream now, and if not, who wants that. Pure."""

from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.observation import ConnectorStatus, Observation
from connector.domain.stage.aws_names import CONNECTOR

#: Why no worker runs, as a clause.
NO_WORKER = "desired_count is 0 in the stage's config, so no worker is meant to run"


def halted_by(status: ConnectorStatus | None, halt: Halt) -> HaltedBy | None:
    """Who halts the connector now; None if nobody does.

    A refused login comes first: it holds even while Connect could not be asked to stop the connector. Any
    other mark counts only while the connector is halted: somebody may have started it by hand since. A
    connector that is halted without a mark was halted by hand.
    """
    if halt.by is HaltedBy.LOGIN:
        return HaltedBy.LOGIN
    if status is None or not status.halted:
        return None
    return halt.by or HaltedBy.OPERATOR


def no_worker_meant(seen: Observation) -> bool:
    """Whether the stage is meant to have no worker, and has none."""
    return seen.desired_count == 0 and seen.service is not None and seen.service.desired == 0


def at_rest(seen: Observation) -> str:
    """Why nothing is meant to be streamed now, as a clause; empty if something is.

    A refused login is no rest: it is a finding.
    """
    if no_worker_meant(seen):
        return NO_WORKER
    by = halted_by(seen.connector, seen.halt)
    if seen.connector is None or not seen.connector.halted or by in (None, HaltedBy.LOGIN):
        return ""
    return f"{CONNECTOR} is {seen.connector.state}: {seen.halt.describe()}"


def as_declared(seen: Observation) -> bool:
    """Whether the rest is what the stage's config says, so that nobody has to end it."""
    return no_worker_meant(seen) or halted_by(seen.connector, seen.halt) is HaltedBy.DECLARED


def reads_nothing(seen: Observation) -> bool:
    """Whether it is certain that no task reads the source, so that nothing can be late or missing there."""
    if no_worker_meant(seen):
        return True
    if seen.connect_answers != "" or "connector" in seen.probe_errors:
        return False
    return seen.connector is None or not seen.connector.streams
