"""One fault of each kind under load on the real parts; `make faults` has all of them, with their figures."""

from collections.abc import Iterator

import pytest

from connector.domain.capture.acls import transactional_ids
from tests.faults import fault_testbed, part_faults, row_faults, snapshot_faults, worker_faults
from tests.faults.fault_testbed import FaultTestbed
from tests.faults.report import Row
from tests.support import kafka_state

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultTestbed]:
    """A world of its own: faults are no company for other tests."""
    with fault_testbed.testbed(tmp_path_factory.mktemp("faults")) as there:
        yield there


def test_a_killed_worker_loses_nothing_repeats_nothing_and_keeps_the_order(made: FaultTestbed):
    _as_it_must_be(worker_faults.killed(made, 1))


def test_a_killed_database_loses_nothing_repeats_nothing_and_keeps_the_order(made: FaultTestbed):
    _as_it_must_be(part_faults.database_killed(made, "database killed"))


def test_a_snapshot_loses_no_change_of_a_transaction_that_is_open_meanwhile(made: FaultTestbed):
    row = snapshot_faults.open_transactions(made)
    _as_it_must_be(row)
    assert row.figures["open_one_arrived"]


def test_deleted_archived_log_stops_the_connector_is_reported_and_all_rows_that_are_left_arrive_afterwards(
    made: FaultTestbed,
):
    row = row_faults.log_deleted_stopped(made, "archived log deleted")
    _as_it_must_be(row)
    assert row.figures["class"] == "log missing"


def test_the_brokers_know_exactly_the_transactional_ids_that_the_roles_carry(made: FaultTestbed):
    """Exactly-once writes under these; a right on another one would be of no use, one less would stop it."""
    used = kafka_state.transactional_ids(made.world.kafka_bootstrap)
    assert used == set(transactional_ids(made.stage.topics.connect_group))


def _as_it_must_be(row: Row) -> None:
    assert row.verdict == "yes", row
    assert row.figures["committed"] > 0
