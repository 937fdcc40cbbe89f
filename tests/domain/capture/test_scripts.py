"""What the DBA and the owners of the cluster are asked for."""

import re

import pytest
from hypothesis import given

from connector.domain.capture.acls import transactional_ids
from connector.domain.capture.broker_script import broker_script
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES, JDBC_TABLES
from templates.shared.msk import MskCluster, stream_as_worker
from tests.conftest import Golden
from tests.domain import strategies

MAIN = Stage("main")
SCRIPTS = [OracleScript(kind, container) for kind in ("debezium", "jdbc") for container in (False, True)]


def _name(script: OracleScript) -> str:
    return f"{script.kind}-{'pdb' if script.container else 'plain'}"


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_the_oracle_script_is_the_reviewed_one(script: OracleScript, golden: Golden):
    golden(f"oracle-script-{_name(script)}.sql", script.text(MAIN))


def test_a_heartbeat_table_is_made_with_its_row_and_the_rights_on_it():
    script = OracleScript(container=True, heartbeat_table="WMSCDC.HEARTBEAT").text(MAIN)
    part = script.split("-- The heartbeat table")[1].split("-- 6.")[0]
    for statement in ("CREATE TABLE", "INSERT INTO", "ALTER TABLE", "GRANT SELECT, FLASHBACK, UPDATE ON"):
        assert f"{statement} WMSCDC.HEARTBEAT " in part
    assert part.count(";") == len([line for line in part.splitlines() if line.endswith(";")])
    assert "heartbeat" not in OracleScript(container=True).text(MAIN)


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_only_the_captured_tables_are_touched(script: OracleScript):
    """Neither a table more nor a privilege on any table."""
    text = script.text(MAIN)
    tables = CAPTURED_TABLES if script.kind == "debezium" else JDBC_TABLES
    assert set(re.findall(r"\b(?:MMDL|WMS)\.\w+", text)) == {f"{schema}.{table}" for schema, table in tables}
    assert "ANY TABLE" not in text
    assert text.count("ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS") == (4 if script.kind == "debezium" else 0)


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_sql_plus_can_run_it(script: OracleScript):
    """A comment behind a semicolon breaks the statement; one that ends in a hyphen swallows the next line."""
    for line in script.text(MAIN).splitlines():
        assert not re.search(r";\s*--", line)
        assert not line.endswith("-")


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_a_common_user_is_made_for_all_containers_and_only_there(script: OracleScript):
    text = script.text(MAIN)
    assert ("CONTAINER" in text) == script.container
    assert ("C##" in text) == script.container
    made = next(part for part in text.split(";") if "CREATE USER" in part)
    assert made.endswith("CONTAINER=ALL") == script.container


def test_nothing_that_restarts_the_database_is_run_unread():
    active = [line for line in OracleScript().text(MAIN).splitlines() if not line.startswith("--")]
    assert not [line for line in active if re.search(r"SHUTDOWN|STARTUP|ALTER SYSTEM|ARCHIVELOG", line)]


@pytest.mark.parametrize("auth", KafkaAuth)
@pytest.mark.parametrize("stage", ["main", "feature.x"])
def test_the_broker_script_is_the_reviewed_one(stage: str, auth: KafkaAuth, golden: Golden):
    golden(f"broker-script-{stage}-{auth}.txt", broker_script(Stage(stage), auth, ConnectorSettings()))


#: What Connect puts around its group for the leader's transactional id and for that of the connector's task.
_ID_FORMS = (("connect-cluster-", ""), ("", "-wms-oracle-cdc-0"), ("", "-wms-reconciler-0"))


@given(strategies.stages)
def test_the_cluster_is_asked_for_the_stage_s_own_names_only(stage: Stage):
    """Each line that begins with a name is one of the catalogue, its groups or its transactional ids."""
    ids = (f"{start}{g}{end}" for g in stage.topics.connect_groups for start, end in _ID_FORMS)
    own = {*stage.topics, *stage.topics.groups, *ids}
    text = broker_script(stage, KafkaAuth.IAM, ConnectorSettings())
    listed = text.split("# Topics")[1].split("# Rights")[0].splitlines()[1:]
    names = {line.split("  ")[0] for line in listed if line and not line.startswith("#")}
    assert names <= own
    assert set(stage.topics.roles["data"]) <= names


def test_a_named_stage_asks_for_no_right_to_delete():
    assert "Delete" not in broker_script(MAIN, KafkaAuth.SCRAM, ConnectorSettings())
    assert "Delete" in broker_script(Stage("feature-x"), KafkaAuth.SCRAM, ConnectorSettings())


def test_the_roles_carry_the_transactional_ids_that_the_script_names():
    """With IAM the script says that nothing is to be granted: the policy must then hold the same names."""
    cluster = MskCluster.parse("arn:aws:kafka:us-east-1:123456789012:cluster/bigmac/0000-1")
    rights = stream_as_worker(cluster, MAIN.topics)
    statements = {s.properties["Sid"]: s.properties for part in rights.values() for s in part}
    wanted = [cluster.transactional_id(name) for name in transactional_ids(MAIN.topics.connect_group)]
    assert statements["ExactlyOnce"]["Resource"] == wanted
