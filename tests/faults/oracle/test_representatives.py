"""One error of each kind on the real connector; the whole table is `make faults KIND=oracle`."""

from collections.abc import Iterator

import pytest

from tests.faults.oracle.cases import REPRESENTATIVES, every
from tests.faults.oracle.testbed import ConnectorTestbed
from tests.faults.oracle.testbed import testbed as connector_testbed

pytestmark = [pytest.mark.e2e, pytest.mark.long]

_CASES = {case.name: case for case in every()}


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectorTestbed]:
    with connector_testbed(tmp_path_factory.mktemp("errors")) as made:
        yield made


@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_the_connector_does_what_the_table_says(bed: ConnectorTestbed, name: str) -> None:
    row = _CASES[name].run(bed)
    assert row.verdict == "yes", row
