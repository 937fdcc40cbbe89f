"""The table of error classes, on texts as Debezium 3.6, Connect 4.3 and Oracle's driver write them."""

import pytest

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.error_class import ErrorClass, Owner
from connector.domain.health.error_classes import OBSERVED, classify, named
from connector.domain.stage.stage import Stage

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
    ("java.net.SocketTimeoutException: Read timed out", ("unreachable", True, Owner.NETWORK)),
    ("192.0.2.1:1521: no connection within 3 s", ("unreachable", True, Owner.NETWORK)),
    (f"{CONNECT}java.lang.OutOfMemoryError: Java heap space", ("memory", True, Owner.US)),
    (f"{DEBEZIUM}Failed to resolve Oracle database version{FRAME}", ("no-session", False, Owner.DATABASE)),
    (f"{CONNECT}something new{FRAME}", ("unknown", True, Owner.US)),
    ("", ("unknown", True, Owner.US)),
]


@pytest.mark.parametrize(("trace", "expected"), TRACES, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_a_trace_has_its_class_whether_to_retry_and_an_owner(
    trace: str, expected: tuple[str, bool, Owner | None]
) -> None:
    found = classify(trace)
    name, retry, owner = expected
    assert (found.name, found.retry) == (name, retry)
    assert owner is None or found.owner is owner


def test_every_class_is_shown_by_a_text() -> None:
    assert {classify(trace).name for trace, _ in TRACES} == {c.name for c in (*ERROR_CLASSES, UNKNOWN)}


@pytest.mark.parametrize("code", ["ORA-01017", "ORA-28000", "ORA-28001"])
def test_a_refused_login_is_never_retried_whatever_stands_around_it(code: str) -> None:
    for other in ("Connection refused", "OutOfMemoryError", "UnknownTopicOrPartitionException", "timed out"):
        assert not classify(f"x.Y: {other}\nCaused by: java.sql.SQLException: {code}: x\nORA-03113: y").retry


def test_where_a_program_was_says_nothing_about_what_went_wrong() -> None:
    trace = "x.Y: odd\n\tat org.apache.kafka.common.errors.TimeoutException.<init>(T.java:1)\n\t... 5 more"
    assert classify(trace) is UNKNOWN


@pytest.mark.parametrize("found", [*ERROR_CLASSES, UNKNOWN, *OBSERVED], ids=lambda c: c.name)
def test_every_class_reports_what_to_type_next(found: object) -> None:
    assert isinstance(found, type(UNKNOWN))
    for stage in ("main", "feature-x"):
        command = found.command_for(Stage.parse(stage))
        assert stage in command
        assert "{" not in command
        assert command.split()[0] in ("sceptre", "wms-connector", "aws")
    if command.startswith("sceptre"):
        assert " ephemeral/feature-x " in command
    assert not found.meaning.endswith(".")
    assert not found.next_step.endswith(".")
    assert named(found.name) is found


@pytest.mark.parametrize("found", ERROR_CLASSES, ids=lambda c: c.name)
def test_a_step_that_reads_the_workers_log_has_its_command(found: ErrorClass) -> None:
    """A config on the screen does not help whoever is to find a statement in the log."""
    if found.name in ("DDL", "schema history") or "worker's log has" in found.next_step:
        assert found.command == "aws logs tail {logs} --since 1h"
