"""The worker dies while a new stage takes its initial snapshot."""

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import topics_of
from tests.faults.compare import Change, Kind, compare, seen_by_a_snapshot
from tests.faults.fault_testbed import SNAPSHOT, TIMEOUT_SECONDS, FaultTestbed, next_keys, streaming
from tests.faults.load import NUMBER, row_name
from tests.faults.reader import Reader
from tests.faults.report import Fault, Row
from tests.support.waiting import wait_for

_TITLE = "worker killed -9 during the initial snapshot"
_OPEN_TITLE = "snapshot while transactions are open"
#: Rows in the table before the stage is launched, and how many have arrived when the worker is killed.
_ROWS, _SEEN = 40_000, 1000
_TABLE = ("MMDL", schema.REVISION)


def faults(testbed: FaultTestbed) -> Sequence[Fault]:
    """Both."""
    return [
        Fault("snapshot-killed", _TITLE, lambda: snapshot_killed(testbed)),
        Fault("snapshot-over-transactions", _OPEN_TITLE, lambda: open_transactions(testbed)),
    ]


def open_transactions(testbed: FaultTestbed) -> Row:
    """A new snapshot while the application writes, and a transaction that is open from before until after.

    Its rows are in no snapshot, and its first changes lie before the position at which streaming begins.
    Debezium's internal.log.mining.transaction.snapshot.boundary.mode is `skip` by default: it loses them.
    """
    with streaming(testbed) as stream:
        with stream.load.left_open(_TABLE) as place:
            stream.until_flowing()
            testbed.start_over()
        stream.until_flowing()
        result, gone = seen_by_a_snapshot(stream.load.committed, stream.finish())
        arrived = stream.reader.has(place.row, 1)
    figures = {**result.figures(), "lost_of_rows_deleted_meanwhile": gone, "open_one_arrived": arrived}
    return Row(_OPEN_TITLE, result.cells(), result.wrong, figures=figures)


def snapshot_killed(testbed: FaultTestbed) -> Row:
    """An ephemeral stage beside main: its worker is killed in the middle of the first snapshot."""
    stage = Stage.parse(SNAPSHOT)
    testbed.world.grant(stage)
    mine = FaultTestbed(testbed.world, testbed.project, testbed.proxy, stage)
    topic = mine.topics[_TABLE]
    with _many_rows(testbed, topic) as (committed, keys), ThreadPoolExecutor(1) as pool:
        launch = pool.submit(mine.launch, f"ephemeral/{SNAPSHOT}")
        try:
            wait_for(lambda: topic in topics_of(testbed.world.kafka_bootstrap), "topics", TIMEOUT_SECONDS)
            reader = Reader(
                testbed.world.kafka_bootstrap, {_TABLE: topic}, lambda key: key in keys, from_start=True
            )
            wait_for(lambda: len(reader.found) >= _SEEN, "the snapshot runs", TIMEOUT_SECONDS)
            mine.under_test.service.workers()[0].signal(signal.SIGKILL)
            before = len(reader.found)
            reader.arrives(lambda: len({f.row for f in reader.found}) >= _ROWS, TIMEOUT_SECONDS)
            mine.under_test.until_active()
            # One more change, after which nothing of the snapshot can come any more.
            committed.append(_touch(testbed, topic, keys[0]))
            reader.arrives(lambda: reader.has(committed[-1].row, 2), TIMEOUT_SECONDS)
            reader.close()
            run = launch.result()
        finally:
            gone = mine.delete(f"ephemeral/{SNAPSHOT}")
    result = compare(committed, reader.found)
    wrong = [*result.wrong]
    if before >= _ROWS:
        wrong.append("the snapshot was over before the worker was killed")
    if gone.status:
        wrong.append(f"the stage does not go: {gone.last_line}")
    said = "launch ended well" if run.status == 0 else f"launch said: {run.last_line}"
    figures = {**result.figures(), "read_before_the_kill": before, "launch_status": run.status, "said": said}
    return Row(_TITLE, result.cells(), wrong, figures=figures)


@contextmanager
def _many_rows(testbed: FaultTestbed, topic: str) -> Iterator[tuple[list[Change], range]]:
    """Rows made at once, and deleted in the end."""
    first = next_keys()
    keys = range(first, first + _ROWS)
    table, key, number = f'"{_TABLE[0]}"."{_TABLE[1]}"', schema.key(_TABLE[1]), NUMBER[_TABLE[1]]
    names = (key, number, "PLAN_BASE_WVR_ID", "RVSN_STUS_CD", "RMRKS_TXT")
    columns = ", ".join(f'"{name}"' for name in names)
    with testbed.world.database.app() as session:
        session.execute_many(
            f"INSERT INTO {table} ({columns}) VALUES (?, ?, ?, ?, ?)",
            ((k, 1, k, "DRAFT", "remark " * 20) for k in keys),
        )
    rows = [Change(topic, row_name(*_TABLE, k), 1, Kind.INSERT, time.time()) for k in keys]
    try:
        yield rows, keys
    finally:
        with testbed.world.database.app() as session:
            session.execute(
                f'DELETE FROM {table} WHERE "{key}" >= ? AND "{key}" < ?', [keys.start, keys.stop]
            )


def _touch(testbed: FaultTestbed, topic: str, key: int) -> Change:
    schema_name, table = _TABLE
    testbed.world.database.update(schema_name, table, key, RVSN_NUM=2)
    return Change(topic, row_name(*_TABLE, key), 2, Kind.UPDATE, time.time())
