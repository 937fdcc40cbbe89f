"""The `jdbc` kind: the present production runtime's connector, registered the same way."""

import json
from typing import Any

import pytest

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TABLES, JDBC_TOPICS
from tests.conftest import Golden

LOGIN = {"username": "zq-user-7", "password": "zq-password-8"}
PREDECESSOR = {
    "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
    "tasks.max": "1",
    "mode": "timestamp",
    "timestamp.column.name": "SYS_ADD_TS",
    "poll.interval.ms": "2000",
    "batch.max.rows": "1000",
}
SERVICE = {"host": "10.1.2.3", "port": 1522, "dbname": "WMSPRD"}


def build(
    stage: str = "main", auth: KafkaAuth = KafkaAuth.IAM, topics: str = "schema", **address: Any
) -> dict[str, str]:
    text = json.dumps({**(address or SERVICE), **LOGIN})
    database = parse_database(StoredSecret("wms/default/dbInfo", "arn", "version", Redacted(text)))
    settings = ConnectorSettings(kind="jdbc", jdbc_topics=topics)
    return dict(connector_config(Stage(stage), database, auth, settings))


@pytest.mark.parametrize("stage", ["production", "Feature.X"])
def test_the_config_is_the_reviewed_one(stage: str, golden: Golden):
    golden(f"connector-{stage}-jdbc.json", json.dumps(build(stage), indent=2) + "\n")


@pytest.mark.parametrize("stage", ["main", "production", "feature-xyz", "Feature.X"])
@pytest.mark.parametrize(("topics", "role"), JDBC_TOPICS.items())
def test_prefix_and_table_make_the_topics_of_the_catalogue(stage: str, topics: str, role: str):
    """The connector joins prefix and bare table name; the schema, if any, is in the prefix."""
    prefix = build(stage, topics=topics)["topic.prefix"]
    catalogue = Stage(stage).topics
    assert tuple(prefix + table for _, table in JDBC_TABLES) == catalogue.roles[role]
    assert [spec.name for spec in catalogue.specs("jdbc", jdbc_topics=topics)] == [*catalogue.roles[role]]


def test_it_polls_as_the_predecessor_does():
    """As it is registered today; `batch.max.rows` is in its code, not in its documents."""
    config = build()
    assert {key: config[key] for key in PREDECESSOR} == PREDECESSOR


@pytest.mark.parametrize("value", ["Bare", "", None, True])
def test_another_form_of_its_topics_is_refused_with_those_that_are_allowed(value: Any):
    with pytest.raises(OperatorError, match=r"connector\.jdbc_topics .* is unknown; allowed: schema, bare"):
        ConnectorSettings(kind="jdbc", jdbc_topics=value)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (SERVICE, "jdbc:oracle:thin:@//10.1.2.3:1522/WMSPRD"),
        ({"ip": "10.1.2.3", "sid": "ORCL"}, "jdbc:oracle:thin:@10.1.2.3:1521:ORCL"),
        (
            {"host": "db1.example", "dbname": "CDB1", "pdb": "WMSPDB1"},
            "jdbc:oracle:thin:@//db1.example:1521/WMSPDB1",
        ),
        ({"url": "jdbc:oracle:thin:@//db1.example:1521/X"}, "jdbc:oracle:thin:@//db1.example:1521/X"),
    ],
)
def test_the_url_leads_to_the_database_that_holds_the_tables(address: dict[str, Any], url: str):
    assert build(**address)["connection.url"] == url


@pytest.mark.parametrize("auth", KafkaAuth)
def test_it_carries_neither_credentials_nor_a_client_of_its_own(auth: KafkaAuth):
    """Connect's producer writes its records, so no security block is needed."""
    config = build(auth=auth)
    assert config["connection.user"] == "${env:DATABASE_USER}"
    assert config["connection.password"] == "${env:DATABASE_PASSWORD}"
    assert not [key for key in config if "sasl" in key or "security" in key]
    assert not [value for value in config.values() for secret in LOGIN.values() if secret in value]
