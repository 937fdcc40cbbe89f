import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.config import (
    config_hash,
    connector_config,
    differences,
    differs,
    shown_value,
)
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import Database, parse_database
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES
from tests.conftest import Golden
from tests.domain import strategies
from tests.domain.given_secrets import stored, visible

LOGIN = {"username": "zq-user-7", "password": "zq-password-8"}
_DESCRIPTION = (
    "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1.example)(PORT=1521))"
    "(CONNECT_DATA=(SERVICE_NAME=WMSPRD)))"
)
SHAPES: dict[str, dict[str, Any]] = {
    "service": {"host": "10.1.2.3", "port": 1522, "dbname": "WMSPRD"},
    "sid": {"ip": "10.1.2.3", "sid": "ORCL"},
    "easy-connect": {"url": "jdbc:oracle:thin:@//db1.example:1521/WMSPRD"},
    "description": {"url": _DESCRIPTION},
    "pdb": {"host": "10.1.2.3", "dbname": "CDB1", "pdb": "WMSPDB1"},
}


def database(shape: str, **login: str) -> Database:
    return parse_database(stored({**SHAPES[shape], **LOGIN, **login}))


def build(
    stage: str = "main", shape: str = "service", auth: KafkaAuth = KafkaAuth.IAM, **settings: Any
) -> dict[str, str]:
    return dict(connector_config(Stage(stage), database(shape), auth, ConnectorSettings(**settings)))


# Every shape of address, every way of authenticating and both kinds of stage, each at least once.
SCENARIOS = [
    ("main", "service", KafkaAuth.IAM),
    ("main", "service", KafkaAuth.TLS),
    ("production", "sid", KafkaAuth.SCRAM),
    ("val", "easy-connect", KafkaAuth.TLS),
    ("val", "description", KafkaAuth.SCRAM),
    ("feature-xyz", "pdb", KafkaAuth.IAM),
    ("Feature.X", "service", KafkaAuth.SCRAM),
    ("main", "pdb", KafkaAuth.PLAINTEXT),
    ("Feature.X", "pdb", KafkaAuth.PLAINTEXT),
]


@pytest.mark.parametrize(("stage", "shape", "auth"), SCENARIOS)
def test_the_config_is_the_reviewed_one(stage: str, shape: str, auth: KafkaAuth, golden: Golden) -> None:
    text = json.dumps(build(stage, shape, auth), indent=2) + "\n"
    golden(f"connector-{stage}-{shape}-{auth}.json", text)


def test_a_heartbeat_table_s_changes_go_to_a_topic_of_the_catalogue() -> None:
    """As Java's regular expressions read it: the whole name of Debezium's topic, and no other."""
    stage = Stage("feature.x")
    found = build(stage.name, "pdb", heartbeat_table="WMSCDC.HEARTBEAT")
    query = found["heartbeat.action.query"]
    assert query.startswith("UPDATE WMSCDC.HEARTBEAT SET BEAT_TS = CURRENT_TIMESTAMP WHERE NOT EXISTS (")
    assert all(f'FROM "{schema}"."{table}" WHERE 1 = 0' in query for schema, table in CAPTURED_TABLES)
    assert found["transforms.heartbeat.replacement"] in set(stage.topics)
    pattern = found["transforms.heartbeat.regex"]
    for table in ("WMSCDC.HEARTBEAT", "wmscdc.heartbeat"):
        assert re.fullmatch(pattern, f"feature.x.wms.{table}")
    others = [*stage.topics, "featureyx.wms.WMSCDC.HEARTBEAT", "feature.x.wms.WMSCDC.HEARTBEAT2"]
    assert not [name for name in others if re.fullmatch(pattern, name)]
    assert not [key for key in build() if key.startswith(("transforms", "heartbeat.action"))]


KINDS_OF_SHAPES = [(kind, shape) for kind in ("debezium", "jdbc") for shape in SHAPES]

# In brackets and long, so that chance does not put them into a config.
confidential = st.text(visible, min_size=8, max_size=40).map("<{}>".format)


@given(
    strategies.stages,
    st.sampled_from(KINDS_OF_SHAPES),
    st.sampled_from(KafkaAuth),
    confidential,
    confidential,
)
def test_no_confidential_value_is_in_any_config(
    stage: Stage, what: tuple[str, str], auth: KafkaAuth, user: str, password: str
) -> None:
    kind, shape = what
    made = database(shape, username=user, password=password)
    config = connector_config(stage, made, auth, ConnectorSettings(kind=kind))
    for text in (json.dumps(dict(config)), json.dumps(dict(config), ensure_ascii=False), *config.values()):
        assert user not in text
        assert password not in text
    prefix = "connection" if kind == "jdbc" else "database"
    assert config[f"{prefix}.user"] == "${env:DATABASE_USER}"
    assert config[f"{prefix}.password"] == "${env:DATABASE_PASSWORD}"
    other = connector_config(stage, database(shape), auth, ConnectorSettings(kind=kind))
    assert config == other, "who logs in changes nothing that Connect stores"


@given(strategies.stages, st.sampled_from(sorted(SHAPES)), st.sampled_from(KafkaAuth))
def test_the_config_is_the_same_each_time_and_all_text(stage: Stage, shape: str, auth: KafkaAuth) -> None:
    one = connector_config(stage, database(shape), auth, ConnectorSettings())
    other = connector_config(stage, database(shape, username="changed-user-9"), auth, ConnectorSettings())
    assert list(one.items()) == list(other.items())
    assert list(one) == sorted(one)
    # No user's definitions are passed over.
    assert one["internal.log.mining.schema_changes.username.exclude.list"] == ""
    assert {key for key, value in one.items() if not (isinstance(value, str) and value)} == {
        "internal.log.mining.schema_changes.username.exclude.list"
    }


@given(strategies.stages, st.sampled_from(sorted(SHAPES)), st.sampled_from(KafkaAuth))
def test_every_topic_in_the_config_is_in_the_stages_catalogue(
    stage: Stage, shape: str, auth: KafkaAuth
) -> None:
    config = connector_config(stage, database(shape), auth, ConnectorSettings())
    named = [
        value for key, value in config.items() if key.endswith((".topic", "topic.name", "heartbeat.name"))
    ]
    assert len(named) == 4
    assert all(name in stage.topics for name in named)
    assert config["topic.prefix"] == stage.topics.prefix
    assert config["signal.kafka.groupId"] in stage.topics.groups


@pytest.mark.parametrize("auth", KafkaAuth)
def test_each_client_inside_the_connector_gets_the_security_block(auth: KafkaAuth) -> None:
    config = build(auth=auth)
    blocks = [
        {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
        for prefix in (
            "schema.history.internal.producer.",
            "schema.history.internal.consumer.",
            "signal.consumer.",
        )
    ]
    assert blocks[0]["security.protocol"] == auth.protocol
    assert blocks[0] == blocks[1] == blocks[2]


def test_the_captured_tables_are_matched_literally() -> None:
    assert build()["table.include.list"].split(",")[0] == r"MMDL\.PLAN_BASE_WVR_TBL"
    assert build()["schema.include.list"] == "MMDL,WMS"


def test_settings_reach_the_config() -> None:
    config = build(heartbeat_seconds=60, validation_timeout_seconds=7)
    assert config["heartbeat.interval.ms"] == "60000"
    assert config["connection.validation.timeout.ms"] == "7000"


@pytest.mark.parametrize(("shape", "auth"), [("service", KafkaAuth.IAM), ("pdb", KafkaAuth.PLAINTEXT)])
def test_a_value_that_cannot_be_converted_stops_the_connector_unless_somebody_decides_otherwise(
    shape: str, auth: KafkaAuth
) -> None:
    """Debezium's default is to write null and go on."""
    key = "event.converting.failure.handling.mode"
    assert build(shape=shape, auth=auth)[key] == "fail"
    assert build(shape=shape, auth=auth, unreadable_values="null")[key] == "warn"
    assert (
        not {"errors.tolerance", "errors.deadletterqueue.topic.name"} & build(shape=shape, auth=auth).keys()
    )


def test_the_name_that_connect_adds_is_no_difference() -> None:
    wanted = build()
    assert not differs(wanted, wanted)
    assert not differs(wanted, {**wanted, "name": "wms-oracle-cdc"})
    assert differs(wanted, {**wanted, "name": "other"})


@given(st.data())
def test_a_changed_missing_or_added_key_is_a_difference(data: st.DataObject) -> None:
    wanted = build()
    key = data.draw(st.sampled_from(sorted(wanted)))
    without = {name: value for name, value in wanted.items() if name != key}
    for stored_config in (
        without,
        {**wanted, key: wanted[key] + " "},
        {**wanted, "x": ""},
        {**without, key.upper(): wanted[key]},
        {},
    ):
        assert differs(wanted, stored_config)
        assert config_hash(wanted) != config_hash(stored_config)


def test_the_hash_does_not_depend_on_the_order_and_does_not_change() -> None:
    wanted = {"b": "2", "a": "1"}
    assert config_hash(wanted) == config_hash(dict(sorted(wanted.items())))
    assert config_hash(wanted) == "21f76dfbfe6dfe21"


@given(
    st.dictionaries(st.sampled_from("abcde"), st.text(max_size=3)),
    st.dictionaries(st.sampled_from("abcde"), st.text(max_size=3)),
)
def test_there_are_differences_exactly_where_the_configs_differ(
    wanted: dict[str, str], there: dict[str, str]
):
    found = differences(wanted, there)
    assert bool(found) == differs(wanted, there)
    assert all(wanted.get(key) != there.get(key) for key in found)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("database.password", "${env:DATABASE_PASSWORD}", "${env:DATABASE_PASSWORD}"),
        ("database.password", "hunter2", "(not shown)"),
        ("database.user", "reader", "(not shown)"),
        ("signal.consumer.sasl.jaas.config", 'x password="y"', "(not shown)"),
        ("database.url", "jdbc:oracle:thin:@//host:1521/WMS", "jdbc:oracle:thin:@//host:1521/WMS"),
        ("database.url", "jdbc:oracle:thin:reader/hunter2@//host:1521/WMS", "(not shown)"),
        ("some.url", "https://reader:hunter2@host/", "(not shown)"),
        ("table.include.list", "WMS.T", "WMS.T"),
        ("anything", None, None),
    ],
)
def test_a_value_that_may_be_confidential_is_not_shown(key: str, value: str | None, shown: str | None):
    assert shown_value(key, value) == shown
