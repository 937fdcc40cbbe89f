"""What the worker's log says of snapshots: which tables one reads, and how it ends. Pure.

A table that the connector's user may not see is left out of a snapshot, and a snapshot on request that
fails leaves the task RUNNING: no state and no metric tells. (`CapturedTables` of the MBeans does, but as an
array of texts, which a metrics page cannot hold.) Each step has a line at INFO or WARN.

Source of each text: Debezium v3.6.1.Final, debezium-connector-common, at the file and line beside it.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from connector.domain.health.skipped_lines import LINE_START, is_start
from connector.domain.stage.topics import CAPTURED_TABLES

#: The tables that each snapshot must read, as the findings name them.
CAPTURED = tuple(f"{schema}.{table}" for schema, table in CAPTURED_TABLES)


class SnapshotStep(Enum):
    """What a line tells of."""

    #: A signal has asked for one.
    REQUESTED = auto()
    #: The tables that the snapshot which begins now will read.
    TABLES = auto()
    COMPLETED = auto()
    #: One that was requested has failed, and Debezium does not repeat it.
    ABORTED = auto()
    #: The initial one has failed, and a start repeats it.
    FAILED = auto()
    #: Streaming starts: a snapshot that was requested before is forgotten.
    STREAMING = auto()


@dataclass(frozen=True)
class SnapshotLine:
    """One step, and the captured tables that its line names."""

    step: SnapshotStep
    tables: tuple[str, ...] = ()


_REQUESTED = "Requested 'BLOCKING' snapshot of data collections"
_TABLES = "Snapshot step 3 - Locking captured tables"
_COMPLETED = "Snapshot completed"
_FAILED = "Snapshot was not completed successfully"

#: Texts of which every line that matters has one; that of the start is in `skipped_lines.WORDS`.
SNAPSHOT_WORDS: tuple[str, ...] = (_REQUESTED, _TABLES, _COMPLETED, _FAILED)

_LINES: tuple[tuple[SnapshotStep, re.Pattern[str]], ...] = (
    # At ExecuteSnapshot.java:64, with the expressions of the signal
    (SnapshotStep.REQUESTED, re.compile(rf"{LINE_START}{_REQUESTED} '\[(?P<tables>.*)\]' with additional ")),
    # At RelationalSnapshotChangeEventSource.java:165, with catalog, schema and name of each table
    (SnapshotStep.TABLES, re.compile(rf"{LINE_START}{_TABLES} \[(?P<tables>[^\]]*)\]")),
    # At AbstractSnapshotChangeEventSource.java:118
    (SnapshotStep.COMPLETED, re.compile(rf"{LINE_START}{_COMPLETED} \[")),
    # There at lines 126 to 135: with the words about a restart it is the initial snapshot
    (SnapshotStep.FAILED, re.compile(rf"{LINE_START}{_FAILED}\s*, it will be re-executed")),
    (SnapshotStep.ABORTED, re.compile(rf"{LINE_START}{_FAILED}")),
)


def snapshot_line(line: str) -> SnapshotLine | None:
    """The step of a snapshot that a line of the worker's log tells of, if any."""
    if is_start(line):
        return SnapshotLine(SnapshotStep.STREAMING)
    for step, pattern in _LINES:
        if (match := pattern.match(line)) is not None:
            return SnapshotLine(step, _captured(match.groupdict().get("tables", "")))
    return None


def _captured(text: str) -> tuple[str, ...]:
    """The captured tables in a list of names, or of the expressions that `signals.snapshot` makes of them."""
    plain = text.replace("\\", "")
    return tuple(table for table in CAPTURED if re.search(rf"(?<![\w$#]){re.escape(table)}(?![\w$#])", plain))
