"""Findings about what was done to the connector: that it rests, and that its config drifted. Pure.

Neither is evaluated by a registration, which makes both as they should be.
"""

from connector.domain.health.at_rest import at_rest, no_worker_meant
from connector.domain.health.error_classes import CONFIG_DRIFT
from connector.domain.health.finding import Finding
from connector.domain.health.observation import Observation

HALTED, DRIFTED = "ConnectorHalted", "ConfigDrifted"


def rest_findings(seen: Observation) -> list[Finding]:
    """Whether the stage rests on purpose, which is no error, and whether its live config drifted."""
    return [*_halted(seen), *_drifted(seen)]


def _halted(seen: Observation) -> list[Finding]:
    if rest := at_rest(seen):
        return [Finding.passed(HALTED, rest, 1)]
    return [] if seen.connector is None else [Finding.passed(HALTED, "no")]


def _drifted(seen: Observation) -> list[Finding]:
    """Which keys differ, never their values.

    While an operator or the config halts the connector it is not judged: somebody is at work on it.
    """
    gone = seen.connect_answers == "" and seen.connector is None and "connector" not in seen.probe_errors
    if no_worker_meant(seen) or gone or at_rest(seen):
        return [Finding.passed(DRIFTED, "not judged while no connector runs")]
    if seen.drifted_keys is None:
        return []
    if not seen.drifted_keys:
        return [Finding.passed(DRIFTED, "as it was registered")]
    keys = ", ".join(seen.drifted_keys)
    return [Finding.failed(DRIFTED, f"these keys differ from what was registered: {keys}", CONFIG_DRIFT)]
