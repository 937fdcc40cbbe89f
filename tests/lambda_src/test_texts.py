"""Texts that others wrote: causes found, confidential values gone, metrics pages understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.causes import MAX_LENGTH, root_cause
from connector.domain.health.error_classes import explain_database
from connector.domain.health.observation import Source
from connector.domain.secrets.brokers import parse_brokers
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.redactor import Redactor
from connector.domain.secrets.secrets import StoredSecret
from lambda_src.clients.connect_rest import error_message, parse_reply
from lambda_src.clients.metrics_page import parse, source_of
from lambda_src.clients.transport import Reply

WRAPPED = """io.debezium.DebeziumException: Failed to resolve Oracle database version
\tat io.debezium.connector.oracle.OracleConnection.resolveOracleDatabaseVersion(OracleConnection.java:1)
Caused by: java.sql.SQLException: ORA-12541: Cannot connect. No listener at 10.0.0.9. (CONNECTION_ID=abc==)
https://docs.oracle.com/error-help/db/ora-12541/
\tat oracle.jdbc.driver.T4CConnection.handleLogonNetException(T4CConnection.java:1)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.connect0(Native Method)
"""


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (WRAPPED, "ORA-12541: Cannot connect. No listener at 10.0.0.9."),
        ("org.x.ConnectException: java.lang.OutOfMemoryError: Java heap space", "Java heap space"),
        ("a.b.C: one\nCaused by: d.e.F: two\nCaused by: g.h.NullPointerException", "NullPointerException"),
        ("Error Msg = ORA-00604: recursive\nORA-01555: snapshot too old", "ORA-01555: snapshot too old"),
        ("", "no cause given"),
    ],
)
def test_the_cause_is_the_innermost_one_in_the_servers_words(trace: str, cause: str) -> None:
    assert root_cause(trace) == cause


def test_a_printed_object_does_not_hide_what_is_said_of_it() -> None:
    """As Debezium 3.6 says it when the log behind the stored position is gone."""
    offset = f"Offset [schema=Schema{{io.debezium:STRUCT}}, info=source_info[server='wms', {'x=1, ' * 80}]]"
    trace = (
        f"io.debezium.DebeziumException: It starts at {offset}, but this is no longer available.\n\tat a.B"
    )
    assert root_cause(trace) == "It starts at Offset, but this is no longer available."


@given(st.text())
def test_a_cause_is_always_one_short_line(trace: str) -> None:
    cause = root_cause(trace)
    assert len(cause.splitlines()) == 1
    assert len(cause) <= MAX_LENGTH


def test_a_cause_that_is_cut_off_ends_in_three_dots() -> None:
    """Not in one character of three dots, which Sceptre would print as an escape."""
    assert root_cause("x" * 400) == "x" * (MAX_LENGTH - 3) + "..."


def test_a_text_that_is_not_about_the_database_is_not_blamed_on_it() -> None:
    assert explain_database("Value must be one of initial, never", "h:1") is None


def test_a_password_is_hidden_wherever_it_stands() -> None:
    redactor = Redactor()
    redactor.add(Redacted('a"b'))
    assert redactor.redact('url?password=a"b&x {"p": "a\\"b"}') == 'url?password=***&x {"p": "***"}'


def test_a_user_name_is_hidden_as_a_word_and_topic_names_stay() -> None:
    redactor = Redactor()
    redactor.add_words(Redacted("wms"))
    text = 'ORA-1: no "wms" for wms. wms-oracle-cdc reads wms.WMS.PLAN_BASE_WVR_TBL of aws.wms'
    assert redactor.redact(text) == (
        'ORA-1: no "***" for ***. wms-oracle-cdc reads wms.WMS.PLAN_BASE_WVR_TBL of aws.wms'
    )


def test_the_broker_string_its_entries_and_its_hosts_are_hidden() -> None:
    redactor = Redactor()
    text = "b-1.example:9098,b-2.example:9098"
    redactor.add_brokers(parse_brokers(StoredSecret("wms/main/brokerString", "arn", "v", Redacted(text))))
    found = f"{text} | b-2.example:9098 | b-1.example port 9098 | [b-2.example/10.0.0.1]"
    assert redactor.redact(found) == "*** | *** | *** port 9098 | [***/10.0.0.1]"


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=4), st.text(), st.text())
def test_no_hidden_value_survives(values: list[str], before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(*map(Redacted, values))
    parts = redactor.redact(before + values[0] + after).split("***")
    assert all(value in "***" or value not in part for value in values for part in parts)


def test_an_empty_value_hides_nothing() -> None:
    redactor = Redactor()
    redactor.add(Redacted(""), Redacted(" "))
    assert redactor.redact("all of this") == "all of this"


PAGE = """# HELP debezium_metrics_connected Connected
# TYPE debezium_metrics_connected gauge
debezium_metrics_connected{plugin="oracle",context="streaming",server="wms",} 1.0
debezium_metrics_connected{plugin="oracle",context="streaming",server="x.wms"} 0.0 1700000000000
debezium_metrics_snapshotrunning{context="snapshot",server="x.wms"} 1.0
debezium_metrics_totaltablecount{context="snapshot",server="x.wms"} 4.0
jvm_info{vm="a \\"quoted\\" {name}, v=1",path="c:\\\\x"} 1.0
broken line
"""


def test_a_metrics_page_is_read_per_connector() -> None:
    samples = list(parse(PAGE))
    assert len(samples) == 5
    assert source_of(samples, "wms") == Source(streaming=True)
    assert source_of(samples, "x.wms") == Source(False, True, 4)
    assert source_of(samples, "y") == Source()
    assert samples[-1].labels == {"vm": 'a "quoted" {name}, v=1', "path": "c:\\x"}


@given(st.text())
def test_any_text_is_a_metrics_page(text: str) -> None:
    list(parse(text))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error_code":409,"message":"Conflict"}', "Conflict"),
        (b"<html>Bad Gateway</html>", "no message"),
        (b"", "no message"),
        (b"plain", "plain"),
        (b"[1]", "[1]"),
    ],
)
def test_a_refusal_carries_the_servers_own_words(body: bytes, expected: str) -> None:
    assert error_message(Reply(409, body)) == expected


def test_a_success_without_a_body_is_nothing() -> None:
    assert parse_reply("restarting", Reply(204, b"")) is None


def test_what_connect_counts_of_our_task_is_read_and_no_other_connectors() -> None:
    counted = "kafka_connect_source_task_source_record_active_count"
    page = (
        f'{counted}{{connector="wms-oracle-cdc",task="0",}} 7.0\n'
        f'{counted}{{connector="other",task="0",}} 100.0\n'
        'kafka_connect_task_error_total_record_errors{connector="wms-oracle-cdc",task="0",} 2.0\n'
    )
    assert source_of(list(parse(page)), "wms") == Source(in_flight=7, errors=2)
    assert source_of([], "wms") == Source(in_flight=None, errors=None)


def test_the_databases_scn_is_read_and_never_as_smaller_than_it_is() -> None:
    def scn(value: str) -> int | None:
        name = 'debezium_metrics_currentscn{plugin="oracle",context="streaming",server="wms",}'
        return source_of(list(parse(f"{name} {value}\n")), "wms").scn

    # As Java writes a double.
    assert scn("2000203.0") == 2000203
    assert scn("2.8147497671065E14") == 281474976710650
    assert scn("9.007199254740991E15") == 2**53 - 1
    # Above that a double may be another SCN, rounded down.
    assert scn(repr(float(2**60 + 1))) == 2**60 + 256
    assert [scn(value) for value in ("NaN", "+Inf", "-1.0", "0.0")] == [None] * 4


def test_how_long_a_snapshot_runs_is_read() -> None:
    page = 'debezium_metrics_snapshotdurationinseconds{context="snapshot",server="wms"} 75.0\n'
    assert source_of(list(parse(page)), "wms") == Source(snapshot_seconds=75)
