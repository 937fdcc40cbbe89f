import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.stage.stage import Stage
from tests.commands.conftest import Run, assert_one_line
from tests.domain.given_secrets import stored

DB_INFO = {"ip": "10.1.2.3", "db": "WMSPRD", "user": "zq-user-7", "password": "zq-password-8"}


@pytest.fixture
def db_info(tmp_path: Path) -> Path:
    path = tmp_path / "db.json"
    path.write_text(json.dumps(DB_INFO))
    return path


def test_without_an_address_an_example_is_shown(run_json: Callable[..., Any]) -> None:
    config = run_json("connector config", "main")
    assert config["connector.class"] == "io.debezium.connector.oracle.OracleConnector"
    assert config["database.hostname"] == "oracle.invalid"
    assert config["database.password"] == "${env:DATABASE_PASSWORD}"
    assert "example" not in json.dumps(config)


def test_the_config_is_exactly_what_would_be_registered(run_json: Callable[..., Any], db_info: Path) -> None:
    shown = run_json("connector config", "x.y", "--db-info", str(db_info), "--broker", "b-1.example:9098")
    assert shown == dict(
        connector_config(Stage("x.y"), parse_database(stored(DB_INFO)), KafkaAuth.IAM, ConnectorSettings())
    )


def test_the_address_can_come_from_stdin(run_json: Callable[..., Any]) -> None:
    config = run_json("connector config", "main", "--db-info", "-", stdin=json.dumps(DB_INFO))
    assert config["database.hostname"] == "10.1.2.3"


@pytest.mark.parametrize("as_json", [["--json"], []])
def test_nothing_confidential_is_printed(run: Run, db_info: Path, as_json: list[str]) -> None:
    result = run(
        "connector", "config", "main", "--db-info", str(db_info), "--broker", "b-9.example:9096", *as_json
    )
    assert result.exit_code == 0
    for text in (DB_INFO["user"], DB_INFO["password"], "b-9.example"):
        assert text not in result.output
    assert "${env:KAFKA_BOOTSTRAP_SERVERS}" in result.stdout


def test_the_option_says_how_to_authenticate_where_the_port_does_not(
    run: Run, run_json: Callable[..., Any]
) -> None:
    broker = ("--broker", "127.0.0.2:19092")
    assert_one_line(run("connector", "config", "main", *broker), "port 19092", "kafka_auth")
    config = run_json("connector config", "main", *broker, "--kafka-auth", "plaintext")
    assert config["signal.consumer.security.protocol"] == "PLAINTEXT"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not valid JSON"),
        (b"[]", "expected an object"),
        (b'{"host": "h", "dbname": "d", "username": "u"}', "lacks 'password'"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert_one_line(run("connector", "config", "main", "--db-info", str(path)), "bad.json", words)


def test_a_bad_broker_string_is_one_line(run: Run) -> None:
    assert_one_line(run("connector", "config", "main", "--broker", "a:9098,b:9096"), "mixes the ports")


def test_a_refused_stage_is_one_line_and_status_2(run: Run) -> None:
    assert_one_line(run("connector", "config", "Main"), "stage 'Main' is refused")


def test_a_file_that_is_not_there_is_a_usage_error(run: Run) -> None:
    result = run("connector", "config", "main", "--db-info", "no-such-file")
    assert result.exit_code == 2
    assert "no-such-file" in result.stderr
