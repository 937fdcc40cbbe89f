"""What Debezium writes to the worker's log when it passes over changes of a table and runs on. Pure.

Connect's state, the MBeans and the notifications show none of it. TRUNCATE reaches neither the schema-change
topic nor the schema history: `OracleSchemaChangeEventEmitter.emitSchemaChangeEvent` hands it to the streaming
source alone, and `skipped.operations=t`, the default, drops its record (EventDispatcher.java:323).

Source of each text: Debezium v3.6.1.Final, debezium-connector-oracle, at the file and line beside it.
`connector/image/conf/log4j2.xml` lets the lines at DEBUG through.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.health.skipped_ddl import statement
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR


class Skip(StrEnum):
    """How changes of a table are passed over, under the name of its error class."""

    UNSUPPORTED = "unsupported-change"
    TRUNCATED = "table-truncated"
    DROPPED = "table-dropped"
    #: The connector does not see it when it starts: dropped, renamed, or its right on it is gone.
    HIDDEN = "table-not-visible"
    UNLOGGED = "table-not-logged"
    #: Of a snapshot (`snapshot_lines`).
    OMITTED = "table-left-out"
    ABORTED = "snapshot-aborted"
    #: Not of the log: the database's SCN is behind the connector's position (`set_back`).
    RESTORED = "database-restored"


@dataclass(frozen=True)
class Seen:
    """One line that tells of a skip of a table, written `SCHEMA.TABLE`.

    `scn`: the change's position, where the line has it. `checked`: the connector's check at a start tells it.
    `ended`: the line tells that the cause has ended.
    """

    kind: Skip
    table: str
    scn: int | None = None
    checked: bool = False
    ended: bool = False


#: Texts of which every line that matters has one, to look for them in a log.
WORDS: tuple[str, ...] = (
    "An unsupported operation detected for table",
    "Dispatching TRUNCATE event for table",
    "Applying schema change event SchemaChangeEvent",
    "Renaming included table",
    "no longer exists, supplemental log check skipped",
    "not configured with supplemental logging",
    "Redo Log Group Sizes:",
)

#: The line's start: time, level, and who logged; what a row holds cannot be in front of the message. The
#: connector of a comparison reads the tables that somebody chose, and tells nothing of the stage's stream.
LINE_START = rf"\S+ +(?:WARN|INFO|DEBUG) +(?:\[(?!{re.escape(COMPARISON_CONNECTOR)}[|])[^\]]*\] +)?"
#: Debezium's `catalog.schema.table`; the database's name may hold dots, as a service's does.
_ID = r"(?:[^' ]*\.)?(?P<schema>[^'. ]+)\.(?P<table>[^'. ]+)"
#: Kind, whether the check at a start tells it, and the line.
_TABLE_LINES: tuple[tuple[Skip, bool, re.Pattern[str]], ...] = (
    # logminer/AbstractLogMinerStreamingChangeEventSource.java:619, WARN
    (
        Skip.UNSUPPORTED,
        False,
        re.compile(rf"{LINE_START}An unsupported operation detected for table '{_ID}' .*?\bSCN (?P<scn>\d+)"),
    ),
    # logminer/buffered/BufferedLogMinerStreamingChangeEventSource.java:752, DEBUG
    (
        Skip.TRUNCATED,
        False,
        re.compile(rf"{LINE_START}Dispatching TRUNCATE event for table '{_ID}' with SCN (?P<scn>\d+)"),
    ),
    # antlr/listener/AlterTableParserListener.java:94, WARN. Oracle renames a table that it drops into its
    # recycle bin (a guess from Debezium's test HybridMiningStrategyIT.java:873).
    (Skip.DROPPED, False, re.compile(rf"{LINE_START}Renaming included table {_ID} to non-included table ")),
    # logminer/AbstractLogMinerStreamingChangeEventSource.java:1810, WARN, at each start of streaming, of a
    # table that the schema history has and ALL_TABLES does not: that view has what the user may read
    (
        Skip.HIDDEN,
        True,
        re.compile(rf"{LINE_START}Database table '{_ID}' no longer exists, supplemental log check skipped"),
    ),
    # logminer/AbstractLogMinerStreamingChangeEventSource.java:1813, WARN, when streaming starts
    (
        Skip.UNLOGGED,
        True,
        re.compile(
            rf"{LINE_START}Database table '{_ID}' not configured with supplemental logging "
            r'"\(ALL\) COLUMNS"'
        ),
    ),
)
#: OracleDatabaseSchema.java:107, DEBUG, with SchemaChangeEvent.toString (debezium-connector-common). Only its
#: start is needed: a log driver may cut a long line.
_SCHEMA_CHANGE = re.compile(
    rf"{LINE_START}Applying schema change event SchemaChangeEvent \[database=[^,]*, "
    r"schema=(?P<schema>[^, ]+), ddl=(?P<ddl>.*)",
    re.DOTALL,
)
#: Where the statement ends, and the table's structure begins.
_STRUCTURE = ", tables=["
#: logminer/AbstractLogMinerStreamingChangeEventSource.java:1935, INFO: streaming starts, and each table's
#: supplemental logging has been checked just before (:197-198).
_STARTED = re.compile(rf"{LINE_START}Redo Log Group Sizes:")


def is_start(line: str) -> bool:
    """Whether a line says that streaming starts and that the tables have been checked."""
    return _STARTED.match(line) is not None


def skip_in(line: str) -> Seen | None:
    """The skip that a line of the worker's log tells of, if any. No value of a row is in the answer."""
    for kind, checked, pattern in _TABLE_LINES:
        if (match := pattern.match(line)) is not None:
            scn = match.groupdict().get("scn")
            table = f"{match['schema']}.{match['table']}"
            return Seen(kind, table, None if scn is None else int(scn), checked=checked)
    return _schema_change(line)


def _schema_change(line: str) -> Seen | None:
    """What a DDL statement about a captured table skips; its table is named as Oracle stores the name."""
    match = _SCHEMA_CHANGE.match(line)
    if match is None:
        return None
    found = statement(match["ddl"].partition(_STRUCTURE)[0])
    if found is None:
        return None
    # The schema is the redo's owner of the table; the statement may leave it out.
    table = f"{match['schema']}.{found.table}"
    if found.drops:
        return Seen(Skip.DROPPED, table)
    return Seen(Skip.TRUNCATED, table) if found.empties else Seen(Skip.UNLOGGED, table, ended=found.logs)
