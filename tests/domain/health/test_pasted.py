"""How a paste is cut into passages, and which of them counts."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.causes import TASK_PREFIX
from connector.domain.health.pasted import Passage, newest, passages

LOGIN = "java.sql.SQLException: ORA-01017: invalid username/password\n\tat oracle.jdbc.X(X.java:1)\n"
LOST = "java.sql.SQLRecoverableException: ORA-03113: end-of-file\n\tat oracle.jdbc.Y(Y.java:2)\n"
CHAIN = f"org.apache.kafka.connect.errors.ConnectException: stopped\n\tat a.b.C(C.java:1)\nCaused by: {LOST}"


def event(at: str, text: str, level: str = "ERROR", context: str = f"{TASK_PREFIX}0] ") -> str:
    """A line of the worker's log: one event, its trace joined by bars."""
    return f"2026-11-29T{at}.000Z {level:5} {context}{text.rstrip().replace(chr(10), ' | ')}\n"


def test_a_trace_with_its_causes_is_one_passage():
    assert passages(CHAIN) == (Passage(CHAIN.rstrip("\n"), 1),)


def test_each_of_several_traces_is_a_passage_with_its_line():
    found = passages(f"\n\n{CHAIN}\n{LOGIN}\n{LOST}")
    assert [each.line for each in found] == [3, 8, 11]
    assert newest(found).text.startswith("java.sql.SQLRecoverableException")


def test_a_value_of_a_row_that_looks_like_a_trace_begins_no_passage():
    statement = f"the statement 'insert into \"A\".\"B\" values ('x\n\n{LOGIN.splitlines()[0]}');'."
    text = (
        f"{CHAIN}Caused by: a.DmlParserException: DML statement couldn't be parsed: {statement}\n\tat a.B(C)"
    )
    assert len(passages(text)) == 1


def test_an_event_of_a_log_keeps_its_further_lines():
    found = passages(
        "[2026-11-29 06:00:00,123] ERROR [x|task-0] Failed\n" + CHAIN + event("06:00:01", "Started", "INFO")
    )
    assert [(each.line, each.level) for each in found] == [(1, "ERROR"), (6, "INFO")]
    assert found[0].text.endswith("Y.java:2)")


def test_the_newest_error_of_the_task_counts_though_other_errors_follow():
    log = (
        event("06:00:00", LOGIN)
        + event("06:00:10", LOST)
        + event("06:00:20", "java.io.IOException: of another client", context="")
        + event("06:00:30", "Started", "INFO")
    )
    assert newest(passages(log)).line == 2


def test_a_log_that_begins_with_its_newest_line_is_read_by_its_times():
    log = event("06:00:10", LOST) + event("06:00:00", LOGIN)
    assert newest(passages(log)).line == 1


def test_a_connection_that_debezium_closed_itself_is_no_cause():
    closed = "Error in finally block | java.sql.SQLRecoverableException: ORA-17008: Closed connection"
    log = event("06:00:00", LOST) + event("06:00:01", closed)
    assert newest(passages(log)).line == 1
    assert newest(passages(event("06:00:01", closed))).line == 1


def test_a_log_without_an_error_gives_its_last_warning():
    log = event("06:00:00", "Slow", "WARN") + event("06:00:01", "Started", "INFO")
    assert newest(passages(log)).line == 1


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-29T06:23:59.123000+00:00 kafka-connect/kafka-connect/0123abcd ",
        "connect-1  | ",
    ],
)
def test_what_a_tool_prints_before_an_event_is_left_out(head: str):
    (found,) = passages(head + event("06:23:58", LOST))
    assert found.text.startswith("2026-11-29T06:23:58")


def test_connects_answer_about_a_connector_is_read():
    status = {
        "name": "wms-oracle-cdc",
        "connector": {"state": "RUNNING", "worker_id": "10.0.0.1:8083"},
        "tasks": [{"id": 0, "state": "FAILED", "trace": CHAIN}],
    }
    assert passages(json.dumps(status)) == (Passage(CHAIN.rstrip("\n"), 1),)
    (found,) = passages(json.dumps(status, indent=2))
    assert found.line == 11


def test_the_events_of_cloudwatch_logs_are_read():
    events = [{"timestamp": n, "message": event(f"06:00:0{n}", text)} for n, text in enumerate((LOST, LOGIN))]
    found = passages(json.dumps({"events": events}, indent=1))
    assert [each.line for each in found] == [5, 9]
    assert "ORA-01017" in newest(found).text


def test_a_trace_whose_line_ends_are_written_out_is_read():
    (found,) = passages(CHAIN.replace("\n", "\\n").replace("\t", "\\t"))
    assert "\nCaused by: " in found.text


def test_what_only_looks_like_json_is_text():
    for text in ("{broken", "[2026-11-29 06:00:00,123] ERROR x", "[" * 100_000):
        assert passages(text)


@given(st.text())
def test_no_text_is_lost_or_refused(text: str):
    found = passages(text)
    assert bool(found) == bool(text.strip())
    if found:
        assert newest(found) in found


def test_a_long_log_is_read_at_once():
    log = (event("06:00:00", "3 records sent", "INFO") * 20 + event("06:00:01", CHAIN)) * 500
    begin = time.process_time()
    newest(passages(log))
    assert time.process_time() - begin < 2
