"""What brokers, TLS, the database and AWS say most often in a real worker's log has class, owner and restart.

The texts are those of Kafka 4.3.1 (NetworkClient, BufferPool, OffsetStorageWriter, WorkerCoordinator,
ConnectorsResource), the JDK's TLS, Debezium 3.6.1 and Oracle's Database Error Messages.
"""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import Owner

PLATFORM, US, DATABASE, NETWORK = Owner.PLATFORM, Owner.US, Owner.DATABASE, Owner.NETWORK
AT = "2026-06-08 17:49:51,258 WARN [wms-oracle-cdc|task-0] [Producer clientId=producer-1] "
NODE = f"{AT}Connection to node -1 (b-1.wms.x.c2.kafka.us-east-1.amazonaws.com/10.0.0.1:9096)"
SENT = "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback"
TLS = "org.apache.kafka.common.errors.SslAuthenticationException: "
HANDSHAKE = "javax.net.ssl.SSLHandshakeException: "
NOT_VALID = "java.security.cert.CertPathValidatorException: validity check failed"
DEBEZIUM = "io.debezium.DebeziumException: "
PARSING = "io.debezium.text.ParsingException: "
HEAP = "java.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.nio.ByteBuffer.allocate(B.java:1)\n"
FRAME = "\tat org.apache.kafka.common.network."


def told(text: str) -> tuple[str, Owner, bool]:
    found = diagnose(text)
    return found.error_class.name, found.error_class.owner, found.restart


BROKERS = [
    f"{NODE.replace('9096', '9098')} could not be established. Node may not be available.",
    f"{AT}Bootstrap broker b-1.x:9098 (id: -1 rack: null isFenced: false) disconnected",
    f"{AT}Bootstrap broker b-1.x:9098 disconnected",
    (
        f"{SENT}\nCaused by: org.apache.kafka.clients.producer.BufferExhaustedException: Failed to "
        "allocate 16384 bytes within the configured max blocking time 60000 ms. Total memory: 33554432 bytes."
    ),
    "Failed to allocate 16384 bytes within the configured max blocking time 60000 ms.",
    f"{AT}Failed to flush, timed out while waiting for producer to flush outstanding 1 messages",
    f"{AT}WorkerSourceTask{{id=x-0}} Timed out waiting to flush offsets to storage; will try again",
    "Request timed out. The worker is currently ensuring membership in the cluster, since 2026",
    (
        "java.lang.IllegalStateException: The database schema history couldn't be recovered. Consider to "
        "increase the value for schema.history.internal.kafka.recovery.poll.interval.ms"
    ),
]


@pytest.mark.parametrize("text", BROKERS)
def test_brokers_that_do_not_answer_are_told_as_such_and_healed(text: str) -> None:
    assert told(text) == ("brokers", PLATFORM, True)


@pytest.mark.parametrize(
    "text",
    [
        (
            "worker poll timeout has expired. This means the time between subsequent calls to poll() in "
            "DistributedHerder tick() method was longer than the configured rebalance.timeout.ms."
        ),
        "Request timed out. The worker is currently starting a connector, which began at 2026-06-08",
    ],
)
def test_a_worker_that_was_too_slow_is_no_network(text: str) -> None:
    assert told(text) == ("worker busy", US, True)


@pytest.mark.parametrize(
    ("why", "name"),
    [
        (
            (
                "Authentication failed during authentication due to invalid credentials with SASL mechanism "
                "SCRAM-SHA-512"
            ),
            "broker login",
        ),
        ("SSL handshake failed", "broker TLS"),
        ("Failed to process post-handshake messages", "broker authentication"),
        (
            (
                "Unexpected handshake request with client mechanism PLAIN, enabled mechanisms are "
                "[SCRAM-SHA-512]"
            ),
            "broker authentication",
        ),
        ("[c4c1210b]: Access denied", "cluster rights"),
    ],
)
def test_a_log_line_about_a_refused_client_is_not_healed(why: str, name: str) -> None:
    text = f"{NODE} failed authentication due to: {why}"
    assert told(text) == (name, PLATFORM if name == "cluster rights" else US, False)


def test_a_listener_that_wants_a_clients_certificate_is_another_kind_of_authentication() -> None:
    text = (
        f"{SENT}\nCaused by: {TLS}Failed to process post-handshake messages\n"
        f"Caused by: {HANDSHAKE}Received fatal alert: certificate_required"
    )
    assert told(text) == ("broker authentication", US, False)


@pytest.mark.parametrize(
    "inner",
    [
        "\nCaused by: java.security.cert.CertificateExpiredException: NotAfter: Fri Jan 10 10:00:00 UTC 2025",
        "",
    ],
)
def test_an_expired_certificate_is_said_to_have_expired_and_is_renewed_by_its_owners(inner: str) -> None:
    text = (
        f"{SENT}\nCaused by: {TLS}SSL handshake failed\nCaused by: {HANDSHAKE}PKIX path validation failed: "
        f"{NOT_VALID}\nCaused by: {NOT_VALID}{inner}"
    )
    assert told(text) == ("broker certificate", PLATFORM, False)
    found = diagnose(text)
    assert "has expired" in found.error_class.meaning
    assert "renew the certificate" in found.error_class.next_step
    assert not inner or found.cause.startswith("CertificateExpiredException: NotAfter: Fri Jan 10")


def test_an_expired_certificate_of_the_databases_is_the_databases() -> None:
    text = (
        f"java.sql.SQLRecoverableException: IO Error\nCaused by: oracle.net.ns.NetException: x\n"
        f"Caused by: {NOT_VALID}\nCaused by: java.security.cert.CertificateExpiredException: NotAfter: x"
    )
    assert told(text) == ("database protocol", DATABASE, False)


def test_an_empty_trust_store_is_ours() -> None:
    text = (
        f"{TLS}SSL handshake failed\nCaused by: javax.net.ssl.SSLException: Unexpected error\nCaused by: "
        "java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty"
    )
    assert told(text) == ("broker TLS", US, False)


@pytest.mark.parametrize(
    ("frames", "name"),
    [
        ("NetworkReceive.readFrom(N.java:1)", "broker authentication"),
        ("PlaintextTransportLayer.read(P.java:1)", "broker authentication"),
        ("SslTransportLayer.startHandshake(S.java:1)", "memory"),
        (f"SslTransportLayer.read(S.java:1)\n{FRAME}NetworkReceive.readFrom(N.java:1)", "memory"),
        ("Selector.poll(S.java:1)", "memory"),
    ],
)
def test_out_of_memory_is_a_wrong_listener_only_where_a_client_without_tls_reads(
    frames: str, name: str
) -> None:
    assert told(f"{HEAP}{FRAME}{frames}") == (name, US, name == "memory")


@pytest.mark.parametrize(
    "text",
    [
        f"{PARSING}Parsing failed for SQL: 'update x'\nCaused by: {PARSING}Expected 'IS' at index 1: update",
        f"{DEBEZIUM}Failed\nCaused by: {PARSING}Failed to parse operator at index 12: update x",
        f"{PARSING}XML write operation does not start with XML_REDO preamble",
    ],
)
def test_a_change_of_a_row_that_cannot_be_parsed_is_no_ddl(text: str) -> None:
    assert told(text) == ("DML", US, False)


@pytest.mark.parametrize(
    ("numbers", "expected", "step"),
    [
        ((17868, 12262, 12545), ("database host", NETWORK, True), "check the host in the secret dbInfo"),
        (
            (12529, 12506),
            ("listener rules", DATABASE, False),
            "ask the DBA to let the worker's addresses pass",
        ),
        ((16331, 65020, 65054, 1154, 1155), ("database starting", DATABASE, True), "wait"),
        ((25407, 25409), ("session ended", DATABASE, True), "ask the DBA"),
        ((4033,), ("database memory", DATABASE, True), "memory"),
        ((1659, 1683, 1692, 15041, 17502, 19804), ("database full", DATABASE, True), "space"),
        ((15001, 19505), ("corrupt data", DATABASE, False), "repair or restore"),
        ((28547, 28865), ("unreachable", NETWORK, True), "check that the database runs"),
        ((28273, 28043, 12672), ("login", DATABASE, False), "fix user and password"),
        ((20000, 20001, 20999), ("database trigger", DATABASE, False), "ask the DBA which trigger"),
    ],
)
def test_a_number_has_class_owner_restart_and_step(
    numbers: tuple[int, ...], expected: tuple[str, Owner, bool], step: str
) -> None:
    for number in numbers:
        text = f"java.sql.SQLException: ORA-{number:05d}: words\nORA-06512: at line 4"
        assert told(text) == expected
        assert step in diagnose(text).error_class.next_step
        assert diagnose(text).cause == f"ORA-{number:05d}: words"


def test_a_full_disk_group_is_the_servers_word_not_the_drivers() -> None:
    found = diagnose(
        "java.sql.SQLException: ORA-17502: ksfdcre:4 Failed to create file +FRA\n"
        'ORA-15041: diskgroup "FRA" space exhausted'
    )
    assert (found.error_class.name, found.speaker.value) == ("database full", "database")
    assert found.cause.startswith("ORA-15041")
    assert diagnose("java.sql.SQLException: ORA-17502: words").speaker.value == "database"


def test_what_a_logon_trigger_raises_is_told_with_its_words() -> None:
    found = diagnose(
        "java.sql.SQLException: ORA-04088: error during execution of trigger 'SYS.LOGON'\n"
        "ORA-00604: error occurred at recursive SQL level 1\n"
        "ORA-20001: You are not allowed to login from this host\nORA-06512: at line 5"
    )
    assert (found.error_class.name, found.restart) == ("database trigger", False)
    assert found.cause == "ORA-20001: You are not allowed to login from this host"


def test_an_error_that_a_package_caught_tells_more_than_what_it_raised() -> None:
    found = diagnose("java.sql.SQLException: ORA-20001: it failed: ORA-01555: snapshot too old")
    assert found.error_class.name == "snapshot too old"


@pytest.mark.parametrize(
    "words",
    [
        (
            "The ciphertext refers to a customer master key that does not exist, does not exist in this "
            "region, or you are not allowed to access."
        ),
        "Access to KMS is not allowed",
    ],
)
def test_a_key_that_may_not_be_used_is_a_missing_right(words: str) -> None:
    text = f"software.amazon.awssdk.services.kms.model.KmsException: {words}"
    assert told(text) == ("AWS rights", PLATFORM, False)


@pytest.mark.parametrize(
    "text",
    [
        (
            "org.apache.kafka.common.KafkaException: Failed to configure SaslClientAuthenticator\nCaused by: "
            "org.apache.kafka.common.errors.SaslAuthenticationException: Failed to create SaslClient with "
            "mechanism AWS_MSK_IAM"
        ),
        (
            "org.apache.kafka.common.errors.SaslAuthenticationException: An error: (java.security."
            "PrivilegedActionException: javax.security.sasl.SaslException: Exception while evaluating "
            "challenge [Caused by javax.security.auth.callback.UnsupportedCallbackException: Unrecognized "
            "SASL ClientCallback]) occurred when evaluating SASL token received from the Kafka Broker."
        ),
    ],
)
def test_a_client_without_iams_library_is_no_wrong_password(text: str) -> None:
    assert told(text) == ("IAM client", US, False)
    assert "password" not in diagnose(text).error_class.next_step
