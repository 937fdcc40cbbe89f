"""Words that anybody can say about a connection are judged by who says them."""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.speaker import Speaker

WORDS = (
    "java.net.SocketTimeoutException: Read timed out",
    "java.net.UnknownHostException: there: Name or service not known",
    "java.net.ConnectException: Connection refused",
    "java.net.SocketException: Connection reset",
    "java.io.IOException: Broken pipe",
    "java.net.NoRouteToHostException: No route to host",
)
CONNECT = "org.apache.kafka.connect.errors.ConnectException: It stopped."


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    ("around", "name", "speaker"),
    [
        ("java.sql.SQLRecoverableException: It failed", "unreachable", Speaker.DRIVER),
        ("oracle.net.ns.NetException: It failed", "unreachable", Speaker.DRIVER),
        (
            "io.debezium.DebeziumException: Failed to resolve Oracle database version",
            "unreachable",
            Speaker.DATABASE,
        ),
        ("software.amazon.awssdk.core.exception.SdkClientException: It failed", "AWS endpoint", Speaker.AWS),
        ("shadow.com.amazonaws.SdkClientException: It failed", "AWS endpoint", Speaker.AWS),
        ("org.apache.kafka.common.KafkaException: It failed", "brokers", Speaker.BROKERS),
        (CONNECT, "network", Speaker.UNKNOWN),
    ],
)
def test_a_word_about_a_connection_is_about_whom_the_exceptions_around_it_speak_to(
    words: str, around: str, name: str, speaker: Speaker
) -> None:
    found = diagnose(f"{CONNECT}\nCaused by: {around}\n\tat a.B.c(B.java:1)\nCaused by: {words}")
    if name == "unreachable" and "UnknownHost" in words:
        name = "database host"
    assert (found.error_class.name, found.speaker, found.restart) == (name, speaker, True)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("oracle.net.nt.TcpNTAdapter.read", "unreachable"),
        ("org.apache.kafka.common.network.Selector.poll", "brokers"),
        ("software.amazon.awssdk.http.X.call", "AWS endpoint"),
        ("com.example.X.call", "network"),
    ],
)
def test_where_it_was_thrown_tells_it_if_nothing_else_does(frame: str, name: str) -> None:
    frames = f"\tat java.base/java.net.S.read(S.java:1)\n\tat {frame}(X.java:1)"
    assert diagnose(f"java.net.SocketTimeoutException: Read timed out\n{frames}").error_class.name == name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("sts.us-east-1.amazonaws.com", "AWS endpoint"),
        ("b-1.wms.abc123.c2.kafka.us-east-1.amazonaws.com", "brokers"),
        ("boot-abc.c1.kafka-serverless.us-east-1.amazonaws.com", "brokers"),
        ("wms.abc.us-east-1.rds.amazonaws.com", "database host"),
        ("192.0.2.7:1521", "database host"),
    ],
)
def test_an_address_tells_whose_it_is(host: str, name: str) -> None:
    assert diagnose(f"{CONNECT}\nCaused by: java.net.UnknownHostException: {host}").error_class.name == name


def test_a_caller_that_knows_what_a_text_is_about_says_it() -> None:
    assert diagnose("Connection refused", about=Speaker.DATABASE).error_class.name == "unreachable"
    assert diagnose("Connection refused").error_class.name == "network"
    # It does not change what the text itself tells.
    told = "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment."
    assert diagnose(told, about=Speaker.DATABASE).error_class.name == "brokers"


def test_a_certificate_that_is_not_trusted_is_of_whoever_showed_it() -> None:
    words = "javax.net.ssl.SSLHandshakeException: PKIX path building failed"
    for around, name in (
        ("org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed", "broker TLS"),
        ("java.sql.SQLRecoverableException: IO Error", "database protocol"),
        ("software.amazon.awssdk.core.exception.SdkClientException: x", "AWS endpoint"),
    ):
        assert diagnose(f"{around}\nCaused by: {words}").error_class.name == name


def test_where_a_program_was_says_nothing_about_what_went_wrong() -> None:
    trace = "x.Y: odd\n\tat org.apache.kafka.common.errors.TimeoutException.<init>(T.java:1)\n\t... 5 more"
    assert diagnose(trace).error_class.name == "unknown"


@pytest.mark.parametrize(
    "database", ["ORA-00054: timeout expired", "ORA-01013: cancelled", "ORA-02049: timeout"]
)
def test_a_number_of_the_server_is_never_taken_for_the_network(database: str) -> None:
    found = diagnose(f"java.sql.SQLTimeoutException: {database}")
    assert found.speaker is Speaker.DATABASE
    assert found.error_class.name != "unreachable"
