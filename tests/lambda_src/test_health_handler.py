"""The health check's entry point: parse, call, publish."""

import json
from typing import Any

import boto3
import pytest

from lambda_src.connect_health import handler as entry
from lambda_src.connect_health.verdict import Finding, Verdict

ENVIRONMENT = {
    "STAGE": "main",
    "SECRET_PREFIX": "wms",
    "TABLE_NAME": "wms-connector-main-state",
    "CLUSTER_NAME": "wms-connector-main",
    "SERVICE_NAME": "wms-connector-main",
    "KAFKA_AUTH": "tls",
    "CONNECTOR_SETTINGS": "{}",
}


class Context:
    aws_request_id = "r-1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 55_000


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A handler whose parts are given: it judges nothing itself."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    found: list[Any] = []
    monkeypatch.setattr(entry, "observe", lambda _session: "seen")
    monkeypatch.setattr(boto3, "client", lambda name, **_: name)
    monkeypatch.setattr(entry, "publish", lambda *arguments: found.append(arguments))
    monkeypatch.setattr(entry, "decide", lambda _seen, _settings: Verdict({"HealthCheckFailed": 0}))
    return found


def test_a_check_publishes_into_the_stages_namespace_and_tells_its_verdict(
    published: list[Any], capsys: pytest.CaptureFixture[str]
):
    assert entry.handler({}, Context()) == {"summary": "healthy", "metrics": {"HealthCheckFailed": 0}}
    assert published == [("cloudwatch", "wms-connector-main/Health", {"HealthCheckFailed": 0})]
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"], line["stage"]) == ("INFO", "healthy", "main")


def test_a_finding_is_an_error_in_the_log_because_a_person_must_act(
    published: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    finding = Finding("DbTcpUnreachable", "192.0.2.1:1521: connection refused")
    monkeypatch.setattr(entry, "decide", lambda *_: Verdict({"DbTcpUnreachable": 1}, (finding,)))
    entry.handler({}, Context())
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "ERROR"
    assert line["message"] == "DbTcpUnreachable: 192.0.2.1:1521: connection refused"


def test_what_nobody_foresaw_counts_as_an_error_of_the_function_without_its_words(
    published: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Lambda logs the text of an exception as it is, so it must not be the cause's."""

    def fail(_session: object) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr(entry, "observe", fail)
    with pytest.raises(entry.HealthCheckError, match="request r-1") as caught:
        entry.handler({}, Context())
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert published == []
    assert "the health check failed" in capsys.readouterr().out


def test_an_environment_that_lacks_something_is_refused(
    published: list[Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(entry.HealthCheckError):
        entry.handler({}, Context())
