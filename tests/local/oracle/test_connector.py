"""The real Oracle connector on the stand-in: its first snapshot, each kind of change, and everybody's death.

One story, told in order: each test does one thing to what the tests before it left, and counts all records of
a table since the beginning, so that a record that comes twice is seen.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connector.local import schema
from connector.local.database import insert, invented
from connector.local.oracle.client import Client
from lambda_src.clients.metrics_page import parse, source_of
from tests.conftest import Golden
from tests.docs.messages import documented
from tests.local.oracle.pipeline import OWNER, SECONDS, TABLES, Connected, Pipeline, pipeline
from tests.support.consumer import Consumer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

#: Four bytes in UTF-8 are two Java characters; quotes are doubled in SQL_REDO.
LETTERS = "Grüße, 'Zürich' & \"Łódź\"; 😀 𝄞 = \\ \t|"
#: 0001-01-01 in milliseconds since 1970.
FIRST_DAY = -62135596800000
#: Rows as the application writes them, and what consumers get of them.
ROWS: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "usual": (
        {
            "WHOLE": 123456789012,
            "SCALED": "56.25",
            "ROUNDED": 12345,
            "HUGE": 42,
            "FREE": "3.5",
            "TXT": "plain",
            "FIXED": "ab",
            "DAY": "2020-01-02 00:00:00",
            "MOMENT": "2024-05-06 07:08:09.123456",
            "THERE": "2024-05-06 07:08:09.123456 +02:00",
            "BYTES": "0a1bff",
        },
        {
            "WHOLE": "123456789012",
            "SCALED": "56.2500",
            "ROUNDED": 12300,
            "HUGE": "42",
            "FREE": "3.5",
            "TXT": "plain",
            "FIXED": "ab  ",
            "DAY": 1577923200000,
            "MOMENT": 1714979289123,
            "THERE": "2024-05-06T07:08:09.123456+02:00",
            "BYTES": "Chv/",
        },
    ),
    "extreme": (
        {
            "WHOLE": -999999999999,
            "SCALED": "-999.9999",
            "ROUNDED": -9999900,
            "HUGE": "99999999999999999999999999999999999999",
            "FREE": "-0.000000000000000000000000000001",
            "TXT": "x" * 200,
            "FIXED": "abcd",
            "DAY": "0001-01-01 00:00:00",
            "MOMENT": "1969-12-31 23:59:59.999999",
            "THERE": "9999-12-31 23:59:59.999999 -11:30",
            "BYTES": "00" * 16,
        },
        {
            "WHOLE": "-999999999999",
            "SCALED": "-999.9999",
            "ROUNDED": -9999900,
            "HUGE": "99999999999999999999999999999999999999",
            "FREE": "-0.000000000000000000000000000001",
            "TXT": "x" * 200,
            "FIXED": "abcd",
            "DAY": FIRST_DAY,
            "MOMENT": -1,
            "THERE": "9999-12-31T23:59:59.999999-11:30",
            "BYTES": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    ),
    "letters": ({"TXT": LETTERS, "FIXED": "ü"}, {"TXT": LETTERS, "FIXED": "ü  "}),
    "nothing": ({"TXT": "", "FIXED": None, "WHOLE": None}, {}),
    "zero": (
        {"WHOLE": 0, "SCALED": 0, "FREE": 0, "TXT": " ", "DAY": "2024-02-29 23:59:59"},
        {"WHOLE": "0", "SCALED": "0.0000", "FREE": "0", "TXT": " ", "DAY": 1709251199000},
    ),
}
NOTHING: Mapping[str, object] = dict.fromkeys(ROWS["usual"][0])
#: More than 32 KiB in one row, in columns of 4000 bytes; pieces of SQL_REDO end within its characters.
LONG = {f"T{number}": f"{number}{'-' * number}" + "ä😀'x" * 490 for number in range(9)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Everything runs; the first snapshots are under way."""
    with pipeline(tmp_path_factory.mktemp("connector"), _fill) as there:
        yield there


def _fill(one: Connected) -> None:
    kinds = [{"ID": number, **given} for number, (given, _) in enumerate(ROWS.values(), start=1)]
    one.insert("KINDS", *kinds)
    one.insert("PAIRS", {"LEFT_ID": 1, "RIGHT_CD": "a", "NOTE": "first"})
    one.insert("LOOSE", {"NAME": "first", "AMOUNT": "1.50"}, {"NAME": "first", "AMOUNT": "1.50"})
    one.insert("LONG_TEXTS", {"ID": 1, **LONG})
    one.insert("REMARKS", {"ID": 1, "SHORT": "s", "REMARK": "short"}, {"ID": 2, "REMARK": LETTERS * 100})
    one.insert(schema.BASE, *({**invented(schema.BASE, key), schema.key(schema.BASE): key} for key in (1, 2)))


@pytest.fixture(params=["container", "plain"])
def one(made: Pipeline, request: pytest.FixtureRequest) -> Connected:
    """Each of the two databases."""
    found: Connected = getattr(made, request.param)
    return found


def test_a_snapshot_has_every_type_as_the_application_wrote_it(one: Connected) -> None:
    found = one.until("KINDS", len(ROWS))
    for number, (arrival, (_, wanted)) in enumerate(zip(found, ROWS.values(), strict=True), start=1):
        assert (arrival.operation, arrival.key) == ("snapshot", {"ID": str(number)})
        assert arrival.after == {"ID": str(number), **NOTHING, **wanted}


def test_a_streamed_row_is_what_its_snapshot_was(one: Connected) -> None:
    one.insert("KINDS", *({"ID": 10 + n, **given} for n, (given, _) in enumerate(ROWS.values(), start=1)))
    found = one.until("KINDS", 2 * len(ROWS))
    for snapshot, streamed in zip(found[: len(ROWS)], found[len(ROWS) :], strict=True):
        assert streamed.operation == "insert"
        assert snapshot.after is not None
        assert streamed.after == {**snapshot.after, "ID": "1" + str(snapshot.after["ID"])}


def test_an_update_and_a_delete_have_the_whole_row_as_it_was(one: Connected) -> None:
    one.run("UPDATE WMS.KINDS SET TXT = 'new', FREE = NULL", "DELETE FROM WMS.KINDS")
    found = one.until("KINDS", 6 * len(ROWS))
    before = {arrival.key["ID"]: arrival.after for arrival in found[: 2 * len(ROWS)]}
    updated, deleted = found[2 * len(ROWS) : 4 * len(ROWS)], found[4 * len(ROWS) :]
    for arrival in updated:
        old = before[arrival.key["ID"]]
        assert old is not None
        assert (arrival.operation, arrival.before) == ("update", old)
        assert arrival.after == {**old, "TXT": "new", "FREE": None}
    after = {arrival.key["ID"]: arrival.after for arrival in updated}
    assert [(a.operation, a.before, a.after) for a in deleted] == [
        ("delete", after[a.key["ID"]], None) for a in deleted
    ]
    assert len(after) == len({a.key["ID"] for a in deleted}) == 2 * len(ROWS)


def test_a_composite_key_is_the_records_key_and_its_change_is_a_delete_and_an_insert(one: Connected) -> None:
    one.run(
        "UPDATE WMS.PAIRS SET NOTE = 'changed'",
        "UPDATE WMS.PAIRS SET RIGHT_CD = 'b'",
    )
    found = one.until("PAIRS", 4)
    assert [(a.operation, a.key["LEFT_ID"], a.key["RIGHT_CD"]) for a in found] == [
        ("snapshot", "1", "a"),
        ("update", "1", "a"),
        ("delete", "1", "a"),
        ("insert", "1", "b"),
    ]


def test_records_of_a_table_without_a_key_have_none_and_equal_rows_are_told_apart(one: Connected) -> None:
    one.run(
        "INSERT INTO WMS.LOOSE (NAME, AMOUNT) VALUES ('second', -0.5)",
        "DELETE FROM WMS.LOOSE WHERE NAME = 'first'",
    )
    found = one.until("LOOSE", 5)
    assert [a.operation for a in found] == ["snapshot", "snapshot", "insert", "delete", "delete"]
    assert {str(a.key) for a in found} == {"{}"}
    assert found[2].after == {"NAME": "second", "AMOUNT": "-0.50"}


def test_what_is_rolled_back_does_not_arrive_nor_what_is_behind_a_savepoint(one: Connected) -> None:
    with one.app() as session:
        _pair(session, 100)
        session.execute("SAVEPOINT here")
        _pair(session, 101)
        session.execute("ROLLBACK TO here")
        _pair(session, 102)
    with one.app() as session:
        _pair(session, 103)
        session.rollback()
    one.insert("PAIRS", {"LEFT_ID": 104, "RIGHT_CD": "x"})
    assert [a.key["LEFT_ID"] for a in one.until("PAIRS", 7)[4:]] == ["100", "102", "104"]


def test_a_row_of_more_than_32_kib_arrives_whole(one: Connected) -> None:
    one.insert("LONG_TEXTS", {"ID": 2, **LONG})
    turned = {name: text[::-1] for name, text in LONG.items()}
    assignments = ", ".join(f'"{name}" = ?' for name in turned)
    with one.app() as session:
        statement = f'UPDATE "{OWNER}"."LONG_TEXTS" SET {assignments} WHERE "ID" = 1'
        session.execute(statement, [*turned.values()])
    snapshot, inserted, updated = one.until("LONG_TEXTS", 3)
    assert sum(len(text.encode()) for text in LONG.values()) > 32 * 1024
    assert snapshot.after == updated.before == {"ID": "1", **LONG}
    assert inserted.after == {"ID": "2", **LONG}
    assert updated.after == {"ID": "1", **turned}


def test_a_large_object_is_whole_in_the_snapshot_only(one: Connected) -> None:
    """`lob.enabled` is off: a stream has what LogMiner writes as a plain change, so a short value only.

    The form of these changes is known from Debezium's issues alone. The captured tables have no such column.
    """
    long = LETTERS * 100
    one.insert("REMARKS", {"ID": 3, "SHORT": "s", "REMARK": "short"}, {"ID": 4, "REMARK": long})
    one.run("UPDATE WMS.REMARKS SET SHORT = 't' WHERE ID = 1")
    found = [(a.operation, a.key["ID"], a.after and a.after["REMARK"]) for a in one.until("REMARKS", 6)]
    assert found == [
        ("snapshot", "1", "short"),
        ("snapshot", "2", long),
        ("insert", "3", None),
        ("update", "3", "short"),
        ("insert", "4", None),
        ("update", "1", "__debezium_unavailable_value"),
    ]


def test_a_transaction_over_log_switches_arrives_whole(one: Connected) -> None:
    with one.sys() as dba, one.app() as session:
        before = _sequence(dba)
        for number in (200, 201, 202):
            _pair(session, number)
            dba.execute("ALTER SYSTEM SWITCH LOGFILE")
        assert _sequence(dba) == before + 3
    assert [a.key["LEFT_ID"] for a in one.until("PAIRS", 10)[7:]] == ["200", "201", "202"]


def test_a_column_that_is_added_while_rows_stream_is_in_the_next_record(one: Connected) -> None:
    one.run("ALTER TABLE WMS.PAIRS ADD (EXTRA VARCHAR2(20))")
    one.insert("PAIRS", {"LEFT_ID": 300, "RIGHT_CD": "x", "EXTRA": "more"})
    one.run("UPDATE WMS.PAIRS SET EXTRA = 'later' WHERE LEFT_ID = 100")
    added, changed = one.until("PAIRS", 12)[10:]
    assert added.after == {"LEFT_ID": "300", "RIGHT_CD": "x", "NOTE": None, "EXTRA": "more"}
    assert changed.before == {"LEFT_ID": "100", "RIGHT_CD": "x", "NOTE": None, "EXTRA": None}
    assert changed.after == {**changed.before, "EXTRA": "later"}


def test_the_connectors_own_heartbeat_comes_back_through_the_log(made: Pipeline) -> None:
    topic = made.container.stage.topics.one("heartbeat_table")

    def beats() -> list[Any]:
        return [a.after["BEAT_TS"] for a in made.container.watch.seen if a.topic == topic and a.after]

    assert made.container.watch.wait_for(lambda _: len({*beats()}) >= 3, 120), beats()
    assert beats() == sorted(beats())


def test_a_snapshot_by_signal_gives_the_rows_again_and_the_stream_goes_on(made: Pipeline) -> None:
    one = made.container
    first = one.until(schema.BASE, 2)
    made.signal_snapshot(schema.BASE)
    again = one.until(schema.BASE, 4)[2:]
    assert {a.operation for a in again} == {"snapshot"}
    assert [a.after for a in again] == [a.after for a in first]
    one.insert("PAIRS", {"LEFT_ID": 400, "RIGHT_CD": "x"})
    assert one.until("PAIRS", 13)[-1].key["LEFT_ID"] == "400"


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGKILL])
def test_a_worker_that_ends_reads_on_where_it_was_and_every_row_arrives_once(
    made: Pipeline, number: signal.Signals
) -> None:
    """A transaction is open all the while: the position stays at its beginning. The history knows EXTRA."""
    both, first = (made.container, made.plain), 1000 * number
    known = {one.connector: len(one.of("PAIRS")) for one in both}
    with made.container.app() as in_container, made.plain.app() as in_plain:
        for one, session in zip(both, (in_container, in_plain), strict=True):
            _pair(session, first)
            one.insert("PAIRS", {"LEFT_ID": first + 1, "RIGHT_CD": "x", "EXTRA": "before"})
            one.until("PAIRS", known[one.connector] + 1)
        made.worker.stop(number)
        for one, session in zip(both, (in_container, in_plain), strict=True):
            one.insert("PAIRS", {"LEFT_ID": first + 2, "RIGHT_CD": "x", "EXTRA": "meanwhile"})
            _pair(session, first + 3)
    made.worker.start()
    for one in both:
        found = one.until("PAIRS", known[one.connector] + 4)[known[one.connector] :]
        assert [a.key["LEFT_ID"] for a in found] == [str(first + n) for n in (1, 2, 0, 3)]
        assert [a.after and a.after["EXTRA"] for a in found] == ["before", "meanwhile", None, None]


def test_the_changes_of_an_open_transaction_are_counted_while_it_is_open(
    made: Pipeline, one: Connected
) -> None:
    """The health check tells of them before the heap ends. Rolled back, they leave the buffer."""

    def counted() -> float | None:
        source = source_of(list(parse(made.worker.metrics())), one.stage.topics.prefix)
        assert source.heap_limit is not None
        return source.buffered_changes

    made.until_streaming()
    with one.app() as session:
        for number in range(200):
            _pair(session, 10_000 + number)
        wait_for(lambda: (counted() or 0) >= 200, "200 changes in the buffer", SECONDS)
        session.rollback()
    wait_for(lambda: counted() == 0, "an empty buffer", SECONDS)


def test_a_database_that_is_killed_has_what_was_committed_and_the_connector_comes_back(
    made: Pipeline,
) -> None:
    one = made.container
    known = len(one.of("PAIRS"))
    made.until_streaming()
    one.insert("PAIRS", {"LEFT_ID": 500, "RIGHT_CD": "x"})
    with pytest.raises(OSError), one.app() as session:  # noqa: PT012 - the session ends with its database
        _pair(session, 501)
        made.world.stop_database(kill=True)
        _pair(session, 502)
    made.world.start_database()
    one.insert("PAIRS", {"LEFT_ID": 503, "RIGHT_CD": "x"})
    assert [a.key["LEFT_ID"] for a in one.until("PAIRS", known + 2)[known:]] == ["500", "503"]


def test_no_record_came_twice_and_no_statement_was_without_an_answer(made: Pipeline) -> None:
    for one in (made.container, made.plain):
        with one.sys() as dba:
            assert dba.admin("statements")["refused"] == []
        topics = [one.topic(table) for table in TABLES]
        with Consumer(made.world.kafka_bootstrap, topics) as consumer:
            there = Counter(record.topic for record in consumer.read_to() if record.value is not None)
        assert there == Counter(one.topic(table) for table in TABLES for _ in one.of(table))


def test_a_column_that_sys_adds_arrives_as_one_that_the_application_adds(made: Pipeline) -> None:
    """By its defaults Debezium reads no definitions of SYS and SYSTEM, and stops at the next row."""
    one = made.container
    with one.sys() as dba:
        dba.execute("ALTER TABLE WMS.PAIRS ADD (ADDED_BY_SYS VARCHAR2(20))")
    known = len(one.of("PAIRS"))
    one.insert("PAIRS", {"LEFT_ID": 600, "RIGHT_CD": "x", "ADDED_BY_SYS": "y"})
    arrived = one.until("PAIRS", known + 1)[-1]
    assert arrived.after is not None
    assert arrived.after["ADDED_BY_SYS"] == "y"


def _pair(session: Client, number: int) -> None:
    insert(session, OWNER, "PAIRS", {"LEFT_ID": number, "RIGHT_CD": "x"})


def _sequence(dba: Client) -> int:
    """Of the current redo log."""
    online = dba.admin("logs")["online"]
    return max(int(log["sequence"]) for log in online)


def test_a_message_is_the_one_that_the_documentation_shows(
    made: Pipeline, one: Connected, golden: Golden
) -> None:
    """As bytes on the topic: with its schema, of a named and of an ephemeral stage."""
    row = {
        "PLAN_BASE_WVR_ID": 1001,
        "STATE_CD": "CA",
        "WVR_NUM": "CA-0042",
        "WVR_TYPE_CD": "1915C",
        "FED_SHR_PCT": "56.2",
        "EFCTV_DT": "2026-01-01 00:00:00",
        "SYS_ADD_TS": "2026-01-02 03:04:05.678901",
    }
    one.insert(schema.BASE, row)
    one.run("DELETE FROM WMS.PLAN_BASE_WVR_TBL WHERE PLAN_BASE_WVR_ID = 1001")
    with Consumer(made.world.kafka_bootstrap, [one.topic(schema.BASE)]) as consumer:
        found: list[Any] = []

        def complete() -> bool:
            found.extend(consumer.poll())
            return bool(found) and found[-1].value is None

        wait_for(complete, "the delete and its tombstone", SECONDS, every=0)
    inserted, deleted, tombstone = found[-3:]
    assert tombstone.key == deleted.key == inserted.key
    for name, record in (("insert", inserted), ("delete", deleted)):
        golden(*documented(one.stage, name, record.key, record.value))
