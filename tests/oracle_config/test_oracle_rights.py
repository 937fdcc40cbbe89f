"""The rights that the DBA is asked for, held against what the shipped plugin asks of the database."""

import itertools
import json
import re
import zipfile
from xml.etree import ElementTree as ET

import pytest

from connector.domain.capture.config import connector_config
from connector.domain.capture.oracle_script import PACKAGES, VIEWS
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from connector.local import toolchain

#: V$ followed by capitals, in class files: names in queries, and one that the compiler makes.
_VIEW = re.compile(rb"\b(G?V)\$([A-Z_]{3,})", re.IGNORECASE)
_COMPILERS_OWN = {"V_$SWITCHMAP"}
#: The packages with which LogMiner is used; DBMS_METADATA is granted to PUBLIC.
_PACKAGE = re.compile(rb"\bDBMS_LOGMNR(?:_[A-Z]+)*\b", re.IGNORECASE)

#: Settings that make the connector use what is not granted: key -> its default, with which nothing is used.
NEEDS_A_SETTING = {
    "rac.nodes": None,
    "log.mining.strategy": "online_catalog",
}

#: What the plugin names and never uses with our settings, each with the reason. Read in Debezium 3.6.1.Final,
#: io.debezium.connector.oracle.logminer.
NOT_USED = {
    "GV_$TRANSACTION": "AbstractLogMinerStreamingAdapter.getTransactionTableName: only with rac.nodes",
    "V_$LOG_HISTORY": "LogMinerDatabaseStateWriter.write: only after a failure and with the class's logger "
    "at DEBUG; a refused query is caught and costs one line of that log",
    "DBMS_LOGMNR_D": "LogMinerSessionContext.writeDataDictionaryToRedoLogs: called only when "
    "log.mining.strategy is redo_log_catalog (isUsingCatalogInRedoStrategy)",
}


def _named_by_the_plugin() -> set[str]:
    """Views and packages whose names stand in the plugin's class files, as they are granted."""
    tools = toolchain.find()
    toolchain.assemble(tools, lambda _: None)
    plugin = tools.connect_home / "plugins" / "debezium-connector-oracle"
    (jar,) = plugin.glob("debezium-connector-oracle-*.jar")
    found: set[str] = set()
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.endswith(".class"):
                content = archive.read(name)
                found |= {
                    f"{kind.decode()}_${view.decode()}".upper() for kind, view in _VIEW.findall(content)
                }
                found |= {package.decode().upper() for package in _PACKAGE.findall(content)}
    return found - _COMPILERS_OWN


@pytest.mark.e2e
def test_what_the_plugin_names_is_granted_or_has_a_reason_not_to_be_and_nothing_else_is_granted():
    """A version that uses another view makes this fail, rather than a launch at the customer's."""
    granted = {*VIEWS, *PACKAGES}
    assert not granted & set(NOT_USED)
    assert _named_by_the_plugin() == granted | set(NOT_USED)


def test_no_config_has_a_setting_with_which_the_connector_would_use_more():
    address = {"host": "db.example", "dbname": "CDB", "pdb": "PDB", "username": "u", "password": "p"}
    database = parse_database(StoredSecret("wms/main/dbInfo", "arn", "v", Redacted(json.dumps(address))))
    for stage, auth, beating in itertools.product(("main", "feature-x"), KafkaAuth, ("", "WMSCDC.HEARTBEAT")):
        settings = ConnectorSettings(heartbeat_table=beating)
        config = connector_config(Stage(stage), database, auth, settings)
        for key, default in NEEDS_A_SETTING.items():
            assert config.get(key, default) == default, key


def test_the_worker_s_log_does_not_make_the_connector_query_more():
    """At DEBUG this class queries V$LOG_HISTORY: neither it nor a package above it may be set so."""
    writer = "io.debezium.connector.oracle.logminer.LogMinerDatabaseStateWriter"
    file = toolchain.IMAGE / "conf" / "log4j2.xml"
    loggers = list(ET.parse(file).iter("Logger"))  # noqa: S314 - our own file
    levels = {logger.get("level") for logger in loggers if f"{writer}.".startswith(f"{logger.get('name')}.")}
    (root,) = ET.parse(file).iter("Root")  # noqa: S314
    assert {*levels, root.get("level")} <= {"INFO", "WARN", "ERROR"}
