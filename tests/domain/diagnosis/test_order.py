"""Of several errors in one text the telling one is the cause: server before driver, inside before outside."""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.redaction import HEAD

SQL = "java.sql.SQLException: "
OUTSIDE = "org.apache.kafka.connect.errors.ConnectException: It stopped."


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"{SQL}ORA-00942: outside\nCaused by: {SQL}ORA-01031: inside", "ORA-01031: inside"),
        (f"{SQL}ORA-01555: first\nORA-00942: second", "ORA-01555: first"),
        (f"{SQL}ORA-17002: I/O\nCaused by: {SQL}ORA-01033: starting", "ORA-01033: starting"),
        (f"{SQL}ORA-01033: starting\nCaused by: {SQL}ORA-17002: I/O", "ORA-01033: starting"),
        (f"{SQL}ORA-00604: recursive\nORA-20999: own", "ORA-20999: own"),
        (f"{SQL}ORA-00604: recursive\nORA-06512: at line 1", "ORA-00604: recursive"),
        (f"{SQL}ORA-06512: at line 1", "ORA-06512: at line 1"),
        (f"{SQL}ORA-01291: missing\n\tSuppressed: {SQL}ORA-00942: closing", "ORA-01291: missing"),
        (
            f"{OUTSIDE}\nCaused by: {SQL}ORA-17008: Closed\nCaused by: java.io.IOException: x",
            "ORA-17008: Closed",
        ),
        ("Failed to resolve Oracle database version\nCaused by: a.b.C: ORA-00020: full", "ORA-00020: full"),
    ],
)
def test_one_number_is_the_cause(text: str, cause: str) -> None:
    assert diagnose(text).cause == cause


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # What happened while the error was handled is not the error.
        ("a.b.XException: odd\n\tSuppressed: org.apache.kafka.common.errors.TimeoutException: x", "unknown"),
        # A handshake that the other side ended may succeed at the next try.
        (
            (
                "org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed\nCaused by: "
                "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake"
            ),
            "brokers",
        ),
        # The SDK of AWS speaks to brokers, too.
        (
            (
                "software.amazon.awssdk.core.exception.SdkClientException: b-1.wms.abc.c2.kafka.us-east-1."
                "amazonaws.com: connect timed out"
            ),
            "brokers",
        ),
        # A sign of Debezium's is more than the driver's number about the connection that it closed then.
        (
            (
                f"a.b.XException: Supplemental logging not properly configured\nCaused by: {SQL}"
                "ORA-17008: Closed connection"
            ),
            "database rights",
        ),
    ],
)
def test_one_sign_is_the_cause(text: str, name: str) -> None:
    assert diagnose(text).error_class.name == name


def test_only_head_and_tail_of_a_long_text_are_read() -> None:
    filler = "x y z\n" * HEAD
    middle = f"{filler}{SQL}ORA-01555: middle\n{filler}"
    assert diagnose(f"{OUTSIDE}\n{middle}").error_class.name == "unknown"
    assert diagnose(f"{OUTSIDE}\n{middle}Caused by: {SQL}ORA-00942: tail").cause == "ORA-00942: tail"
    assert diagnose(f"{SQL}ORA-00942: head\n{middle}").cause == "ORA-00942: head"
