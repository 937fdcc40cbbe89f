"""The real worker's heap as the health check reads it: low while idle, at the alarm under a transaction."""

from collections.abc import Iterator

import pytest

from connector.domain.health.metrics import metric
from connector.domain.health.observation import Source
from lambda_src.clients.metrics_page import parse, source_of
from tests.local.oracle.pipeline import SECONDS, Connected, Pipeline, pipeline
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.long]

ALARM = metric("HeapAfterCollectionPercent").alarm
#: Of the container: the heap is small, so that few rows fill it.
MEMORY_MIB = 448
#: A row of nine texts of 4,000 characters.
TEXTS = {f"T{number}": "x" * 4000 for number in range(9)}
BATCH, MOST = 100, 20_000


def _nothing(_: Connected) -> None:
    """No row before the first snapshot."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker with a small heap that streams."""
    with pipeline(tmp_path_factory.mktemp("heap"), _nothing, memory_mib=MEMORY_MIB) as made:
        made.until_streaming()
        yield made


def read(made: Pipeline) -> Source:
    """What the product reads of the worker's page; a worker that has ended has none."""
    text = made.worker.metrics()
    assert text, made.worker.log.read_text(encoding="utf-8")[-2000:]
    return source_of(list(parse(text)), made.container.stage.topics.prefix)


def held_by(made: Pipeline) -> float:
    """How many changes of open transactions the worker holds."""
    return read(made).buffered_changes or 0


def test_an_idle_worker_is_well_below_the_alarm_and_an_open_transaction_raises_it(small: Pipeline) -> None:
    """The alarm goes off while the worker still lives: two readings, one after the other."""
    assert ALARM is not None
    idle = read(small).heap_percent
    assert idle is not None
    assert 0 < idle < ALARM.threshold / 2
    held, percents = 0, [idle]
    with small.container.app() as session:
        while percents[-1] < ALARM.threshold and held < MOST:
            rows = [[held + number, *TEXTS.values()] for number in range(BATCH)]
            names = ", ".join(("ID", *TEXTS))
            session.execute_many(
                f"INSERT INTO WMS.LONG_TEXTS ({names}) VALUES ({', '.join('?' * (1 + len(TEXTS)))})", rows
            )
            held += BATCH
            wait_for(lambda: held_by(small) >= held, f"{held} changes in the buffer", SECONDS)  # noqa: B023
            percents.append(read(small).heap_percent or 0)
        assert percents[-1] >= ALARM.threshold, percents
        again = read(small)
        assert (again.heap_percent or 0) >= ALARM.threshold, percents
        # What the transaction is said to take is not more than what is in use.
        assert (again.buffer_percent or 0) <= (again.heap_percent or 0)
        session.rollback()
