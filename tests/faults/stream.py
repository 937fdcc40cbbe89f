"""Faults under load, each ending with a comparison of source and topic."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults import fault_testbed, part_faults, row_faults, snapshot_faults, worker_faults
from tests.faults.report import Fault


@contextmanager
def testbed() -> Iterator[Sequence[Fault]]:
    """One world and one launched stage for all of them."""
    with (
        tempfile.TemporaryDirectory(prefix="wms-faults-") as directory,
        fault_testbed.testbed(Path(directory)) as made,
    ):
        yield [
            *worker_faults.faults(made),
            *part_faults.faults(made),
            *snapshot_faults.faults(made),
            *row_faults.faults(made),
        ]
