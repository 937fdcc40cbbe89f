"""What each of Oracle's errors does to the real connector, and what the health check's code makes of it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.faults.oracle import testbed as parts
from tests.faults.oracle.cases import every
from tests.faults.report import Fault


@contextmanager
def testbed() -> Iterator[Sequence[Fault]]:
    """A database, a broker and a worker, and all cases on them."""
    with (
        tempfile.TemporaryDirectory(prefix="wms-faults-", ignore_cleanup_errors=True) as directory,
        parts.testbed(Path(directory)) as bed,
    ):
        yield [Fault(case.name, case.title, partial(case.run, bed)) for case in every()]
