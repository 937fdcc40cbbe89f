"""The temporary connector's config: a snapshot alone, of what was asked for, on topics of its own."""

from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.reconcile.config import comparison_config
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.stage import Stage
from tests.domain.capture.test_config import database

STAGE = Stage.parse("main")


def made(**settings: str) -> dict[str, str]:
    config = connector_config(STAGE, database("service"), KafkaAuth.SCRAM, ConnectorSettings(**settings))  # type: ignore[arg-type]
    return comparison_config(STAGE, config, ["WMS.PLAN_BASE_WVR_TBL"])


def test_it_reads_the_tables_once_and_neither_streams_nor_listens() -> None:
    config = made(heartbeat_table="WMSCDC.BEAT")
    assert config["snapshot.mode"] == "initial_only"
    assert config["table.include.list"] == r"WMS\.PLAN_BASE_WVR_TBL"
    assert config["topic.prefix"] == "wms.reconcile"
    assert config["errors.max.retries"] == "0"
    stage_topics = {
        name for role, names in STAGE.topics.roles.items() if role != "comparison" for name in names
    }
    assert not stage_topics & set(config.values())
    assert not [
        key for key in config if key.startswith(("signal", "notification", "transforms", "topic.heartbeat"))
    ]


def test_a_row_becomes_the_same_json_as_in_the_stream() -> None:
    stream = connector_config(STAGE, database("service"), KafkaAuth.SCRAM, ConnectorSettings())
    config = made()
    for key in ("decimal.handling.mode", "time.precision.mode", "database.hostname", "database.user"):
        assert config[key] == stream[key]
    assert "value.converter.schemas.enable" not in config
