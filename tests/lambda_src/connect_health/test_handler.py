"""The health check's entry point: parse, call, publish."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_src.connect_health import handler as entry
from lambda_src.connect_health import runs
from lambda_src.connect_health.check import CheckAnswer
from tests.lambda_src.conftest import VARIABLES
from tests.support.fake_lambda_aws import FakeContext

CONTEXT = FakeContext("wms-connector-main-connect-health", "123456789012", seconds=55.0)
WELL = CheckAnswer(
    "healthy", {"HealthCheckFailed": 0}, wrong=False, facts={"done": "", "notified": "nothing"}
)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A handler whose check is given: it judges nothing itself."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    found: list[Any] = []

    def check(session: Any, clients: Any, topic: str) -> CheckAnswer:
        found.append((session.environment.stage.name, session.account, clients.aws, topic))
        return WELL

    monkeypatch.setattr(runs, "CheckClients", SimpleNamespace(real=lambda: SimpleNamespace(aws="clients")))
    monkeypatch.setattr(runs, "check_run", check)
    return found


def test_a_check_is_made_for_the_functions_stage_and_its_topic_and_reports_its_verdict(
    checked: list[Any], capsys: pytest.CaptureFixture[str]
):
    answer = entry.handler({}, CONTEXT)
    assert (answer["summary"], answer["metrics"]) == ("healthy", {"HealthCheckFailed": 0})
    assert answer["seconds"] < 1
    topic = "arn:aws:sns:us-east-1:123456789012:Alerts-wms-alerts-main"
    assert checked == [("main", "123456789012", "clients", topic)]
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"], line["stage"]) == ("INFO", "healthy", "main")


def test_a_finding_is_an_error_in_the_log_because_a_person_must_act(
    checked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    wrong = CheckAnswer("DbTcpUnreachable: refused", {"DbTcpUnreachable": 1}, wrong=True, facts={})
    monkeypatch.setattr(runs, "check_run", lambda *_: wrong)
    entry.handler({}, CONTEXT)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"]) == ("ERROR", "DbTcpUnreachable: refused")


def test_an_unexpected_error_counts_as_an_error_of_the_function_without_its_message(
    checked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Lambda logs the text of an exception as it is, so it must not be the cause's."""

    def fail(*_: object) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr(runs, "check_run", fail)
    with pytest.raises(entry.HealthCheckError, match="request request-1") as caught:
        entry.handler({}, CONTEXT)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "the health check failed" in capsys.readouterr().out


def test_an_environment_that_lacks_something_is_refused(checked: list[Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(entry.HealthCheckError):
        entry.handler({}, CONTEXT)
