"""The classes of errors: those that a text tells of, and those that are only seen from outside.

The first are the table in `connector.domain.diagnosis.classes`; the others stand here.
"""

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import (
    LAUNCH,
    LOGS,
    OFFSETS,
    ORACLE_SCRIPT,
    STATUS,
    ErrorClass,
    Owner,
    observed,
)
from connector.domain.health import worker_stops
from connector.domain.health.old_names import error_class
from connector.domain.health.skipped_classes import LOST

_SNAPSHOT = "wms-connector snapshot {stage}"
ROTATE_CHECK = "wms-connector rotate {stage} --check"
_ACKNOWLEDGE = "wms-connector acknowledge {stage}"


WORKER = observed(
    "worker",
    Owner.US,
    "the Connect worker does not run, or does not answer",
    "read why the last task stopped and the newest lines of its log",
    LOGS,
)
NO_SERVICE = observed(
    "worker-service-missing",
    Owner.US,
    "there is no ECS service of the worker: its stack was never launched, or somebody has deleted it",
    "launch: a launch makes what is missing; the connector goes on from its position, which the brokers keep",
    LAUNCH,
)
CONNECTOR_MISSING = observed(
    "connector missing",
    Owner.US,
    "Connect has no connector of this stage, or returns no status for it",
    "launch again: a launch registers it",
    LAUNCH,
)
NOT_RUNNING = observed(
    "not running",
    Owner.US,
    "the connector or its task does not run, although nobody has stopped it and nothing has failed",
    "read in the worker's log why it does not start; if the log has no reason, stop the task in ECS: the new "
    "worker starts it",
    LOGS,
)
CONFIG_DRIFT = observed(
    "config drift",
    Owner.US,
    "the connector's config in Connect is not the one that was registered: somebody has changed it by hand",
    "find out who changed those keys and why; what is right belongs into the stage's config.yaml; a launch "
    "puts back the rest",
    LAUNCH,
)
LAGGING = observed(
    "lag",
    Owner.US,
    "changes reach the topics late",
    "check whether the lag grows; ask the DBA whether a large batch or a long transaction is running",
    STATUS,
)
ARCHIVED_LOG_EXPIRING = observed(
    "archived-log-expiring",
    Owner.DATABASE,
    "the database will soon delete, or has deleted, log that the connector has not read",
    "before you restart anything, ask the DBA to keep archived logs longer, from the connector's position on",
    OFFSETS,
    data="changes are lost once the database deletes log that the connector has not read: hurry",
)
BUFFER_FILLING = observed(
    "transaction-buffer",
    Owner.DATABASE,
    "an open transaction of the database takes much of the worker's heap; a full heap ends the worker, which "
    "then reads the transaction again",
    "ask the DBA which transaction has been open for long (V$TRANSACTION) and have it committed; if such "
    "transactions are normal, raise task_memory in the stage's config.yaml, then launch again",
    LAUNCH,
    edit="task_memory in {config}, if such transactions are normal",
)
STALLED = observed(
    "stalled",
    Owner.US,
    "the task runs, but no heartbeat reaches its topic",
    "look for producer errors in the worker's log; if the topic does not exist, launch again",
    LOGS,
)
HEARTBEAT_TABLE_STALE = observed(
    "heartbeat-table-stale",
    Owner.DATABASE,
    "no change of the heartbeat table comes back through the database's log",
    "check that the table has its one row, supplemental logging and the connector's grants; if it has, ask "
    "the DBA what delays the log",
    ORACLE_SCRIPT,
)
#: What Debezium passes over while it runs on (`skipped_lines`); the names are those of `Skip`.
SKIPPED = (
    observed(
        "unsupported-change",
        Owner.DATABASE,
        "LogMiner could not read a change of a captured table, so Debezium left it out and ran on",
        "take a snapshot of the table, which shows no deleted row; ask the DBA which statement or column "
        "type LogMiner does not support (OPERATION_CODE 255 at that SCN); then acknowledge it",
        _SNAPSHOT,
    ),
    observed(
        "table-truncated",
        Owner.WMS,
        "rows of a captured table were removed by TRUNCATE or with a partition, and no record shows it",
        "ask the WMS team whether it was meant; let the topic's consumers remove the older rows; if rows "
        "were loaded again in a way that redo does not show, take a snapshot; then acknowledge it",
        _ACKNOWLEDGE,
    ),
    observed(
        "table-dropped",
        Owner.WMS,
        "a captured table was dropped or renamed: no record shows that its rows are gone, and no change of "
        "it is read",
        "ask the WMS team whether it was meant; a table that is made again needs supplemental logging and "
        "grants, as the script has them, and then a snapshot; then acknowledge it",
        ORACLE_SCRIPT,
    ),
    observed(
        "table-not-visible",
        Owner.DATABASE,
        "the connector does not see a captured table: it was dropped or renamed, or the SELECT right of the "
        "connector's user is gone; then its changes still arrive, but no snapshot reads it",
        "let the DBA check the grants with the script, and run what is missing; if the table is not there, "
        "ask the WMS team; then restart the connector, whose start checks it: that ends this finding",
        ORACLE_SCRIPT,
    ),
    observed(
        "table-not-logged",
        Owner.DATABASE,
        "a captured table has no ALL COLUMN supplemental logging: its records lack unchanged columns",
        "let the DBA add supplemental logging, which the script does too; then take a snapshot, and "
        "acknowledge it or restart the connector, which checks the table again",
        ORACLE_SCRIPT,
    ),
    *LOST,
)
#: What becomes of a rotation of secrets that no text of another program explains.
SECRET_MALFORMED = observed(
    "secret malformed",
    Owner.US,
    "a secret has changed, and the new value cannot be used as it is",
    "write the secret again, in the shape that docs/secrets.md gives",
    ROTATE_CHECK,
    edit="the secret that the message names",
)
LAUNCH_NEEDED = observed(
    "launch needed",
    Owner.US,
    "a secret has changed in a way that the running stage cannot follow",
    "launch the stage",
    LAUNCH,
)
OTHER_CLUSTER = observed(
    "other cluster",
    Owner.US,
    "the secret brokerString names another Kafka cluster than the one that the stage lives on",
    "put the broker string of the stage's own cluster back; a stage moves to another cluster by a launch, "
    "and starts there without a position",
    ROTATE_CHECK,
    edit="the secret brokerString",
)
ROTATION_FAILED = observed(
    "rotation failed",
    Owner.US,
    "the new login was accepted, and yet the connector does not stream with it",
    "read in the worker's log what it lacks, such as a grant of a new user; then write the secret again",
    LOGS,
)
OBSERVED = (
    SECRET_MALFORMED,
    LAUNCH_NEEDED,
    OTHER_CLUSTER,
    ROTATION_FAILED,
    WORKER,
    NO_SERVICE,
    CONNECTOR_MISSING,
    NOT_RUNNING,
    CONFIG_DRIFT,
    LAGGING,
    ARCHIVED_LOG_EXPIRING,
    BUFFER_FILLING,
    STALLED,
    HEARTBEAT_TABLE_STALE,
    *SKIPPED,
    *worker_stops.CLASSES,
)


def classify(text: str) -> ErrorClass:
    """The class of a trace, or of any text about a failure; `UNKNOWN` when no other describes it."""
    return diagnose(text).error_class


def named(name: str) -> ErrorClass:
    """The class called `name`; `UNKNOWN` for one that only another version of this table has."""
    name = error_class(name)
    return next((found for found in (*ERROR_CLASSES, *OBSERVED) if found.name == name), UNKNOWN)


def database_error(text: str) -> ErrorClass | None:
    """The error of the connection to the database that a text reports, if any."""
    found = diagnose(text).error_class
    return found if found.of_database else None


def explain_database(text: str, address: str) -> str | None:
    """`text` as one sentence about the database at `address` (`host:port`); None if it is not about it."""
    found = diagnose(text)
    if not found.error_class.of_database:
        return None
    cause, step = found.cause.rstrip("."), found.error_class.next_step
    # Who asks has launched; the class's own step is that of a stage that runs.
    again = "" if "launch" in step else ", then launch again"
    return f"the database at {address} {found.error_class.of_database}: {cause}; {step}{again}"
