"""No value of a row is in what a registration, `status` or a failed launch says."""

import json
from datetime import UTC, datetime

import pytest

from connector.aws import worker_log
from connector.domain.admin_api import Operation
from connector.domain.capture import validation_errors
from connector.domain.capture.validation_errors import FieldError
from connector.domain.health.observation import ConnectorStatus, TaskStatus
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_admin.registration import verify
from lambda_src.connect_admin.status import status
from tests.lambda_src.conftest import FakeStage

VALUE = "Zq7"
STATEMENT = f'update "WMS"."T" set "A" = \'{VALUE}\' where "ID" = \'{VALUE}\';'
TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: It stopped.\n\tat a.B.c(B.java:1)\nCaused by: "
    "io.debezium.connector.oracle.logminer.parser.DmlParserException: DML statement couldn't be parsed. "
    f"Report the statement '{STATEMENT}'.\n\tat a.B.c(B.java:1)"
)


def test_verify_tells_the_statement_without_its_values() -> None:
    failed = ConnectorStatus("RUNNING", "w", tasks=(TaskStatus(0, "FAILED", "127.0.0.9:8083", TRACE),))
    told = verify.failure(failed, "db.example:1521")
    assert VALUE not in told
    assert 'update "WMS"."T" set "A"' in told


def test_status_tells_it_without_its_values(world: FakeStage) -> None:
    assert world.ask(Operation.REGISTER).changed
    world.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": TRACE}
    answer = status(world.session())
    shown = json.dumps([answer.summary, answer.details], default=str)
    assert VALUE not in shown
    assert '"class": "DML"' in shown


def test_a_refused_config_is_told_without_values() -> None:
    statement = f"Bad query: update T set A = '{VALUE}'"
    errors = [FieldError("heartbeat.action.query", statement)]
    assert VALUE not in validation_errors.about_fields(errors, "db:1")
    assert VALUE not in validation_errors.about_reply(statement, "db:1")


def test_a_launch_that_failed_tells_the_workers_last_error_without_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = "2026-06-08T17:49:51.258Z ERROR [x|task-0] It failed. | " + " | ".join(TRACE.splitlines())
    page = {"events": [{"timestamp": 1, "message": line}]}
    monkeypatch.setattr("connector.aws.calls.pages", lambda *_: [page])
    told = worker_log.last_error(None, "group", datetime.now(UTC))  # type: ignore[arg-type]
    assert told is not None
    assert VALUE not in told
    assert "DML statement couldn't be parsed" in told
