"""The generated configs, judged by the field definitions in the jars that ship.

Neither Connect's validate endpoint nor the connector's start refuses an unknown key, and the first never
looks at the settings of the schema history; here both count. All cases share one JVM.
"""

import itertools
import json
from collections.abc import Mapping

import pytest

from connector.domain.capture.config import NAME_KEY, connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import Database, parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES
from connector.local import toolchain
from tests.oracle_config.prover import Answer, Verdict, ask

pytestmark = pytest.mark.e2e

STAGES = ("main", "production", "feature.x", "Feature_Y-1", "z" * 64)

DATABASES: Mapping[str, Mapping[str, object]] = {
    "service": {"host": "10.20.30.40", "port": 1521, "dbname": "WMSPRD"},
    "service_with_domain": {"ip": "wms.example.com", "port": "1526", "db": "wms.example.com"},
    "pdb": {"host": "wms.example.com", "dbname": "WMSCDB", "pdb": "WMSPDB"},
    "sid": {"host": "wms.example.com", "port": 1521, "sid": "WMS"},
    "url": {"url": "jdbc:oracle:thin:@//wms.example.com:1521/WMSPRD"},
    "url_description": {
        "url": "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=wms.example.com)(PORT=1521))"
        "(CONNECT_DATA=(SERVICE_NAME=WMSPRD)))",
        "pdb": "WMSPDB",
    },
    "url_sid": {"url": "jdbc:oracle:thin:@wms.example.com:1521:WMS", "sid": "WMS"},
}

#: Tables of which only the four may be captured.
CONFLICTS = (
    ("WMS", "PLAN_BASE_WVR_TBL2"),
    ("WMS", "XPLAN_BASE_WVR_TBL"),
    ("WMS", "PLAN_BASE_WVR_TBL_OLD"),
    ("WMSX", "PLAN_BASE_WVR_TBL"),
    ("XWMS", "PLAN_BASE_WVR_TBL"),
    ("MMDL", "ORDERS"),
    ("DBZ", "LOG_MINING_FLUSH"),
)

BEATING = (("main", "pdb"), ("feature.x", "service"))
HEARTBEAT_TABLE = ("WMSCDC", "HEARTBEAT")

GENERATED = tuple(itertools.product(STAGES, tuple(KafkaAuth), DATABASES))

JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule"

ROUTED = {
    "transforms": "heartbeat",
    "transforms.heartbeat.type": "org.apache.kafka.connect.transforms.RegexRouter",
    "transforms.heartbeat.regex": "wms.X.Y",
    "transforms.heartbeat.replacement": "wms.heartbeat.table",
}

#: What a person might write -> the keys that must be refused. None removes the key.
MISTAKES: tuple[tuple[Mapping[str, str | None], str], ...] = (
    # Keys of Debezium 1 and 2 that 3.6 ignores in silence.
    ({"database.server.name": "wms"}, "database.server.name"),
    ({"database.history.kafka.topic": "wms.history"}, "database.history.kafka.topic"),
    ({"log.mining.batch.size.max": "100000"}, "log.mining.batch.size.max"),
    ({"log.mining.sleep.time.max.ms": "3000"}, "log.mining.sleep.time.max.ms"),
    # Misspelt keys.
    ({"table.include.lists": "WMS.X"}, "table.include.lists"),
    ({"heartbeat.intervall.ms": "1000"}, "heartbeat.intervall.ms"),
    ({"signal.kafka.group.id": "wms-signal"}, "signal.kafka.group.id"),
    ({"topic.creation.default.partition": "1"}, "topic.creation.default.partition"),
    ({"exactly.once.suport": "required"}, "exactly.once.suport"),
    ({"driver.oracle.net.keepalive": "true"}, "driver.oracle.net.keepalive"),
    ({"schema.history.internal.kafka.topics": "x"}, "schema.history.internal.kafka.topics"),
    (
        {"schema.history.internal.producer.security.protocoll": "SSL"},
        "schema.history.internal.producer.security.protocoll",
    ),
    ({"schema.history.internal.consumer.acks": "all"}, "schema.history.internal.consumer.acks"),
    ({"signal.consumer.sasl.mechanisms": "AWS_MSK_IAM"}, "signal.consumer.sasl.mechanisms"),
    # Wrong values.
    ({"connector.class": "io.debezium.connector.oracle.OracleConnectors"}, "connector.class"),
    ({"snapshot.mode": "schema_only"}, "snapshot.mode"),
    ({"decimal.handling.mode": "text"}, "decimal.handling.mode"),
    ({"event.converting.failure.handling.mode": "stop"}, "event.converting.failure.handling.mode"),
    ({"heartbeat.interval.ms": "ten"}, "heartbeat.interval.ms"),
    ({"connection.validation.timeout.ms": "20s"}, "connection.validation.timeout.ms"),
    ({"database.connection.adapter": "logmine"}, "database.connection.adapter"),
    ({"database.port": "oracle"}, "database.port"),
    ({"log.mining.strategy": "online"}, "log.mining.strategy"),
    ({"log.mining.buffer.type": "heap"}, "log.mining.buffer.type"),
    ({"table.include.list": "WMS.(PLAN"}, "table.include.list"),
    ({"tasks.max": "0"}, "tasks.max"),
    ({"exactly.once.support": "always"}, "exactly.once.support"),
    ({"topic.creation.default.replication.factor": "0"}, "topic.creation.default.replication.factor"),
    (
        {"schema.history.internal.store.only.captured.tables.ddl": "yes"},
        "schema.history.internal.store.only.captured.tables.ddl",
    ),
    ({"signal.consumer.security.protocol": "SASL"}, "signal.consumer.security.protocol"),
    ({"signal.consumer.sasl.jaas.config": f"{JAAS} required username=x"}, "signal.consumer.sasl.jaas.config"),
    (
        {"signal.consumer.sasl.jaas.config": "com.example.NoSuchModule required;"},
        "signal.consumer.sasl.jaas.config",
    ),
    (
        {"schema.history.internal.consumer.sasl.client.callback.handler.class": "com.example.NoSuchHandler"},
        "schema.history.internal.consumer.sasl.client.callback.handler.class",
    ),
    # A transformation's own keys.
    ({**ROUTED, "transforms.heartbeat.replacment": "wms.heartbeat.table"}, "transforms.heartbeat.replacment"),
    ({**ROUTED, "transforms.heartbeat.regex": "wms.("}, "transforms.heartbeat.regex"),
    ({**ROUTED, "transforms.heartbeat.regex": None}, "transforms.heartbeat.regex"),
    ({**ROUTED, "transforms.heartbeat.type": "com.example.Router"}, "transforms.heartbeat.type"),
    # Something left out.
    ({"topic.prefix": None}, "topic.prefix"),
    ({"database.hostname": None}, "database.hostname database.url"),
    ({"database.user": None}, "database.user"),
    ({"database.dbname": None}, "database.dbname"),
    ({"topic.creation.default.partitions": None}, "topic.creation.default.partitions"),
    ({"schema.history.internal.kafka.topic": None}, "schema.history.internal.kafka.topic"),
    (
        {"schema.history.internal.kafka.bootstrap.servers": None},
        "schema.history.internal.kafka.bootstrap.servers",
    ),
    ({"signal.kafka.bootstrap.servers": None}, "signal.kafka.bootstrap.servers"),
    (
        {"schema.history.internal.producer.sasl.jaas.config": None},
        "schema.history.internal.producer.security.protocol",
    ),
)


def _database(fields: Mapping[str, object]) -> Database:
    text = json.dumps({"username": "dbzuser", "password": "dbzpassword", **fields})
    return parse_database(StoredSecret("wms/default/dbInfo", "arn", "version", Redacted(text)))


def _generated(stage: str, auth: KafkaAuth, database: str) -> dict[str, str]:
    config = connector_config(Stage(stage), _database(DATABASES[database]), auth, ConnectorSettings())
    # Connect adds the name to what it is given.
    return {**config, NAME_KEY: aws_names.CONNECTOR}


def _beating(stage: str, database: str) -> dict[str, str]:
    settings = ConnectorSettings(heartbeat_table=".".join(HEARTBEAT_TABLE))
    config = connector_config(Stage(stage), _database(DATABASES[database]), KafkaAuth.IAM, settings)
    return {**config, NAME_KEY: aws_names.CONNECTOR}


def _mistaken(change: Mapping[str, str | None]) -> dict[str, str]:
    config: dict[str, str | None] = {**_generated("main", KafkaAuth.IAM, "service"), **change}
    return {key: value for key, value in config.items() if value is not None}


def _case(*parts: str) -> str:
    return "/".join(parts)


@pytest.fixture(scope="module")
def answer() -> Answer:
    """Every case of this module, judged at once."""
    tools = toolchain.find()
    toolchain.assemble(tools, lambda _: None)
    configs = {_case(*case): _generated(*case) for case in GENERATED}
    configs |= {_case("heartbeat table", *case): _beating(*case) for case in BEATING}
    configs |= {_case("mistake", str(i)): _mistaken(change) for i, (change, _) in enumerate(MISTAKES)}
    return ask(tools, configs, [*CAPTURED_TABLES, HEARTBEAT_TABLE, *CONFLICTS])


def _verdicts(answer: Answer) -> dict[str, Verdict]:
    return {_case(*case): answer.verdicts[_case(*case)] for case in GENERATED}


def test_the_plugin_refuses_nothing_and_knows_every_key(answer: Answer):
    """Every kind of stage, of authentication and of address."""
    assert {case: v.errors for case, v in _verdicts(answer).items() if v.errors} == {}
    assert {case: v.unknown for case, v in _verdicts(answer).items() if v.unknown} == {}


def test_exactly_the_four_tables_are_captured(answer: Answer):
    """Asked of the filter that the connector builds from its config, with names that look alike."""
    wanted = {f"{schema}.{table}" for schema, table in CAPTURED_TABLES}
    assert {case: v.captured for case, v in _verdicts(answer).items() if set(v.captured) != wanted} == {}


@pytest.mark.parametrize("case", BEATING, ids="-".join)
def test_a_heartbeat_table_is_read_besides(answer: Answer, case: tuple[str, str]):
    verdict = answer.verdicts[_case("heartbeat table", *case)]
    assert not verdict.errors
    assert not verdict.unknown
    wanted = {f"{schema}.{table}" for schema, table in (*CAPTURED_TABLES, HEARTBEAT_TABLE)}
    assert set(verdict.captured) == wanted


@pytest.mark.parametrize("stage", STAGES)
def test_the_plugin_names_topics_as_the_catalogue_does(answer: Answer, stage: str):
    topics = Stage(stage).topics
    for auth, database in itertools.product(KafkaAuth, DATABASES):
        found = answer.verdicts[_case(stage, auth, database)].topics
        assert found == {
            "data": f"{topics.prefix}.WMS.PLAN_BASE_WVR_TBL",
            "schema_change": topics.one("schema_change"),
            "heartbeat": topics.one("heartbeat"),
            "transaction": topics.one("transaction"),
        }
        assert set(found.values()) <= set(topics)


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=lambda i: f"{i}-{MISTAKES[i][1]}")
def test_a_wrong_value_a_misspelt_and_a_missing_key_are_refused(answer: Answer, number: int):
    """Nothing but the mistaken key is refused: the proof finds mistakes, it does not merely complain."""
    verdict = answer.verdicts[_case("mistake", str(number))]
    expected = MISTAKES[number][1]
    if expected in ("connector.class", "transforms.heartbeat.type"):
        # Whose keys nobody knows then.
        assert expected in verdict.refused
    else:
        assert verdict.refused == set(expected.split())


def test_the_oracle_config_is_that_of_the_version_that_ships(answer: Answer):
    """Keys of later and earlier versions differ; these are the ones this project relies on."""
    assert answer.fields["oracle"]["database.port"]["default"] == "1528"
    assert "log.mining.log.count.min" in answer.fields["oracle"]
    assert "schema.history.internal.kafka.topic" in answer.fields["schema_history"]
    assert "topic.creation.default.partitions" in answer.fields["connect"]
