"""The faults of `make faults KIND=minute`: four are mailed within a minute, and what heals is not mailed."""

from collections.abc import Iterator, Sequence

import pytest

from connector.local.world import World
from tests.faults.minute import CASES, faults
from tests.faults.report import Fault
from tests.support.sceptre_cli import Run

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def known(world: World, main: Run) -> Iterator[Sequence[Fault]]:
    """The faults of main."""
    with faults(world) as found:
        yield found


@pytest.mark.parametrize("name", [each.name for each in CASES])
def test_a_fault_is_mailed_within_a_minute_and_what_heals_is_not(known: Sequence[Fault], name: str):
    (fault,) = [fault for fault in known if fault.name == name]
    row = fault.run()
    assert not row.wrong, (row.wrong, dict(row.cells))
