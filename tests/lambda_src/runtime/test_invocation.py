"""Both handlers start with a log that redacts, the environment, the function's account and a deadline."""

import json

import pytest

from connector.domain.errors import OperatorError
from connector.domain.secrets.redacted import Redacted
from lambda_src.runtime.invocation import Invocation
from tests.lambda_src.conftest import VARIABLES
from tests.support.fake_lambda_aws import FakeContext

CONTEXT = FakeContext("wms-connector-main-connect-admin", "123456789012", seconds=30.0)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_the_environment_is_parsed_and_the_account_is_the_functions_own() -> None:
    invocation = Invocation.of(CONTEXT)
    assert invocation.environment.stage.name == "main"
    assert invocation.environment is invocation.environment
    assert (invocation.account, invocation.request_id) == ("123456789012", "request-1")
    assert invocation.function_arn.endswith(":function:wms-connector-main-connect-admin")


def test_an_invocation_without_an_environment_can_still_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name)
    invocation = Invocation.of(CONTEXT)
    with pytest.raises(OperatorError, match="STAGE"):
        _ = invocation.environment
    invocation.log_result("refused", {}, failed=True)
    line = json.loads(capsys.readouterr().out)
    assert line == {"level": "ERROR", "message": "refused", "stage": "", "request": "request-1"}


def test_the_deadline_keeps_time_back_and_is_never_later_than_asked() -> None:
    invocation = Invocation.of(CONTEXT)
    assert 27 < invocation.deadline(spare=2.0).left <= 28
    assert 9 < invocation.deadline(spare=2.0, at_most=10.0).left <= 10
    assert 27 < invocation.deadline(spare=2.0, at_most=60.0).left <= 28


@pytest.mark.parametrize(("failed", "level"), [(True, "ERROR"), (False, "INFO")])
def test_a_result_is_an_error_only_when_a_person_must_act(
    capsys: pytest.CaptureFixture[str], failed: bool, level: str
) -> None:
    Invocation.of(CONTEXT).log_result("done", {"operation": "ready"}, failed=failed)
    assert json.loads(capsys.readouterr().out) == {
        "level": level,
        "message": "done",
        "stage": "main",
        "request": "request-1",
        "operation": "ready",
    }


def test_the_log_redacts_what_becomes_known_during_the_invocation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    invocation = Invocation.of(CONTEXT)
    invocation.redactor.add(Redacted("hunter2"))
    invocation.log_result("it is hunter2", {"operation": "hunter2"}, failed=False)
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["operation"]) == ("it is ***", "***")
