"""A trace in any form is parsed into its causes and numbers; where a program was is no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.diagnosis.trace import Code, Prefix, codes_in, parse


def _shape(text: str) -> list[tuple[str, str]]:
    return [(cause.name, cause.message) for cause in parse(text).causes]


JAVA = """org.apache.kafka.connect.errors.ConnectException: It stopped.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.lang.RuntimeException: java.sql.SQLException: ORA-01031: insufficient privileges
ORA-06512: at "SYS.DBMS_LOGMNR", line 72

https://docs.oracle.com/error-help/db/ora-01031/
\tat oracle.jdbc.driver.T4CTTIoer11.processError(T4CTTIoer11.java:509)
\tSuppressed: java.sql.SQLRecoverableException: ORA-17008: Closed connection
\t\tat oracle.jdbc.driver.X.y(X.java:1)
\t... 9 more
"""


@pytest.mark.parametrize("text", [JAVA, " | ".join(JAVA.splitlines())], ids=["lines", "an event of the log"])
def test_a_java_trace_is_a_chain_of_causes(text: str) -> None:
    stopped, runtime, sql, suppressed = parse(text).causes
    assert (stopped.name, stopped.message) == ("ConnectException", "It stopped.")
    assert stopped.frames[0] == "io.debezium.pipeline.ErrorHandler.setProducerThrowable"
    assert (runtime.exception, runtime.message) == ("java.lang.RuntimeException", "")
    assert [code.number for code in sql.codes] == [1031, 6512]
    assert sql.message.startswith("ORA-01031: insufficient privileges ORA-06512")
    assert "docs.oracle.com" not in sql.message
    assert suppressed.suppressed
    assert not sql.suppressed


def test_an_event_of_the_workers_log_begins_with_its_words() -> None:
    event = "2026-06-08T17:49:51.258Z ERROR [wms|task-0] Mining session stopped. | java.sql.SQLException: x"
    assert _shape(event) == [("", "Mining session stopped."), ("SQLException", "x")]


def test_exceptions_inside_a_message_are_causes_of_their_own() -> None:
    nested = (
        "org.apache.kafka.common.errors.SaslAuthenticationException: An error: "
        "(java.security.PrivilegedActionException: javax.security.sasl.SaslException: No credentials "
        "[Caused by "
        "shadow.com.amazonaws.SdkClientException: no endpoint ]) occurred when evaluating. More."
    )
    assert _shape(nested) == [
        ("SaslAuthenticationException", "An error:"),
        ("PrivilegedActionException", ""),
        ("SaslException", "No credentials"),
        ("SdkClientException", "no endpoint"),
    ]


@pytest.mark.parametrize(
    ("line", "number", "written"),
    [
        ("ORA-12514, TNS:listener knows it not", 12514, "ORA-12514, TNS:listener knows it not"),
        ("ORA-01291", 1291, "ORA-01291"),
        ("ORA-1291: missing", 1291, "ORA-01291: missing"),
        ("ORA-01555: Snapshot zu alt", 1555, "ORA-01555: Snapshot zu alt"),
        ("ORA-01031 : privilèges insuffisants", 1031, "ORA-01031: privilèges insuffisants"),
        ("(Error: ORA-00942: no table", 942, "ORA-00942: no table"),
    ],
)
def test_a_number_counts_in_any_language_and_writing(line: str, number: int, written: str) -> None:
    (code,) = codes_in(line)
    assert (code.prefix, code.number, str(code)) == (Prefix.ORA, number, written)


def test_several_numbers_of_a_line_have_each_its_words() -> None:
    assert codes_in("ORA-06550: line 1: PLS-00201: identifier") == [
        Code(Prefix.ORA, 6550, "line 1:"),
        Code(Prefix.PLS, 201, "identifier"),
    ]


@pytest.mark.parametrize("text", ["AURORA-28000 x", "ORA-", "ORA-x", "FLORA-01017"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert codes_in(text) == []


@given(st.text())
def test_any_text_can_be_parsed(text: str) -> None:
    for cause in parse(text).causes:
        assert "\n" not in cause.message
