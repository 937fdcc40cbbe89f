"""What cannot pass: a lost position, a value that cannot be converted, a record that is too large.

The connector must stop rather than skip, the health check must say what it is and tell people, a restart must
change nothing, and after the step that the class names all rows must arrive.
"""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from connector.domain.health.causes import root_cause
from connector.domain.health.error_class import ErrorClass
from connector.domain.health.error_classes import classify
from connector.local import schema
from tests.faults.compare import Comparison, Kind
from tests.faults.fault_testbed import STEP_SECONDS, TIMEOUT_SECONDS, FaultTestbed, Stream, streaming
from tests.faults.load import Place
from tests.faults.report import Fault, Row
from tests.support.waiting import wait_for

#: More than a topic takes by default, even compressed.
_LARGE_BYTES = 3 * 1024 * 1024
_BASE, _REVISION = ("WMS", schema.BASE), ("WMS", schema.REVISION)
#: A column as a schema change may bring it, a value in it that no decimal of Java's can be, and its cure.
_LIST = '"AMT_LST" numeric(12,2)[]'
_POISON, _CURED = {"AMT_LST": "{1.50,NaN}"}, {"AMT_LST": "{1.50}"}


def faults(testbed: FaultTestbed) -> Sequence[Fault]:
    """All of them."""
    titled = {
        "slot-lost": ("replication slot lost", slot_lost),
        "slot-remade": ("replication slot lost and made anew by somebody", slot_remade),
        "poison-row": ("poison row: a value that cannot be converted", poison_row),
        "oversized-row": ("oversized row: 3 MiB", oversized_row),
    }
    return [Fault(name, title, partial(make, testbed, title)) for name, (title, make) in titled.items()]


def slot_lost(testbed: FaultTestbed, title: str) -> Row:
    """Somebody drops the slot: the log behind the stored position is gone."""
    with streaming(testbed) as stream:
        with stream.load.held():
            _drop_slot(testbed)
        return _stopped_and_started_over(testbed, title, stream)


def slot_remade(testbed: FaultTestbed, title: str) -> Row:
    """The same while the worker does not look; a new slot of the same name exists when it looks again."""
    with streaming(testbed) as stream:
        worker = testbed.under_test.until_active()
        worker.signal(signal.SIGSTOP)
        try:
            with stream.load.held():
                _drop_slot(testbed)
            known = len(stream.load.committed)
            wait_for(lambda: stream.load.has_committed(known + 50), "what the new slot does not know", 60)
            with testbed.world.database.admin() as connection:
                connection.execute(
                    "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')",
                    [testbed.stage.names.replication_slot],
                )
        finally:
            worker.signal(signal.SIGCONT)
        return _stopped_and_started_over(testbed, title, stream)


def _stopped_and_started_over(testbed: FaultTestbed, title: str, stream: Stream) -> Row:
    stop = _stops(testbed, stream, "log missing")
    _start_over(testbed)
    wait_for(lambda: testbed.under_test.task_state() == "RUNNING", "the task runs again", STEP_SECONDS)
    stream.until_flowing()
    result = stream.finish()
    deleted = {c.row for c in stream.load.committed if c.kind is Kind.DELETE}
    gone = [change for change in result.lost if change.partition(" ")[0] in deleted]
    # A new snapshot shows the rows that are there; what was deleted meanwhile nobody can see.
    kept = replace(result, lost=[change for change in result.lost if change not in gone])
    row = _row(title, stop, kept, {"lost_of_rows_deleted_meanwhile": len(gone)})
    found = f"{row.cells['lost']}; {len(gone)} changes of rows deleted meanwhile, which no snapshot shows"
    return replace(row, cells={**row.cells, "lost": found})


def poison_row(testbed: FaultTestbed, title: str) -> Row:
    """A value that the database takes and the connector cannot convert."""
    with _column(testbed, _LIST), streaming(testbed) as stream:
        place = stream.load.insert(_BASE, **_POISON)
        stop = _stops(testbed, stream, "unreadable value", place)
        _launched(testbed, connector={"unreadable_values": "null"})
        wait_for(lambda: stream.reader.has(place.row, 1), "the row has passed", TIMEOUT_SECONDS)
        stream.load.update(place, 2, **_CURED)
        wait_for(lambda: stream.reader.has(place.row, 2), "its repair has passed", TIMEOUT_SECONDS)
        _launched(testbed)
        stream.until_flowing()
        result = stream.finish()
    return _row(title, stop, result)


def oversized_row(testbed: FaultTestbed, title: str) -> Row:
    """A row whose record its topic does not take."""
    text = os.urandom(_LARGE_BYTES // 2).hex()
    with _wide_column(testbed), streaming(testbed) as stream:
        place = stream.load.insert(_REVISION, RMRKS_TXT=text)
        stop = _stops(testbed, stream, "record too large", place)
        _launched(testbed, connector={"max_record_mib": 8})
        wait_for(lambda: stream.reader.has(place.row, 1), "the row has passed", TIMEOUT_SECONDS)
        whole = stream.reader.images[place.row]["RMRKS_TXT"] == text
        stream.load.update(place, 2, RMRKS_TXT="short")
        stream.until_flowing()
        result = stream.finish()
        _launched(testbed)
    return _row(title, stop, result, {"arrived_whole": whole}, [] if whole else ["the large row is cut"])


@dataclass(frozen=True)
class Stop:
    """How the connector stopped."""

    cause: ErrorClass
    message: str
    notified: str
    withheld: str
    wrong: Sequence[str]


def _stops(testbed: FaultTestbed, stream: Stream, name: str, place: Place | None = None) -> Stop:
    """The task fails, is not restarted, people are mailed, and a restart by hand passes nothing either."""
    wrong = []
    wait_for(lambda: testbed.under_test.task_state() == "FAILED", "the task fails", TIMEOUT_SECONDS)
    words = testbed.under_test.trace()
    cause = classify(words)
    if cause.name != name:
        wrong.append(f"classed as {cause.name!r}, not {name!r}")
    if cause.retry:
        wrong.append("its class asks for a restart")
    # One check is made every minute; two more need not wait for it.
    answers = [testbed.under_test.health(), testbed.under_test.health()]
    incident = testbed.incident()
    if incident is None:
        wrong.append("nobody was told")
    held = str(answers[-1].get("withheld", ""))
    if cause.meaning not in held:
        wrong.append(f"a restart is not held back: {answers[-1]}")
    committed = len(stream.load.committed)
    testbed.under_test.connect("POST", "/tasks/0/restart")
    wait_for(lambda: stream.load.has_committed(committed + 50), "more is committed", TIMEOUT_SECONDS)
    wait_for(lambda: testbed.under_test.task_state() == "FAILED", "the task fails again", TIMEOUT_SECONDS)
    later = stream.load.committed[committed : committed + 50]
    if skipped := [c.row for c in later if stream.reader.has(c.row, c.number)]:
        wrong.append(f"{len(skipped)} later changes passed it")
    if place is not None and stream.reader.has(place.row, 1):
        wrong.append("the row itself passed")
    return Stop(cause, words, incident or "", held, wrong)


def _row(
    title: str,
    stop: Stop,
    result: Comparison,
    figures: Mapping[str, Any] | None = None,
    wrong: Sequence[str] = (),
) -> Row:
    noticed = f"task FAILED, classed {stop.cause.name!r}, told as {stop.notified}; not skipped by a restart"
    return Row(
        title,
        {**result.cells(), "noticed": noticed if not stop.wrong else "see the last column"},
        [*stop.wrong, *result.wrong, *wrong],
        figures={
            **result.figures(),
            "class": stop.cause.name,
            "words": root_cause(stop.message),
            **(figures or {}),
        },
    )


def _drop_slot(testbed: FaultTestbed) -> None:
    """Between two attempts of the connector to hold it."""
    name = testbed.stage.names.replication_slot

    def dropped() -> bool:
        with testbed.world.database.admin() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                " WHERE slot_name = %s AND active_pid IS NOT NULL",
                [name],
            )
            try:
                connection.execute("SELECT pg_drop_replication_slot(%s)", [name])
            except psycopg.errors.ObjectInUse:
                return False
        return True

    wait_for(dropped, "the slot is dropped", 60)


def _start_over(testbed: FaultTestbed) -> None:
    """What a person does once the owners of the data agree: forget the position, snapshot again."""
    under_test = testbed.under_test
    under_test.connect("PUT", "/stop")
    with testbed.world.database.admin() as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s",
            [testbed.stage.names.replication_slot],
        )
    under_test.wait_for_states("STOPPED", seconds=STEP_SECONDS)
    under_test.connect("DELETE", "/offsets")
    under_test.connect("PUT", "/resume")


def _launched(testbed: FaultTestbed, **settings: Any) -> None:
    testbed.configure(**settings)
    run = testbed.launch("main")
    if run.status:
        raise RuntimeError(run.output[-2000:])


@contextmanager
def _column(testbed: FaultTestbed, definition: str) -> Iterator[None]:
    """A column more, and back."""
    name = definition.split(" ", 1)[0]
    table = sql.Identifier(*_BASE)
    with testbed.world.database.admin() as connection:
        connection.execute(sql.SQL(f"ALTER TABLE {{}} ADD COLUMN {definition}").format(table))
    try:
        yield
    finally:
        with testbed.world.database.admin() as connection:
            connection.execute(sql.SQL(f"ALTER TABLE {{}} DROP COLUMN {name}").format(table))


@contextmanager
def _wide_column(testbed: FaultTestbed) -> Iterator[None]:
    """Room for a text of megabytes, and back."""
    table = sql.Identifier(*_REVISION)
    alter = sql.SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {}")
    column = sql.Identifier("RMRKS_TXT")
    with testbed.world.database.admin() as connection:
        connection.execute(alter.format(table, column, sql.SQL("text")))
    try:
        yield
    finally:
        with testbed.world.database.admin() as connection:
            connection.execute(
                alter.format(table, column, sql.SQL("varchar(4000) USING left({}, 4000)").format(column))
            )
