"""What cannot pass: log that is gone, a value that cannot be converted, a record that is too large.

The connector must stop rather than skip, the health check must say what it is and tell people, a restart must
change nothing, and after the step that the class names all rows must arrive.
"""

import base64
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.causes import root_cause
from connector.domain.health.error_classes import classify
from connector.local import schema
from tests.faults.compare import Comparison, Kind, seen_by_a_snapshot
from tests.faults.fault_testbed import STEP_SECONDS, TIMEOUT_SECONDS, FaultTestbed, Stream, streaming
from tests.faults.load import NUMBER, Place
from tests.faults.redo import write_update
from tests.faults.report import Fault, Row
from tests.support.waiting import wait_for

#: More than a topic takes by default, even compressed: as many columns of the longest text that is kept in
#: the row (MAX_STRING_SIZE=STANDARD).
_WIDE_COLUMNS, _WIDE_BYTES = 600, 4000
_BASE, _REVISION = ("WMS", schema.BASE), ("WMS", schema.REVISION)
#: A column with a value in it that no date of Java's can be. Such dates are in databases: programs that write
#: Oracle's seven bytes themselves make them. That LogMiner spells them so is a guess.
_DATE, _POISON = "EFCTV_DT", "TO_DATE('2020-00-00 00:00:00', 'YYYY-MM-DD HH24:MI:SS')"
#: Groups of online logs in the stand-in.
_ONLINE_LOGS = 3
#: What the load commits before something is deleted or looked at again.
_SOME = 50


def faults(testbed: FaultTestbed) -> Sequence[Fault]:
    """All of them."""
    titled = {
        "log-deleted-stopped": ("archived log deleted while the connector is stopped", log_deleted_stopped),
        "log-deleted-running": ("archived log deleted under an open transaction", log_deleted_running),
        "poison-row": ("poison row: a value that cannot be converted", poison_row),
        "oversized-row": ("oversized row: 2.4 MB", oversized_row),
    }
    return [Fault(name, title, partial(make, testbed, title)) for name, (title, make) in titled.items()]


def log_deleted_stopped(testbed: FaultTestbed, title: str) -> Row:
    """The connector is stopped longer than archived log is kept."""
    with streaming(testbed) as stream:
        testbed.under_test.connect("PUT", "/stop")
        testbed.under_test.wait_for_states("STOPPED", seconds=STEP_SECONDS)
        _more(stream)
        _delete_log(testbed)
        _more(stream)
        testbed.under_test.connect("PUT", "/resume")
        return _stopped_and_started_over(testbed, title, stream)


def log_deleted_running(testbed: FaultTestbed, title: str) -> Row:
    """The log in which a transaction began that is still open: Debezium needs it at the next switch of logs.

    It looks for it six times without a word above INFO; meanwhile nothing but the silence shows it.
    """
    with streaming(testbed) as stream:
        with stream.load.left_open(_BASE):
            stream.until_flowing()
            _delete_log(testbed)
            began = time.monotonic()
            connected = []

            def failed() -> bool:
                state, source = testbed.under_test.task_state(), testbed.under_test.source()
                if state == "RUNNING":
                    connected.append(source.connected)
                return state == "FAILED"

            wait_for(failed, "the task fails", TIMEOUT_SECONDS)
            silent = time.monotonic() - began
        row = _stopped_and_started_over(testbed, title, stream)
    said = sum(1 for one in connected if one)
    figures = {"silent_seconds": round(silent, 1), "said_connected": f"{said} of {len(connected)} looks"}
    noticed = f"RUNNING for {silent:.0f} s, then {row.cells['noticed']}"
    return replace(row, cells={**row.cells, "noticed": noticed}, figures={**row.figures, **figures})


def _more(stream: Stream) -> None:
    """Until the load has committed more."""
    known = len(stream.load.committed)
    wait_for(lambda: stream.load.has_committed(known + _SOME), "more is committed", TIMEOUT_SECONDS)


def _delete_log(testbed: FaultTestbed) -> None:
    """What was written until now is archived, deleted there, and then in no online log any more either.

    The logs of later are kept, as a retention by age keeps them: before a snapshot the connector reads all
    that is still in an online log, of which it takes the archived copies.
    """
    with testbed.world.database.sys() as session:
        session.admin("switch_log")
        session.admin("delete_archived")
        for _ in range(_ONLINE_LOGS):
            session.admin("switch_log")


def _stopped_and_started_over(testbed: FaultTestbed, title: str, stream: Stream) -> Row:
    stop = _stops(testbed, stream, "log missing")
    # A snapshot passes over transactions that are open meanwhile (`snapshot_faults.open_transactions`).
    with stream.load.held():
        testbed.start_over()
    stream.until_flowing()
    result = stream.finish()
    kept, gone = seen_by_a_snapshot(stream.load.committed, result)
    row = _row(title, stop, kept, {"lost_of_rows_deleted_meanwhile": gone})
    found = f"{row.cells['lost']}; {gone} changes of rows deleted meanwhile, which no snapshot shows"
    return replace(row, cells={**row.cells, "lost": found})


def poison_row(testbed: FaultTestbed, title: str) -> Row:
    """A value that the database holds and the connector cannot convert."""
    with streaming(testbed) as stream:
        place = stream.load.insert(_BASE)
        wait_for(lambda: stream.reader.has(place.row, 1), "the row as it was", TIMEOUT_SECONDS)
        poison = f'"{NUMBER[_BASE[1]]}" = \'2\', "{_DATE}" = {_POISON}'
        write_update(testbed.world.database, _BASE, place.key, poison)
        stream.load.note(place, 2, Kind.UPDATE)
        stop = _stops(testbed, stream, "unreadable value", place, 2)
        _launched(testbed, connector={"unreadable_values": "null"})
        wait_for(lambda: stream.reader.has(place.row, 2), "the row has passed", TIMEOUT_SECONDS)
        empty = stream.reader.images[place.row][_DATE] is None
        stream.load.update(place, 3)
        wait_for(lambda: stream.reader.has(place.row, 3), "its repair has passed", TIMEOUT_SECONDS)
        _launched(testbed)
        stream.until_flowing()
        result = stream.finish()
    return _row(title, stop, result, wrong=[] if empty else [f"{_DATE} is not null in its record"])


def oversized_row(testbed: FaultTestbed, title: str) -> Row:
    """A row whose record its topic does not take."""
    lot = random.Random(_WIDE_COLUMNS)  # noqa: S311 - the same text every time
    # Text that hardly gets smaller when it is compressed.
    text = {name: base64.b64encode(lot.randbytes(_WIDE_BYTES * 3 // 4)).decode() for name in _wide_columns()}
    with streaming(testbed) as stream, _wide_table(testbed, stream):
        place = stream.load.insert(_REVISION, **text)
        stop = _stops(testbed, stream, "record too large", place)
        _launched(testbed, connector={"max_record_mib": 8})
        wait_for(lambda: stream.reader.has(place.row, 1), "the row has passed", TIMEOUT_SECONDS)
        image = stream.reader.images[place.row]
        whole = all(image[name] == value for name, value in text.items())
        stream.load.update(place, 2, **dict.fromkeys(text))
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


def _stops(
    testbed: FaultTestbed, stream: Stream, name: str, place: Place | None = None, number: int = 1
) -> Stop:
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
    _more(stream)
    wait_for(lambda: testbed.under_test.task_state() == "FAILED", "the task fails again", TIMEOUT_SECONDS)
    later = stream.load.committed[committed : committed + _SOME]
    if skipped := [c.row for c in later if stream.reader.has(c.row, c.number)]:
        wrong.append(f"{len(skipped)} later changes passed it")
    if place is not None and stream.reader.has(place.row, number):
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


def _launched(testbed: FaultTestbed, **settings: Any) -> None:
    testbed.configure(**settings)
    run = testbed.launch("main")
    if run.status:
        raise RuntimeError(run.output[-2000:])


def _wide_columns() -> list[str]:
    return [f"WIDE_{number:03d}" for number in range(_WIDE_COLUMNS)]


@contextmanager
def _wide_table(testbed: FaultTestbed, stream: Stream) -> Iterator[None]:
    """Room for a row of megabytes, and back."""
    table = f'"{_REVISION[0]}"."{_REVISION[1]}"'
    with stream.load.held(), testbed.world.database.app() as session:
        added = ", ".join(f'"{name}" VARCHAR2({_WIDE_BYTES})' for name in _wide_columns())
        session.execute(f"ALTER TABLE {table} ADD ({added})")
    try:
        yield
    finally:
        with stream.load.held(), testbed.world.database.app() as session:
            names = ", ".join(f'"{name}"' for name in _wide_columns())
            session.execute(f"ALTER TABLE {table} DROP ({names})")
