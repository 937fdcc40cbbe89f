"""Whose a Connect group is: any connector that the stage did not register makes it somebody else's."""

import json

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.group_owner import deleting, foreign_connector, group_connectors, joining
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TOPICS
from tests.domain.strategies import stages

DATABASE = parse_database(
    StoredSecret(
        "x",
        "",
        "",
        Redacted('{"host": "h", "dbname": "S", "username": "u-confidential", "password": "p-confidential"}'),
    )
)
#: What the predecessor registers, as far as it is known, with credentials as it may write them.
PREDECESSOR = {
    "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
    "connection.url": "jdbc:oracle:thin:@10.1.2.3:1521:WMSPRD",
    "connection.user": "u-confidential",
    "connection.password": "p-confidential",
    "mode": "timestamp",
    "timestamp.column.name": "SYS_ADD_TS",
    "topic.prefix": "aws.wms.cdc.",
    "name": CONNECTOR,
}
MAIN = Stage.parse("main")


def record(config: object, name: str = CONNECTOR) -> tuple[str, str]:
    return f"connector-{name}", json.dumps({"properties": config})


def wanted(stage: Stage, kind: str) -> dict[str, str]:
    return dict(connector_config(stage, DATABASE, KafkaAuth.TLS, ConnectorSettings(kind=kind)))


@given(stages, st.sampled_from(KINDS), st.sampled_from(list(KafkaAuth)))
def test_what_a_launch_registers_is_the_stages_own(stage: Stage, kind: str, auth: KafkaAuth):
    config = dict(connector_config(stage, DATABASE, auth, ConnectorSettings(kind=kind)))
    (found,) = group_connectors([record(config)])
    assert found.ours(stage.topics)


@given(stages, st.sampled_from([*JDBC_TOPICS]))
def test_so_is_a_jdbc_connector_with_either_form_of_topics(stage: Stage, topics: str):
    settings = ConnectorSettings(kind="jdbc", jdbc_topics=topics)
    (found,) = group_connectors([record(dict(connector_config(stage, DATABASE, KafkaAuth.TLS, settings)))])
    assert found.ours(stage.topics)


@given(stages, stages, st.sampled_from(KINDS))
def test_what_another_stage_registers_is_not(stage: Stage, other: Stage, kind: str):
    """Named stages have the same topics; their Connect groups differ."""
    (found,) = group_connectors([record(wanted(other, kind))])
    assert found.ours(stage.topics) == (stage.namespace == other.namespace)


@given(stages, st.sampled_from(["aws.wms.cdc.", "aws.wms.cdc.WMS."]))
def test_the_predecessors_connector_is_foreign_though_it_has_our_name(stage: Stage, prefix: str):
    """Even with the prefix that our own JDBC kind has: only ours refers to the user by a variable."""
    found = group_connectors([record({**PREDECESSOR, "topic.prefix": stage.namespace + prefix})])
    foreign = foreign_connector(stage.topics, found)
    assert foreign is not None
    for line in (joining(stage, foreign), deleting(stage, foreign)):
        assert "JdbcSourceConnector" in line
        assert "confidential" not in line
        assert "10.1.2.3" not in line
    assert "docs/migration.md" in joining(stage, foreign)
    assert "confidential" not in repr(found)


@given(stages, st.text(), st.dictionaries(st.text(), st.text()))
def test_any_other_connector_is_foreign(stage: Stage, name: str, config: dict[str, str]):
    found = group_connectors([record(config, name)])
    assert foreign_connector(stage.topics, found) is not None


@given(st.text())
def test_a_record_that_is_not_understood_is_foreign_rather_than_nobodys(text: str):
    (found,) = group_connectors([(f"connector-{CONNECTOR}", text)])
    assert not found.ours(MAIN.topics)


def test_of_a_connector_the_last_record_counts_and_a_deleted_one_is_gone():
    theirs, ours = record(PREDECESSOR), record(wanted(MAIN, "debezium"))
    key = theirs[0]
    others = [("session-key", "{}"), (f"task-{CONNECTOR}-0", "{}"), (f"target-state-{CONNECTOR}", "{}")]
    assert group_connectors([theirs, *others, (key, None)]) == ()
    assert foreign_connector(MAIN.topics, group_connectors([theirs, ours, *others])) is None
    assert foreign_connector(MAIN.topics, group_connectors([ours, theirs])) is not None


def test_a_second_connector_beside_ours_is_foreign():
    found = group_connectors([record(wanted(MAIN, "debezium")), record(PREDECESSOR, "another")])
    foreign = foreign_connector(MAIN.topics, found)
    assert foreign is not None
    assert foreign.name == "another"
