"""Lines of the worker's log for what Debezium passes over, with the texts of Debezium 3.6.1.Final's sources.

The form around them is that of `connector/image/conf/log4j2.xml`. The DDL statements are some that the
shipped parser reads (`tests/image/SilentLines.java`).
"""

import json

from connector.domain.capture import signals
from connector.domain.stage.stage import Stage

_TASK = "[wms-oracle-cdc|task-0] "
_AT = "2026-01-02T03:04:05.678Z"
_MINER = "[i.d.c.o.l.AbstractLogMinerStreamingChangeEventSource]"


def unsupported(table: str, scn: int = 2000123, database: str = "WMSPDB1") -> str:
    """LogMiner's operation 255."""
    return (
        f"{_AT} WARN  {_TASK}An unsupported operation detected for table '{database}.{table}' in transaction "
        f"0500210009040000 with SCN {scn} on redo thread 1. {_MINER}"
    )


def truncated(table: str, scn: int = 2000123, database: str = "WMSPDB1") -> str:
    """TRUNCATE TABLE."""
    return (
        f"{_AT} DEBUG {_TASK}Dispatching TRUNCATE event for table '{database}.{table}' with SCN {scn} "
        "[i.d.c.o.l.b.BufferedLogMinerStreamingChangeEventSource]"
    )


def schema_change(schema: str, ddl: str, database: str = "WMSPDB1") -> str:
    """A DDL statement about a captured table."""
    return (
        f"{_AT} DEBUG {_TASK}Applying schema change event SchemaChangeEvent [database={database}, "
        f"schema={schema}, ddl={ddl}, tables=[columns: {{ |   ID NUMBER(12, 0) |   DROP PARTITION X | "
        "}} | primary key: [ID] | default charset: null | ], type=DROP, ts_ms=1764382000000] "
        "[i.d.c.o.OracleDatabaseSchema]"
    )


def dropped(table: str) -> str:
    """DROP TABLE as LogMiner shows it with a recycle bin."""
    schema, _, name = table.partition(".")
    return schema_change(schema, f'drop table "{schema}"."{name}" AS "BIN$Ab+/cd==$0" ;')


def renamed(table: str, database: str = "WMSPDB1") -> str:
    """A captured table gets a name that is not captured."""
    return (
        f"{_AT} WARN  {_TASK}Renaming included table {database}.{table} to non-included table "
        f"{database}.WMS.BIN$Ab+/cd==$0, this can lead to schema inconsistency "
        "[i.d.c.o.a.l.AlterTableParserListener]"
    )


def gone(table: str, database: str = "WMSPDB1") -> str:
    """A captured table is missing when streaming starts."""
    return (
        f"{_AT} WARN  {_TASK}Database table '{database}.{table}' no longer exists, supplemental log check "
        f"skipped {_MINER}"
    )


def not_logged(table: str, database: str = "WMSPDB1") -> str:
    """No ALL COLUMN supplemental logging when streaming starts."""
    return (
        f"{_AT} WARN  {_TASK}Database table '{database}.{table}' not configured with supplemental logging "
        '"(ALL) COLUMNS"; only explicitly changed columns will be captured. Use: ALTER TABLE '
        f"{table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS {_MINER}"
    )


def started() -> str:
    """Streaming starts, after the tables were checked."""
    return f"{_AT} INFO  {_TASK}Redo Log Group Sizes: {_MINER}"


_SOURCE = "[i.d.p.s.AbstractSnapshotChangeEventSource]"
_SNAPSHOT = "[i.d.r.RelationalSnapshotChangeEventSource]"


def requested(*tables: str) -> str:
    """A signal has asked for a snapshot, with the expressions that `signals.snapshot` sends."""
    asked = json.loads(signals.snapshot(Stage.parse("main"), tables, "1").value)["data"]["data-collections"]
    return (
        f"{_AT} INFO  {_TASK}Requested 'BLOCKING' snapshot of data collections '[{', '.join(asked)}]' with "
        "additional conditions '[]' and surrogate key 'PK of table will be used' "
        "[i.d.p.s.a.s.ExecuteSnapshot]"
    )


def reading(*tables: str, database: str = "WMSPDB1") -> str:
    """A snapshot begins to read these tables."""
    names = ", ".join(f"{database}.{table}" for table in tables)
    return f"{_AT} INFO  {_TASK}Snapshot step 3 - Locking captured tables [{names}] {_SNAPSHOT}"


def completed() -> str:
    """A snapshot has ended well."""
    return f"{_AT} INFO  {_TASK}Snapshot completed {_SOURCE}"


def aborted() -> str:
    """A snapshot that was requested has failed."""
    return f"{_AT} WARN  {_TASK}Snapshot was not completed successfully {_SOURCE}"


def initial_failed() -> str:
    """The initial snapshot has failed: a start begins it again."""
    return (
        f"{_AT} WARN  {_TASK}Snapshot was not completed successfully , it will be re-executed upon connector "
        f"restart {_SOURCE}"
    )
