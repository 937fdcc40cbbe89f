"""Texts as Debezium 3.6, Connect 4.3 and Oracle's driver write them: class, restart, owner."""

import pytest

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import Owner
from connector.domain.diagnosis.oracle_codes import by_code

REST = "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException: "
CONNECT = "org.apache.kafka.connect.errors.ConnectException: "
DEBEZIUM = "io.debezium.DebeziumException: "
FRAME = "\n\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)"

#: Trace, class, whether it is retried, who fixes it.
TRACES = [
    (
        (
            f"{DEBEZIUM}Failed to resolve Oracle database version{FRAME}\nCaused by: java.sql.SQLException: "
            "ORA-01017: invalid username/password; logon denied"
        ),
        ("login", False, Owner.DATABASE),
    ),
    ("java.sql.SQLException: ORA-28000: The account is locked.", ("login", False, Owner.DATABASE)),
    ("java.sql.SQLException: ORA-28001: the password has expired", ("login", False, Owner.DATABASE)),
    (
        (
            f"{CONNECT}Error while processing event{FRAME}\nCaused by: java.sql.SQLRecoverableException: "
            "ORA-01017: invalid credential or not authorized; logon denied\n"
            "https://docs.oracle.com/error-help/db/ora-01017/"
        ),
        ("login", False, Owner.DATABASE),
    ),
    (
        (
            f"{DEBEZIUM}Online REDO LOG files or archive log files do not contain the "
            f"offset scn 2868.  Please "
            f"perform a new snapshot.{FRAME}"
        ),
        ("log missing", False, Owner.DATABASE),
    ),
    (
        "ORA-00308: cannot open archived log '/a/1_2.dbf'\nORA-27037: unable to obtain file status",
        ("log missing", False, Owner.DATABASE),
    ),
    (
        (
            f"{CONNECT}The connector is trying to read change stream starting at Offset [scn=1], but this is "
            "no longer available on the server. Reconfigure the connector to use a snapshot mode when needed."
        ),
        ("log missing", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}The archive log containing offset SCN: 12 has been deleted. A re-snapshot is required.",
        ("log missing", False, Owner.DATABASE),
    ),
    (
        (
            "Caused by: Error : 1555, Position : 0, SQL = SELECT x, Error Msg = ORA-01555: snapshot too old: "
            "rollback segment number 5"
        ),
        ("snapshot too old", False, Owner.DATABASE),
    ),
    (
        (
            "io.debezium.text.ParsingException: DDL statement couldn't be parsed. Please "
            "open a GitHub issue at "
            "https://github.com/debezium/dbz/issues with the statement 'ALTER TABLE X ..'\nmismatched input"
        ),
        ("DDL", False, Owner.US),
    ),
    (
        (
            f"{DEBEZIUM}The db history topic or its content is fully or partially missing. "
            f"Please check database "
            "schema history topic configuration and re-execute the snapshot."
        ),
        ("schema history", False, Owner.US),
    ),
    (
        (
            "java.lang.IllegalStateException: The db history topic is missing. You may "
            "attempt to recover it by "
            "reconfiguring the connector to recovery."
        ),
        ("schema history", False, Owner.US),
    ),
    (
        (
            f"{CONNECT}The task wms-oracle-cdc-0 was unable to finish writing records to Kafka before its "
            f"producer transaction expired. Options include raising the timeout.{FRAME}\nCaused by: "
            "org.apache.kafka.common.errors.InvalidProducerEpochException: Producer attempted to produce "
            "with an old epoch."
        ),
        ("fenced", True, Owner.US),
    ),
    *(
        (trace, ("fenced", True, Owner.US))
        for trace in (
            # DistributedHerder of Connect 4.3.1: a task fences its predecessor before it starts.
            (
                f"{CONNECT}Failed to perform zombie fencing{FRAME}\nCaused by: java.net.ConnectException: "
                "Connection refused"
            ),
            f"{CONNECT}Interrupted while attempting to perform round of zombie fencing",
            f"{CONNECT}Fencing failed because new task configurations were generated for the connector",
            (
                "org.apache.kafka.connect.runtime.distributed.NotLeaderException: Only the leader may "
                "perform zombie fencing."
            ),
            # The leader has just ended, or changes: RestClient's exception, and who called it.
            (
                "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException: IO Error trying to "
                "forward REST request: java.net.ConnectException: Connection refused\n"
                "\tat org.apache.kafka.connect.runtime.rest.RestClient.httpRequest(RestClient.java:128)\n"
                "\tat org.apache.kafka.connect.runtime.distributed.DistributedHerder"
                ".lambda$fenceZombieSourceTasks$33(DistributedHerder.java:1320)"
            ),
            (
                "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException: Cannot complete "
                "request because of a conflicting operation (e.g. worker rebalance)\n"
                "\tat org.apache.kafka.connect.runtime.distributed.DistributedHerder.fenceZombieSourceTasks"
                "(DistributedHerder.java:1300)"
            ),
            (
                f"{CONNECT}Task aborted\nCaused by: org.apache.kafka.common.errors.ProducerFencedException: "
                "There is a newer producer with the same transactionalId which fences the current one."
            ),
            "java.util.concurrent.ExecutionException: INVALID_PRODUCER_EPOCH",
        )
    ),
    (
        (
            f"{CONNECT}Unrecoverable exception from producer send callback\nCaused by: "
            "org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server does not host this "
            "topic-partition."
        ),
        ("unknown topic", True, Owner.PLATFORM),
    ),
    (
        (
            f"{CONNECT}Unrecoverable exception from producer send callback{FRAME}\nCaused by: "
            "org.apache.kafka.common.errors.RecordTooLargeException: The request included a message larger "
            "than the max message size the server will accept."
        ),
        ("record too large", False, Owner.US),
    ),
    (
        (
            "Caused by: org.apache.kafka.common.errors.RecordTooLargeException: The message is 17000000 "
            "bytes when serialized which is larger than 16777216, which is the value of the max.request.size "
            "configuration."
        ),
        ("record too large", False, Owner.US),
    ),
    (
        (
            f"{CONNECT}Error while processing event at offset {{scn=1}}{FRAME}\nCaused by: "
            f"{DEBEZIUM}Failed to properly convert data value for 'WMS.PLAN_BASE_WVR_TBL.EFCTV_DT' of type "
            "date: Long overflow"
        ),
        ("unreadable value", False, Owner.US),
    ),
    (
        (
            "org.apache.kafka.common.errors.TimeoutException: Topic wms.WMS.T not present in metadata after "
            "60000 ms."
        ),
        ("unknown topic", True, Owner.PLATFORM),
    ),
    (
        (
            f'{DEBEZIUM}java.lang.NullPointerException: Cannot invoke "io.debezium.relational.Table.'
            f'retrieveColumnNames()" because "table" is null{FRAME}'
        ),
        ("database rights", False, Owner.DATABASE),
    ),
    (
        "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [wms]",
        ("cluster rights", False, Owner.PLATFORM),
    ),
    (
        (
            "org.apache.kafka.common.errors.TransactionalIdAuthorizationException: Transactional Id "
            "authorization failed."
        ),
        ("cluster rights", False, Owner.PLATFORM),
    ),
    (
        (
            "org.apache.kafka.common.errors.TimeoutException: Expiring 1 record(s) for "
            "wms.heartbeat-0:120000 ms "
            "has passed since batch creation"
        ),
        ("brokers", True, Owner.PLATFORM),
    ),
    ("java.sql.SQLException: ORA-00942: table or view does not exist", ("database rights", False, None)),
    ("ORA-01031: insufficient privileges", ("database rights", False, Owner.DATABASE)),
    (
        "java.sql.SQLException: ORA-12514: Cannot connect to database. Service x is not registered",
        ("unknown database", True, Owner.US),
    ),
    (
        "java.sql.SQLRecoverableException: ORA-12541: Cannot connect. No listener at host x port 1521.",
        ("unreachable", True, Owner.NETWORK),
    ),
    ("java.sql.SQLException: ORA-03113: end-of-file on communication channel", ("unreachable", True, None)),
    ("java.net.SocketTimeoutException: Read timed out", ("network", True, Owner.NETWORK)),
    ("192.0.2.1:1521: no connection within 3 s", ("unreachable", True, Owner.NETWORK)),
    (f"{CONNECT}java.lang.OutOfMemoryError: Java heap space", ("memory", True, Owner.US)),
    (f"{DEBEZIUM}Failed to resolve Oracle database version{FRAME}", ("no-session", False, Owner.DATABASE)),
    (
        "ORA-01325: archive log mode must be enabled",
        ("database set-up", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}The Oracle server is not configured to use a archive log LOG_MODE, which is required",
        ("database set-up", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}Failed to locate a local and valid archive destination in Oracle.",
        ("database set-up", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}Archive log destination name 'LOG_ARCHIVE_DEST_9' is unknown to Oracle",
        ("database set-up", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}None of the supplied archive destinations are local and valid: [LOG_ARCHIVE_DEST_2]",
        ("database set-up", False, Owner.DATABASE),
    ),
    (
        f"{DEBEZIUM}Supplemental logging not properly configured. Use: ALTER DATABASE",
        ("database rights", False, Owner.DATABASE),
    ),
    ("ORA-28040: No matching authentication protocol", ("database protocol", False, Owner.DATABASE)),
    (
        "ORA-00310: archived log contains sequence 7; sequence 8 required",
        ("redo switched", True, Owner.DATABASE),
    ),
    (
        "java.sql.SQLException: ORA-01292: no log file has been specified for the current LogMiner session",
        ("LogMiner session", True, Owner.US),
    ),
    (
        f"{DEBEZIUM}Oracle LogMiner is unable to re-construct the SQL for 'UPDATE' event with SCN 12",
        ("unreadable change", False, Owner.DATABASE),
    ),
    ("ORA-01578: ORACLE data block corrupted (file # 1, block # 2)", ("corrupt data", False, Owner.DATABASE)),
    (
        "ORA-01466: unable to read data - table definition has changed",
        ("table changed", True, Owner.DATABASE),
    ),
    ("ORA-00054: resource busy and acquire with NOWAIT specified", ("lock", True, Owner.DATABASE)),
    (
        "java.sql.SQLTimeoutException: ORA-01013: user requested cancel of current operation",
        ("query timeout", True, Owner.DATABASE),
    ),
    ("ORA-04036: PGA memory used by the instance exceeds", ("database memory", True, Owner.DATABASE)),
    ("ORA-00257: archiver error", ("database full", True, Owner.DATABASE)),
    ("ORA-16000: database open for read-only access", ("standby", False, Owner.DATABASE)),
    ("ORA-01033: ORACLE initialization or shutdown in progress", ("database starting", True, Owner.DATABASE)),
    ("ORA-00020: maximum number of processes (300) exceeded", ("no free session", True, Owner.DATABASE)),
    ("ORA-02396: exceeded maximum idle time, please connect again", ("session ended", True, Owner.DATABASE)),
    ("ORA-00600: internal error code, arguments: [13013]", ("database internal error", True, Owner.DATABASE)),
    ("ORA-20999: an application's own", ("database trigger", False, Owner.DATABASE)),
    *(
        ("Request timed out. The worker is currently starting a connector", ("worker busy", True, Owner.US)),
        ("CertificateExpiredException: NotAfter: x", ("broker certificate", False, Owner.PLATFORM)),
        ("Failed to create SaslClient with mechanism AWS_MSK_IAM", ("IAM client", False, Owner.US)),
    ),
    (
        "org.apache.kafka.common.errors.SaslAuthenticationException: [x]: Too many connects",
        ("brokers throttle", True, Owner.PLATFORM),
    ),
    (
        "org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed: bad user",
        ("broker login", False, Owner.US),
    ),
    (
        "org.apache.kafka.common.errors.UnsupportedSaslMechanismException: Client SASL mechanism not enabled",
        ("broker authentication", False, Owner.US),
    ),
    ("org.apache.kafka.common.errors.SslAuthenticationException: x", ("broker TLS", False, Owner.US)),
    (
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials",
        ("AWS credentials", True, Owner.US),
    ),
    ("java.net.UnknownHostException: sts.us-east-1.amazonaws.com", ("AWS endpoint", True, Owner.PLATFORM)),
    (
        "software.amazon.awssdk.services.sts.model.StsException: User: x is not authorized to perform: sts:A",
        ("AWS rights", False, Owner.PLATFORM),
    ),
    (
        "org.apache.kafka.common.errors.SerializationException: Error deserializing",
        ("record format", False, Owner.US),
    ),
    (
        "io.debezium.connector.oracle.logminer.parser.DmlParserException: DML statement couldn't be parsed.",
        ("DML", False, Owner.US),
    ),
    ("org.apache.kafka.common.config.ConfigException: Invalid value", ("settings", False, Owner.US)),
    (f"{CONNECT}something new{FRAME}", ("unknown", True, Owner.US)),
    ("", ("unknown", True, Owner.US)),
]


@pytest.mark.parametrize(("trace", "expected"), TRACES, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_a_trace_has_its_class_whether_to_retry_and_an_owner(
    trace: str, expected: tuple[str, bool, Owner | None]
) -> None:
    found = diagnose(trace).error_class
    name, retry, owner = expected
    assert (found.name, found.retry) == (name, retry)
    assert owner is None or found.owner is owner


def test_every_class_is_shown_by_a_text() -> None:
    """Or by a number of Oracle's."""
    shown = {diagnose(trace).error_class.name for trace, _ in TRACES}
    shown |= {diagnose(f"ORA-{code:05d}").error_class.name for code in by_code}
    assert shown == {c.name for c in (*ERROR_CLASSES, UNKNOWN)}
