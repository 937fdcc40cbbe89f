"""Each error that Debezium documents for its Oracle connector has a class, an owner, and a right restart.

`debezium-documented.txt` has every error message of Debezium's page "Debezium Connector for Oracle" (3.6), by
the section that has it. `THROWN` has what the connector throws or warns of in its LogMiner mode without an
error of Oracle inside: the sources of debezium-connector-oracle, -connector-common and -storage-kafka
3.6.1.Final.
"""

import re
from pathlib import Path

import pytest

from connector.domain.diagnosis.connector_messages import AROUND, TELLING
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import Owner

DATABASE, US, PLATFORM, NETWORK = Owner.DATABASE, Owner.US, Owner.PLATFORM, Owner.NETWORK

_FILE = Path(__file__).parent / "debezium-documented.txt"


def _documented() -> dict[str, tuple[str, tuple[str, Owner, bool]]]:
    """Section -> message, and its class, owner and whether a restart may help."""
    found = {}
    for block in _FILE.read_text(encoding="utf-8").split("====\n"):
        head, text = block.split("\n----\n", 1)
        section, right = head.splitlines()
        name, owner, restart = right.split(", ")
        found[section] = text, (name, Owner(owner), restart == "restart")
    return found


DOCUMENTED = _documented()

_RIGHTS = ("database rights", DATABASE, False)
_SET_UP = ("database set-up", DATABASE, False)
_SETTINGS = ("settings", US, False)
_GONE = ("log missing", DATABASE, False)
_ANY = ("database error", DATABASE, True)
THROWN = {
    # AbstractLogMinerStreamingChangeEventSource, LogFileCollector
    "Supplemental logging not properly configured. Use: ALTER DATABASE ADD SUPPLEMENTAL LOG DATA": _RIGHTS,
    "Unable to find table in relational model: DB.WMS.T": _RIGHTS,
    "Could not find the start SCN 1 in the archive logs, stopping connector.": (
        "log missing",
        DATABASE,
        False,
    ),
    "The archive log containing offset SCN: 1 has been deleted. A re-snapshot is required.": (
        "log missing",
        DATABASE,
        False,
    ),
    "Cannot get maximum archive log SCN as no archive logs are present.": ("log missing", DATABASE, False),
    "Failed to calculate oldest SCN available in logs": ("redo switched", DATABASE, True),
    "Failed to resolve archive logs upper bounds": ("redo switched", DATABASE, True),
    "Cannot calculate log sequence range, log collection is empty.": ("redo switched", DATABASE, True),
    "Redo thread 1 is inconsistent; does not have a log that conatins scn 1. ": (
        "redo switched",
        DATABASE,
        True,
    ),
    "Oracle LogMiner is unable to re-construct the SQL for 'UPDATE' event with SCN 1": (
        "unreadable change",
        DATABASE,
        False,
    ),
    "Failed to resolve UNKNOWN table name by object id lookup": ("unreadable change", DATABASE, False),
    "Failed to find end index on 32K_WRITE operation": ("DML", US, False),
    # OracleConnectorTask, OracleConnection, ArchiveDestinationNameResolver
    "The Oracle server is not configured to use a archive log LOG_MODE, which is required": _SET_UP,
    "Failed to locate a local and valid archive destination in Oracle.": _SET_UP,
    "None of the supplied archive destinations are local and valid: [LOG_ARCHIVE_DEST_9]": _SET_UP,
    "Archive log destination name 'LOG_ARCHIVE_DEST_9' is unknown to Oracle": _SET_UP,
    "Error while checking validity of archive destination configuration": _SET_UP,
    "Failed to resolve Oracle's NLS_NCHAR_CHARACTERSET property": _RIGHTS,
    "Table WMS.T was not found in ALL_ALL_TABLES, which could mean its a grant/permission issue": _RIGHTS,
    "Could not execute heartbeat action query (Error: 99999)": _RIGHTS,
    "Could not get DDL metadata for table: WMS.T": _ANY,
    "Unable to get last available log position": _ANY,
    "Unexpected error while connecting to Oracle and looking at LOG_MODE mode: ": _ANY,
    "Failed to read the Oracle database redo thread state": _ANY,
    "Failed to flush Oracle LogWriter (LGWR) buffers to disk": _ANY,
    "Failed to create flush table": _ANY,
    "No RAC node addresses supplied or currently connected": ("unreachable", NETWORK, True),
    # OracleSnapshotChangeEventSource, RelationalSnapshotChangeEventSource
    "Snapshotting of table WMS.T failed": _ANY,
    "Failed reading SCN timestamp from source database": _ANY,
    # BaseSourceTask, EventDispatcher, TableSchemaBuilder, KafkaSchemaHistory
    "The db history topic is missing. You may attempt to recover it": ("schema history", US, False),
    "The db history topic or its content is fully or partially missing.": ("schema history", US, False),
    "The connector previously stopped while taking a snapshot, but now the connector is configured": (
        "schema history",
        US,
        False,
    ),
    "Encountered change event for table WMS.T whose schema isn't known to this connector": (
        "schema history",
        US,
        False,
    ),
    "but this is no longer available on the server. Reconfigure the connector": (
        "log missing",
        DATABASE,
        False,
    ),
    "Table 'WMS.T' won't be captured by Oracle LogMiner because its name exceeds 30 characters.": _SETTINGS,
    "Continuous mining is no longer available in Oracle 19 and won't be used.": _SETTINGS,
    "Failed to attach to the Oracle XStream outbound server": _SETTINGS,
    "An unexpected redo thread commit scn entry: '1:2'": _SETTINGS,
    "Unable to find never snapshotter. Please check your configuration.": _SETTINGS,
    "Failed to validate guardrail limits": _SETTINGS,
    "Signal channel kafka configuration is invalid. See logs for details.": _SETTINGS,
    "Could not find existing redo log information while attempting schema only recovery snapshot": _GONE,
    "Transaction 0a was still ongoing while snapshot was taken, but is no longer completely recorded": _GONE,
    "Redo logs may be sized too small using the default mining strategy": ("redo switched", DATABASE, True),
    "The log availability error 'ORA-00310: sequence' wasn't cleared, stop requested.": (
        "redo switched",
        DATABASE,
        True,
    ),
    "Restarting mining session after a log became unavailable.": ("redo switched", DATABASE, True),
    "An unsupported operation detected for table 'DB.WMS.T' in transaction 1 with SCN 1": (
        "unreadable change",
        DATABASE,
        False,
    ),
    "Creation of database schema history topic failed, please create the topic manually": (
        "schema history",
        US,
        False,
    ),
    "Time values must use number of milliseconds greater than 0": ("unreadable value", US, False),
    "Unable to convert to LocalDate from unexpected value 'x' of type X": ("unreadable value", US, False),
    "Failed to start Oracle LogMiner after '5' attempts.": ("LogMiner session", US, True),
    "No suitable driver found for jdbc:oracle:thick:@db:1521/X": ("database address", US, False),
    "Could not get SCN": _ANY,
    "Error while executing requested blocking snapshot.": _ANY,
    "Blocking snapshot has been interrupted": _ANY,
    "Data row is smaller than a column index, internal schema representation is probably out of sync": (
        "unreadable value",
        US,
        False,
    ),
}


@pytest.mark.parametrize(("text", "right"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_documented_error_is_diagnosed(text: str, right: tuple[str, Owner, bool]) -> None:
    found = diagnose(text)
    assert (found.error_class.name, found.error_class.owner, found.restart) == right


@pytest.mark.parametrize(("text", "right"), THROWN.items(), ids=THROWN)
def test_what_the_connector_throws_is_diagnosed(text: str, right: tuple[str, Owner, bool]) -> None:
    for shown in (
        text,
        f"io.debezium.DebeziumException: {text}\n\tat io.debezium.connector.oracle.X.y(X.java:1)",
    ):
        found = diagnose(shown)
        assert (found.error_class.name, found.error_class.owner, found.restart) == right


@pytest.mark.parametrize(
    "text", [text for text, right in THROWN.items() if right in (_ANY, _RIGHTS, _SET_UP)]
)
def test_the_databases_own_number_inside_counts_more(text: str) -> None:
    around = f"io.debezium.DebeziumException: {text}\nCaused by: java.sql.SQLException: ORA-03135: lost\n"
    found = diagnose(around)
    assert (found.error_class.name, found.cause) == ("unreachable", "ORA-03135: lost")


def test_every_message_that_is_looked_for_is_one_of_these() -> None:
    texts = [*THROWN, *(text for text, _ in DOCUMENTED.values())]
    for words in (*TELLING.values(), *AROUND.values()):
        for pattern in words:
            assert any(re.search(pattern, text, re.IGNORECASE) for text in texts), pattern


def test_a_value_that_is_out_of_range_is_not_repeated() -> None:
    assert "9999" not in diagnose(DOCUMENTED["Temporal types: nanoseconds"][0]).cause
