"""The clients at the edge: what they send, and what their failures read like."""

import logging
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from connector.domain.capture.acls import Acl, Resource
from connector.domain.errors import DeadlineExceeded, SecretError, ServerError
from connector.domain.secrets.brokers import KafkaAuth, parse_brokers
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.redactor import Redactor
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.aws_names import Names
from connector.local.broker_tls import Authority
from lambda_src.clients import kafka_admin
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.ecs import observe, parse_service
from lambda_src.clients.kafka_admin import Kafka
from lambda_src.clients.kafka_port import client_settings
from lambda_src.clients.kafka_refusals import operations_of, refusal, translated
from lambda_src.clients.secrets import SecretReader
from lambda_src.runtime.deadline import Deadline
from tests.support.fake_lambda_aws import FakeEcs, FakeSecrets, client_error

BROKERS = parse_brokers(
    StoredSecret("wms/main/brokerString", "arn", "v", Redacted("127.0.0.1:9,127.0.0.1:9"))
)


def test_brokers_that_refuse_are_reported_without_their_address_and_no_thread_stays() -> None:
    redactor = Redactor()
    redactor.add_brokers(BROKERS)
    settings = client_settings(BROKERS, KafkaAuth.PLAINTEXT, None)
    before = threading.active_count()
    with pytest.raises(ServerError) as caught:
        Kafka(settings, Deadline.within(0.6), redactor.redact)
    assert str(caught.value) == "the brokers do not answer (a connection): connection refused"
    assert caught.value.retriable
    assert threading.active_count() == before


def test_the_attempt_that_the_time_limit_cuts_off_does_not_hide_why_those_before_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen on a busy machine: the last attempt has no time left and is logged as a time-out."""

    def refused_then_cut_off(**_: object) -> None:
        log = logging.getLogger("kafka.net.manager")
        for reason in ("111 ECONNREFUSED", "Connection timed out"):
            log.warning(
                "Bootstrap connection to b-0 failed: KafkaConnectionError: %s (backoff 1 secs)", reason
            )
        raise KafkaTimeoutError("Unable to bootstrap")

    monkeypatch.setattr(kafka_admin, "KafkaAdminClient", refused_then_cut_off)
    settings = client_settings(BROKERS, KafkaAuth.PLAINTEXT, None)
    with pytest.raises(ServerError, match="connection refused$"):
        Kafka(settings, Deadline.within(5), str)


def test_each_way_of_authenticating_has_its_client_settings() -> None:
    credentials = (Redacted("user"), Redacted("pass"))
    plain, tls, scram, iam = (
        client_settings(BROKERS, KafkaAuth(auth), credentials)
        for auth in ("plaintext", "tls", "scram", "iam")
    )
    assert (plain["security_protocol"], "ssl_context" in plain) == ("PLAINTEXT", False)
    assert (tls["security_protocol"], tls["ssl_context"].check_hostname) == ("SSL", True)
    assert (scram["security_protocol"], scram["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (scram["sasl_plain_username"], scram["sasl_plain_password"]) == ("user", "pass")
    assert (iam["security_protocol"], iam["sasl_mechanism"]) == ("SASL_SSL", "AWS_MSK_IAM")
    assert "sasl_plain_password" not in {**plain, **tls, **iam}


def test_a_private_authority_is_trusted_alone_as_by_the_worker_and_rubbish_is_said_to_be_rubbish(
    tmp_path: Path,
) -> None:
    """A wrong one must not pass a try by the public ones: every new worker would fail with it."""
    authority = Authority(tmp_path).make()
    context = client_settings(BROKERS, KafkaAuth.TLS, None, authority)["ssl_context"]
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(authority)]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(client_settings(BROKERS, KafkaAuth.TLS, None)["ssl_context"].get_ca_certs()) > 1
    with pytest.raises(ServerError, match="kafkaTls cannot be read"):
        client_settings(BROKERS, KafkaAuth.SCRAM, None, authority.replace("MII", "AAA"))


def test_with_iam_the_client_connects_no_more_often_than_msk_accepts() -> None:
    """Its waits stay so short that a deadline has room for several attempts."""
    iam = client_settings(BROKERS, KafkaAuth.IAM, None)
    assert 1000 <= iam["reconnect_backoff_ms"] <= iam["reconnect_backoff_max_ms"] <= 5000
    assert "reconnect_backoff_ms" not in client_settings(BROKERS, KafkaAuth.TLS, None)


def test_a_deadline_that_has_passed_starts_no_call() -> None:
    with pytest.raises(DeadlineExceeded, match="the time limit was reached before the answer"):
        Deadline.within(-1).timeout("the answer", at_most=5)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (client_error("AccessDeniedException", "no"), "wms/main/dbInfo may not be read"),
        (
            client_error("InvalidRequestException", "because it was marked for deletion."),
            "wms/main/dbInfo is marked for deletion",
        ),
        (client_error("InvalidParameterException", "x"), "wms/main/dbInfo cannot be read: InvalidParameter"),
    ],
)
def test_a_secret_that_cannot_be_read_is_an_error_that_names_it(error: ClientError, words: str) -> None:
    with pytest.raises(SecretError, match=words):
        SecretReader(FakeSecrets({"wms/main/dbInfo": error})).fetch("wms/main/dbInfo")


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_secret_store_that_is_busy_is_no_error_of_the_secret(code: str) -> None:
    with pytest.raises(ServerError, match=f"reading secret wms/main/dbInfo: {code}") as caught:
        SecretReader(FakeSecrets({"wms/main/dbInfo": client_error(code, "x")})).fetch("wms/main/dbInfo")
    assert caught.value.retriable


def test_a_secret_is_fetched_once_even_if_it_does_not_exist() -> None:
    client = FakeSecrets({"a": "1"})
    reader = SecretReader(client)
    assert [reader.fetch(path) is None for path in ("a", "b", "a", "b")] == [False, True, False, True]
    assert client.reads == ["a", "b"]
    assert reader.versions == {"a": "v1-a"}


def test_throttling_passes_and_a_refusal_does_not() -> None:
    for code, retriable in (("ThrottlingException", True), ("AccessDeniedException", False)):
        with (
            pytest.raises(ServerError, match=f"AWS refused the call: {code}") as caught,
            aws_errors("the call"),
        ):
            raise client_error(code, "words")
        assert caught.value.retriable is retriable


def test_an_endpoint_that_cannot_be_reached_names_the_call_and_the_likely_cause() -> None:
    with (
        pytest.raises(ServerError, match="for ecs:ListTasks .*NAT gateway or a VPC endpoint"),
        aws_errors("ecs:ListTasks"),
    ):
        raise EndpointConnectionError(endpoint_url="https://ecs.example")


def test_the_last_stop_is_that_of_the_task_that_stopped_last() -> None:
    ecs = FakeEcs(Names("main"))
    for number, reason in enumerate(("first", "last", "middle")):
        task = ecs.start("127.0.0.9")
        ecs.stop(task, reason, number)
        task["stoppedAt"] = datetime(2026, 1, [1, 3, 2][number], tzinfo=UTC)
    service = observe(ecs, "wms-connector-main", "wms-connector-main")
    assert service is not None
    assert service.last_stop == "last; exit code 1"


def test_why_no_task_starts_is_read_from_ecss_stop_code_and_the_services_messages() -> None:
    ecs = FakeEcs(Names("main"))
    task = ecs.start("127.0.0.9")
    ecs.stop(task, "Task failed to start", 0)
    task["stopCode"] = "TaskFailedToStart"
    task["containers"] = [{"reason": "CannotPullContainerError: pull access denied"}]
    service = observe(ecs, "wms-connector-main", "wms-connector-main")
    assert service is not None
    assert service.start_error is not None
    assert service.start_error[0].name == "worker-image"
    message = "(service x) was unable to place a task. Reason: Capacity is unavailable at this time."
    placed = parse_service({"desiredCount": 1, "events": [{"message": message}]}, (), ())
    assert placed.start_error is not None
    assert (placed.start_error[0].name, placed.start_error[1]) == ("worker-capacity", message)


@pytest.mark.parametrize(
    ("names", "operations"),
    [
        (["READ", "DESCRIBE_CONFIGS"], {"Read", "DescribeConfigs"}),
        (["IDEMPOTENT_WRITE", "ALTER"], {"IdempotentWrite", "Alter"}),
        ([], set()),
    ],
)
def test_rights_are_named_as_the_script_for_the_brokers_does(names: list[str], operations: set[str]) -> None:
    assert operations_of(names) == operations


def test_a_refusal_for_want_of_a_right_names_it_and_another_does_not() -> None:
    right = Acl(Resource.TOPIC, "wms.signal", ("Create",))
    said = str(refusal("creating topic wms.signal", 29, "Authorization failed.", right))
    assert said.endswith(": Authorization failed.; missing right: topic wms.signal: Create")
    assert "missing right" not in str(refusal("creating topic wms.signal", 17, "no name", right))
    failed = translated("adding partitions", TopicAuthorizationFailedError(), "words", [right])
    assert str(failed).endswith(": words; missing right: topic wms.signal: Create")
    assert "missing right" not in str(translated("x", KafkaTimeoutError(), "late", [right]))
