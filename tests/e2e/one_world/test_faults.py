"""Some of the faults of `make faults`, each on the real stage; that command has all of them."""

from collections.abc import Iterator, Sequence

import pytest

from connector.local.world import World
from tests.faults.health import faults
from tests.faults.report import Fault
from tests.support.sceptre_cli import Run

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def known(world: World, main: Run) -> Iterator[Sequence[Fault]]:
    """The faults of main."""
    with faults(world) as found:
        yield found


#: The cheapest, for each change; the others each night.
OFTEN = ("connector-deleted", "connector-paused", "lag")
NIGHTLY = ("lambda-fails", "worker-keeps-stopping")


@pytest.mark.parametrize("name", [*OFTEN, *(pytest.param(name, marks=pytest.mark.long) for name in NIGHTLY)])
def test_the_health_check_makes_of_a_fault_what_its_tables_say(known: Sequence[Fault], name: str):
    (fault,) = [fault for fault in known if fault.name == name]
    row = fault.run()
    assert not row.wrong, (row.wrong, dict(row.cells))
