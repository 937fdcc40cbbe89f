"""A refusal of the brokers is told with the right that is missing, as `broker-script` prints it."""

import pytest

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.stage.stage import Stage

ERRORS = "org.apache.kafka.common.errors."
TOPIC = f"{ERRORS}TopicAuthorizationException: Not authorized to access topics: [wms.signal]"
SENT = "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback"
FUTURE = "\tat org.apache.kafka.clients.producer.internals.FutureRecordMetadata.valueOrError(X.java:97)"
HISTORY = "\tat io.debezium.storage.kafka.history.KafkaSchemaHistory.recoverRecords(X.java:301)"
#: As a task failed whose user may not read the schema history (Debezium 3.6.1, Connect 4.3.1).
CHANGES = (
    "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.\n"
    "\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)"
)
FATAL = "[Producer clientId=p, transactionalId=connect-cluster-g] Transiting to fatal error state due to"
JOIN = (
    "2026-11-30T13:18:52.824Z ERROR [Consumer clientId=c-6, groupId=wms-signal] JoinGroup failed due to "
    "fatal error: Group authorization failed."
)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (f"{SENT}\nCaused by: {TOPIC}", "topic wms.signal: Write"),
        (f"java.util.concurrent.ExecutionException: {TOPIC}\n{FUTURE}", "topic wms.signal: Write"),
        (f"java.lang.RuntimeException: x\n{HISTORY}\nCaused by: {TOPIC}", "topic wms.signal: Read"),
        (f"{CHANGES}\nCaused by: {TOPIC}", "topic wms.signal: Read"),
        (TOPIC, "topic wms.signal: Read, Write"),
        (
            f"{ERRORS}GroupAuthorizationException: Not authorized to access group: wms-signal",
            "group wms-signal: Read",
        ),
        (JOIN, "group wms-signal: Read"),
        (
            f"{ERRORS}TransactionalIdAuthorizationException: Transactional Id authorization failed.",
            "transactional id: Write",
        ),
        (
            f"{FATAL} {ERRORS}TransactionalIdAuthorizationException: Transactional Id authorization failed.",
            "transactional id connect-cluster-g: Write",
        ),
    ],
)
def test_the_right_is_named(text: str, right: str):
    found = diagnose(text)
    assert found.error_class.name == "cluster rights"
    assert found.cause.startswith(f"missing right: {right} (")


def test_several_topics_are_named_each():
    text = TOPIC.replace("[wms.signal]", "[wms.a, wms.b]")
    assert "topic wms.a: Read, Write; topic wms.b: Read, Write (" in diagnose(text).cause


def test_the_longest_name_leaves_the_right_readable():
    name = "x" * 249
    assert (
        f"topic {name}: Write (" in diagnose(f"{SENT}\nCaused by: {TOPIC.replace('wms.signal', name)}").cause
    )


def test_a_refusal_that_names_nothing_is_left_as_it_is():
    assert (
        diagnose(f"{ERRORS}TopicAuthorizationException: Authorization failed.").cause
        == "Authorization failed."
    )


def test_an_id_that_the_client_does_not_name_is_one_of_the_stage_s():
    cause = diagnose(
        f"{ERRORS}TransactionalIdAuthorizationException: Transactional Id authorization failed."
    ).cause
    group = "mgmt.connect.wms-connector-main"
    assert with_names(cause, Stage("main")).startswith(
        f"missing right: transactional id connect-cluster-{group}: Write "
        f"or transactional id {group}-wms-oracle-cdc-0: Write "
        f"or transactional id {group}-wms-reconciler-0: Write ("
    )
    assert with_names("nothing of this", Stage("main")) == "nothing of this"


def test_an_id_that_the_leader_s_client_names_is_told():
    """Admin.fenceProducers, by which the leader ends an earlier task's transactions."""
    text = (
        f"{ERRORS}TransactionalIdAuthorizationException: InitProducerId request for transactionalId "
        "`g-wms-oracle-cdc-0` failed due to an authorization failure"
    )
    assert diagnose(text).cause.startswith("missing right: transactional id g-wms-oracle-cdc-0: Write (")
