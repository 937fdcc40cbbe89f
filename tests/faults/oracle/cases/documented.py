"""RAC and standby databases: rows that only documentation and sources give. Nothing of this was run.

The stand-in is one instance with one redo thread, open for reading and writing. Sources: Debezium's
documentation and code of v3.6.1.Final, and Oracle's *Database Error Messages*. What health would make of a
row is what it makes of the same words in the rows above.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.report import Row

#: Pages and classes that a row may name.
_STANDBY = "Debezium: Oracle connector, Standby databases"
_FAILOVER = "Debezium: Oracle connector, Failover databases"
_DESTINATIONS = "Debezium: Oracle connector, Archive log destinations"
_RAC_FLUSH = "RacCommitLogWriterFlushStrategy of v3.6.1.Final"
_HANDLER = "OracleErrorHandler of v3.6.1.Final"
_COLLECTOR = "LogFileCollector of v3.6.1.Final"


@dataclass(frozen=True)
class Documented:
    """What should be seen, and where that is written."""

    title: str
    task: str
    cause: str
    log: str
    recovers: str
    source: str

    def run(self) -> Row:
        """The row. `not_run` says that nothing was seen."""
        cells = {
            "when": "it streams",
            "task": self.task,
            "first cause": self.cause,
            "MBean": "not known",
            "log": self.log,
            "recovers": self.recovers,
            "notes": self.source,
        }
        return Row(self.title, cells, not_run="documentation only")


CASES: Sequence[Documented] = (
    Documented(
        "RAC: the instance of the connector's session goes down",
        "RUNNING",
        "no trace",
        "ORA-03113, ORA-01089 or ORA-17002, as in the rows about sessions",
        "by itself, once the service answers on another instance",
        f"{_HANDLER}: SQLRecoverableException and ORA-01089 are retried",
    ),
    Documented(
        "RAC: a node of `rac.nodes` cannot be reached",
        "RUNNING",
        "no trace",
        "WARN Failed to flush LGWR buffer on RAC node; Not all LGWR buffers were flushed, waiting 3 seconds "
        "for Oracle to flush automatically",
        "goes on, each round 3 s later",
        _RAC_FLUSH,
    ),
    Documented(
        "RAC: no node of `rac.nodes` can be reached",
        "FAILED",
        "io.debezium.DebeziumException: No RAC node addresses supplied or currently connected",
        "the same",
        "by a restart, once a node answers",
        _RAC_FLUSH,
    ),
    Documented(
        "RAC: a log of one redo thread is missing or not archived yet",
        "RUNNING for 63 s, then FAILED",
        "io.debezium.connector.oracle.logminer.LogFileNotFoundException",
        "INFO No logs available yet (attempt n)...; which thread it is shows at DEBUG only (Redo Thread n is "
        "inconsistent)",
        "not by a restart, if the log is gone",
        _COLLECTOR,
    ),
    Documented(
        "standby open for reading only (ORA-16000), without log.mining.read.only",
        "FAILED",
        "io.debezium.DebeziumException: Failed to create flush table",
        "ORA-16000: database or pluggable database open for read-only access",
        "by a restart, once the database is open for writing",
        f"{_STANDBY}; {_HANDLER} does not list ORA-16000",
    ),
    Documented(
        "standby mounted, in managed recovery: it accepts no connections",
        "RUNNING",
        "no trace",
        "ORA-01033 at each login, as in its row",
        "by itself, once it is open",
        f"{_FAILOVER}; ORA-01033 is a SQLRecoverableException of ojdbc",
    ),
    Documented(
        "failover to a physical standby: the address of dbInfo is the old primary's",
        "RUNNING",
        "no trace",
        "ORA-12541 or ORA-12514, as in their rows",
        "by another address in dbInfo and a launch; SCNs are the old primary's, so that no position is lost",
        _FAILOVER,
    ),
    Documented(
        "failover to a standby whose archive destination has another number",
        "FAILED",
        "no valid local archive destination, or a log that is not found",
        "words not known",
        "by `archive.destination.name` with both numbers",
        _DESTINATIONS,
    ),
    Documented(
        "failover to a logical standby: its SCNs are others",
        "FAILED, or RUNNING with a position that means nothing",
        "as in the row about archived logs that are gone, if the position is too old; if it lies ahead, "
        "as in the row about an SCN behind the position",
        "as there",
        "by a new snapshot",
        _STANDBY,
    ),
)
