"""The statement that the connector sends with each heartbeat, at a stage that has a heartbeat table."""

from collections.abc import Sequence

from connector.local import schema
from tests.faults.oracle.case import Act, Case, Expected, failed, interrupted, unnoticed
from tests.faults.oracle.testbed import BEAT_TABLE, ConnectorTestbed

_REFUSED = "Could not execute heartbeat action query"


def _without(right: str) -> Act:
    return lambda bed: bed.sys(f"REVOKE {right} FROM {schema.CDC}")


def _again(right: str) -> Act:
    return lambda bed: bed.sys(f"GRANT {right} TO {schema.CDC}")


def _once(code: int, text: str) -> Act:
    def inject(bed: ConnectorTestbed) -> None:
        bed.fault(f"UPDATE {BEAT_TABLE}", code, text, times=1)

    return inject


def _revoked(name: str, title: str, right: str) -> Case:
    expected = failed(_REFUSED, log=f"ORA-{name}")
    return Case(f"heartbeat-{name}", title, _without(right), expected, _again(right), heartbeat=True)


def _struck(name: str, title: str, expected: Expected, inject: Act) -> Case:
    return Case(f"heartbeat-{name}", title, inject, expected, heartbeat=True)


CASES: Sequence[Case] = (
    _revoked(
        "00942",
        "no right on a captured table any more (ORA-00942)",
        f"SELECT, FLASHBACK ON WMS.{schema.BASE}",
    ),
    _revoked("01031", "no UPDATE on the heartbeat table (ORA-01031)", f"UPDATE ON {BEAT_TABLE}"),
    _struck(
        "02396", "ORA-02396 to the heartbeat, once", unnoticed(), _once(2396, "exceeded maximum idle time")
    ),
    _struck(
        "03113",
        "ORA-03113 to the heartbeat, once",
        interrupted("ORA-03113"),
        _once(3113, "end-of-file on communication channel"),
    ),
)
