"""All errors of the table, by where they come from."""

from collections.abc import Mapping, Sequence

from tests.faults.oracle.case import Case
from tests.faults.oracle.cases import heartbeats, logs, mining, redo, rights, sessions, snapshots, state
from tests.faults.oracle.cases.configs import CASES as CONFIGS
from tests.faults.oracle.cases.configs import ConfigCase

#: What a section of the table is about -> its cases, in the order of the table.
SECTIONS: Mapping[str, Sequence[Case | ConfigCase]] = {
    "The config is put": CONFIGS,
    "The first snapshot, and one that is asked for": snapshots.CASES,
    "An error at a statement while it streams": mining.CASES,
    "Sessions and logins": sessions.CASES,
    "A right is missing": rights.CASES,
    "The database's state": state.CASES,
    "Redo logs": logs.CASES,
    "What the redo holds": redo.CASES,
    "The heartbeat's statement": heartbeats.CASES,
}

#: One of each section, and one at which the connector tries LogMiner again, for `make test-long`.
REPRESENTATIVES = (
    "put-01017",
    "snapshot-01555",
    "mining-01291",
    "mining-04036",
    "session-lost",
    "right-V_$THREAD",
    "supplemental-logging-off",
    "open-transaction",
    "redo-unsupported",
    "heartbeat-01031",
)


def every() -> Sequence[Case | ConfigCase]:
    """All cases in the order of the table."""
    return [case for cases in SECTIONS.values() for case in cases]
