"""Every exception of Kafka's client has a class; MSK's passing refusals are not missing rights."""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import Owner
from connector.domain.diagnosis.kafka_errors import BY_EXCEPTION

SENT = "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback"
ERRORS = "org.apache.kafka.common.errors."
COMMON = "org.apache.kafka.common."
KAFKA = f"{COMMON}KafkaException: "
DATA = "org.apache.kafka.connect.errors.DataException: "
HEAP = "java.lang.OutOfMemoryError: Java heap space"
SASL = f"{ERRORS}SaslAuthenticationException: "


@pytest.mark.parametrize("exception", sorted({name for name in BY_EXCEPTION if name.endswith("Exception")}))
def test_an_exception_of_the_client_has_its_class_wherever_it_stands(exception: str) -> None:
    wanted = BY_EXCEPTION[exception]
    for text in (f"{SENT}\nCaused by: {ERRORS}{exception}: words", f"{ERRORS}{exception}"):
        assert diagnose(text).error_class.name == wanted


@pytest.mark.parametrize(
    ("message", "name", "restart"),
    [
        ("[c4c1210b]: Too many connects", "brokers throttle", True),
        ("[c4c1210b]: Access denied", "cluster rights", False),
        ("[c4c1210b]: Session too short", "AWS credentials", True),
        ("[c4c1210b]: Signature expired: 20260608 is now earlier than 20260609", "AWS credentials", True),
        ("[c4c1210b]: Signature not yet current: 20260608", "AWS credentials", True),
        (
            "[c4c1210b]: Cannot change principals during re-authentication from A to B",
            "AWS credentials",
            True,
        ),
        ("[c4c1210b]: The security token included in the request is expired", "AWS credentials", True),
        ("Authentication failed during authentication due to invalid credentials", "broker login", False),
    ],
)
def test_a_refusal_of_the_brokers_is_told_by_its_words(message: str, name: str, restart: bool) -> None:
    found = diagnose(f"{SENT}\nCaused by: {SASL}{message}")
    assert (found.error_class.name, found.restart) == (name, restart)


def _credentials(inner: str) -> str:
    return (
        f"{SENT}\nCaused by: {SASL}An error: (java.security.PrivilegedActionException: "
        "javax.security.sasl.SaslException: Failed to find AWS IAM Credentials [Caused by "
        f"shadow.software.amazon.awssdk.core.exception.SdkClientException: {inner}]) occurred when "
        "evaluating SASL token received from the Kafka Broker. Kafka Client will go to AUTHENTICATION_FAILED."
    )


@pytest.mark.parametrize(
    "inner",
    [
        "Failed to connect to service endpoint: ",
        "Unable to load credentials from any of the providers in the chain",
        "Failed to load credentials from metadata service",
    ],
)
def test_credentials_that_cannot_be_had_are_no_missing_right(inner: str) -> None:
    found = diagnose(_credentials(inner))
    assert (found.error_class.name, found.restart) == ("AWS credentials", True)
    assert found.error_class.owner is Owner.US
    assert found.cause.startswith("Failed to find AWS IAM Credentials")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "org.apache.kafka.common.network.InvalidReceiveException: Invalid receive (size = 352518912)",
            "broker authentication",
        ),
        (
            f"Uncaught exception in a thread: | {HEAP} | at {COMMON}memory.MemoryPool$1.try(M.java:3)",
            "broker authentication",
        ),
        (f"{HEAP}\n\tat io.debezium.X.y(X.java:1)", "memory"),
        (f"{ERRORS}SslAuthenticationException: SSL handshake failed", "broker TLS"),
        (
            f"{KAFKA}Failed to construct kafka producer\nCaused by: {KAFKA}Failed to load SSL truststore /x",
            "broker TLS",
        ),
        ("org.apache.kafka.common.KafkaException: Failed to construct kafka consumer", "brokers"),
        ("org.apache.kafka.common.config.ConfigException: Invalid value x for configuration y", "settings"),
        (f"{ERRORS}TimeoutException: Topic wms.T not present in metadata after 60000 ms.", "unknown topic"),
        ("com.example.TimeoutException: words", "unknown"),
    ],
)
def test_what_the_client_says_besides_is_told_apart(text: str, name: str) -> None:
    assert diagnose(text).error_class.name == name


@pytest.mark.parametrize(
    ("text", "name", "restart"),
    [
        ("Tolerance exceeded in error handler", "record format", False),
        (
            "Tolerance exceeded in error handler\nCaused by: java.sql.SQLException: ORA-03113: end",
            "unreachable",
            True,
        ),
        (
            f"Tolerance exceeded in error handler\nCaused by: {ERRORS}TimeoutException: Expiring 1 record(s)",
            "brokers",
            True,
        ),
        (
            f"Tolerance exceeded in error handler\nCaused by: {DATA}bad",
            "record format",
            False,
        ),
    ],
)
def test_connects_wrapper_is_the_cause_only_if_nothing_is_inside(text: str, name: str, restart: bool) -> None:
    found = diagnose(f"org.apache.kafka.connect.errors.ConnectException: {text}")
    assert (found.error_class.name, found.restart) == (name, restart)
