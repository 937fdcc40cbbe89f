"""The predecessor's method, for comparison: a poller that reads new rows by their timestamp every 2 seconds.

It is a poller of this benchmark, not Confluent's connector, which this project may not ship. It sends the
query that Confluent documents for `mode=timestamp` ("Incremental query modes", in the JDBC source connector's
overview at docs.confluent.io): rows whose timestamp lies between the last one seen and the database's time
now, in their order. The interval is the predecessor's. Like it, it never sees a delete, an update that leaves
the timestamp as it is, and a row that is committed after a later one was read.
"""

import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer

from connector.local import schema
from connector.local.database import LocalDatabase
from tests.bench.delay import TABLE

INTERVAL_SECONDS = 2.0
_COLUMN = "SYS_ADD_TS"
_BATCH_ROWS = 1000


@contextmanager
def poller(database: LocalDatabase, bootstrap: str, topic: str) -> Iterator[int]:
    """A process that polls the table of the benchmarks into a topic; yields its id."""
    process = multiprocessing.get_context("spawn").Process(
        target=_poll, args=(database, bootstrap, topic), daemon=True
    )
    process.start()
    try:
        assert process.pid is not None
        yield process.pid
    finally:
        process.terminate()
        process.join()


def _poll(database: LocalDatabase, bootstrap: str, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip", linger_ms=0)
    owner, table = TABLE
    query = (
        f'SELECT * FROM "{owner}"."{table}" WHERE "{_COLUMN}" > ? AND "{_COLUMN}" < ? ORDER BY "{_COLUMN}"'
    )
    with database.app() as session:
        last = str(session.value("SELECT SYSTIMESTAMP FROM DUAL"))
        while True:
            began = time.monotonic()
            now = str(session.value("SELECT SYSTIMESTAMP FROM DUAL"))
            for row in session.rows(query, [last, now]):
                key = {schema.key(table): row[schema.key(table)]}
                producer.send(topic, key=json.dumps(key).encode(), value=json.dumps(row).encode())
                last = str(row[_COLUMN])
            producer.flush()
            time.sleep(max(0.0, began + INTERVAL_SECONDS - time.monotonic()))
