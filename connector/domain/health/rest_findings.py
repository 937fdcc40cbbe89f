"""Findings about what was done to the connector: that it rests, and that its config drifted. Pure.

Neither is evaluated by a registration, which makes both as they should be.
"""

from collections.abc import Sequence

from connector.domain.health.at_rest import at_rest, no_worker_meant
from connector.domain.health.error_classes import CONFIG_DRIFT
from connector.domain.health.finding import Finding
from connector.domain.health.observation import Observation

HALTED, DRIFTED, MAINTENANCE = "ConnectorHalted", "ConfigDrifted", "MaintenanceOpen"


def rest_of(seen: Observation) -> str:
    """As `at_rest`, with the keys that somebody has changed meanwhile: told, and mailed to nobody."""
    rest = at_rest(seen)
    return f"{rest}; {_differ(seen.drifted_keys)}" if rest and seen.drifted_keys else rest


def rest_findings(seen: Observation) -> list[Finding]:
    """Whether the stage rests on purpose, which is no error, and whether its live config drifted."""
    return [*_halted(seen), *_drifted(seen)]


def maintenance_finding(seen: Observation, now: float) -> Finding:
    """The maintenance window, if there is one, which is no error."""
    window = seen.maintenance
    return Finding.passed(MAINTENANCE, window.describe(now), 1 if window.there else 0)


def _halted(seen: Observation) -> list[Finding]:
    if rest := at_rest(seen):
        return [Finding.passed(HALTED, rest, 1)]
    return [] if seen.connector is None else [Finding.passed(HALTED, "no")]


def _drifted(seen: Observation) -> list[Finding]:
    """Which keys differ, never their values.

    While an operator or the config halts the connector it is told and not judged: somebody is at work on it.
    """
    gone = seen.connect_answers == "" and seen.connector is None and "connector" not in seen.probe_errors
    if at_rest(seen) and seen.drifted_keys:
        return [Finding.passed(DRIFTED, f"not judged while no connector runs; {_differ(seen.drifted_keys)}")]
    if no_worker_meant(seen) or gone or at_rest(seen):
        return [Finding.passed(DRIFTED, "not judged while no connector runs")]
    if seen.drifted_keys is None:
        return []
    if not seen.drifted_keys:
        return [Finding.passed(DRIFTED, "as it was registered")]
    return [Finding.failed(DRIFTED, _differ(seen.drifted_keys), CONFIG_DRIFT)]


def _differ(keys: Sequence[str]) -> str:
    return f"these keys differ from what was registered: {', '.join(keys)}"
