"""The entry point: validates first, never raises, logs one JSON object a line without a secret."""

import json
from collections.abc import Mapping

import pytest

from connector.domain.admin_api import Answer, Operation, Request, State, request
from connector.domain.capture.settings import _RANGES
from connector.domain.errors import OperatorError
from connector.domain.secrets.redacted import Redacted
from lambda_src.connect_admin import handler as entry
from lambda_src.connect_admin import operations
from lambda_src.connect_admin.registration.validate import SPARE_SECONDS
from lambda_src.runtime.environment import OPTIONAL, REQUIRED
from lambda_src.session import Session
from tests.lambda_src.conftest import VARIABLES
from tests.support.fake_lambda_aws import FakeContext

CONTEXT = FakeContext("wms-connector-main-connect-admin", account="123456789012")


def call(monkeypatch: pytest.MonkeyPatch, event: object, variables: Mapping[str, str] = VARIABLES) -> Answer:
    for name in (*REQUIRED, *OPTIONAL):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Answer.from_payload(json.loads(json.dumps(entry.handler(event, CONTEXT))))


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL])
def test_an_empty_variable_is_invalid_and_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    answer = call(monkeypatch, request(Operation.READY), {**VARIABLES, name: ""})
    assert answer.state is State.FAILED
    assert name in answer.summary


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    answer = call(monkeypatch, request(Operation.READY), {k: v for k, v in VARIABLES.items() if k != name})
    assert answer.state is State.FAILED
    assert name in answer.summary


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "Main"),
        ("KAFKA_AUTH", "kerberos"),
        ("CONNECTOR_SETTINGS", "{"),
        ("CONNECTOR_SETTINGS", '{"heartbeat": 1}'),
        ("CONNECTOR_SETTINGS", "[]"),
    ],
)
def test_a_malformed_variable_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    answer = call(monkeypatch, request(Operation.READY), {**VARIABLES, name: value})
    assert answer.state is State.FAILED
    assert "\n" not in answer.summary
    assert "nobody foresaw" not in answer.summary


@pytest.mark.parametrize("event", [None, [], "ready", {}, {"operation": "drop"}, {"operation": 7}])
def test_an_unknown_request_is_answered_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, event: object
) -> None:
    answer = call(monkeypatch, event)
    assert answer.state is State.FAILED
    assert (
        "known: cluster, changes, try, connect-group, ready, topics, validate, register, verify, record"
        in answer.summary
    )


def test_the_account_is_the_functions_own_and_the_deadline_is_below_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Session] = []

    def answer(operation: Operation, session: Session) -> Answer:
        seen.append(session)
        return Answer(State.DONE, operation.value)

    monkeypatch.setattr(operations, "answer", answer)
    assert call(monkeypatch, request(Operation.VALIDATE)).summary == "validate"
    assert seen[0].account == "123456789012"
    assert seen[0].deadline.left < 56


def test_an_unforeseen_error_is_logged_with_its_traceback_and_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Operation, session: Session) -> Answer:
        session.redactor.add(Redacted("hunter2"))
        raise KeyError("hunter2")

    monkeypatch.setattr(operations, "answer", fail)
    answer = call(monkeypatch, request(Operation.READY))
    assert answer.state is State.FAILED
    assert "KeyError" in answer.summary
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["level"] for line in lines} == {"ERROR"}
    assert "KeyError: '***'" in lines[0]["traceback"]
    assert "hunter2" not in str(lines) + answer.summary
    assert {line["request"] for line in lines} == {"request-1"}


def test_waiting_is_no_error_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operations, "answer", lambda *_: Answer(State.WAITING, "not yet"))
    call(monkeypatch, request(Operation.READY))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "level": "INFO",
        "message": "not yet",
        "stage": "main",
        "request": "request-1",
        "operation": "ready",
        "state": "waiting",
    }


def test_the_longest_validation_that_can_be_set_is_answered_within_the_functions_limit() -> None:
    longest = max(high for name, _, high in _RANGES if name == "validation_timeout_seconds")
    for operation in (Operation.VALIDATE, Operation.REGISTER):
        assert longest + SPARE_SECONDS < operations.ROWS[operation].seconds


def test_tables_that_are_no_list_of_texts_are_refused() -> None:
    assert Request.from_payload(Request(Operation.SNAPSHOT, tables=("a.b",)).to_payload()).tables == ("a.b",)
    for tables in ("a.b", [1], {"a.b": 1}, None):
        with pytest.raises(OperatorError, match="tables"):
            Request.from_payload({"operation": "snapshot", "tables": tables})


def test_a_desired_count_that_is_none_is_refused() -> None:
    for count in (0, -1, 11, 10**9, True, "2", 1.5):
        with pytest.raises(OperatorError, match="desired_count .* is not a whole number from 1 to 10"):
            Request.from_payload({"operation": "ready", "desired_count": count})
