"""The classes of errors: how each is recognised, whether a restart may help, who fixes it, the next step.

This is the only such table: health check, mails, registration and the operator's guide use it. The first
class that matches is taken, so classes that must never be retried come before those that may be.
"""

import re

from connector.domain.health.causes import root_cause
from connector.domain.health.error_class import ErrorClass, Owner
from connector.domain.health.old_names import error_class
from connector.domain.health.skipped_classes import LOST

_LAUNCH = "sceptre launch {target} --yes"
_LOGS = "aws logs tail {logs} --since 1h"
_STATUS = "wms-connector status {stage}"
_ORACLE = "wms-connector oracle-script {stage}"
_BROKER = "wms-connector broker-script {stage}"
_SNAPSHOT = "wms-connector snapshot {stage}"
_ACKNOWLEDGE = "wms-connector acknowledge {stage}"


def _pattern(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


ERROR_CLASSES: tuple[ErrorClass, ...] = (
    # Three wrong logins lock an account, whoever makes them.
    ErrorClass(
        "login",
        _pattern("ORA-01017|ORA-28000|ORA-28001"),
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database refuses the connector's login",
        next_step="fix user and password in the secret dbInfo, then launch again",
        command=_LAUNCH,
        of_database="refuses the login",
    ),
    ErrorClass(
        "log missing",
        _pattern(
            "ORA-00308|ORA-01291|ORA-01292",
            "no longer available on the server|do not contain the offset scn|contain offset SCN|archive logs?"
            " containing offset SCN",
            "Could not find the start SCN",
        ),
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database's log no longer reaches back to where the connector stopped",
        next_step="ask the DBA to restore the archived log; if it is gone, changes are lost and a new "
        "snapshot is needed: talk to the owners of the data first",
        command=_ORACLE,
    ),
    ErrorClass(
        "record too large",
        _pattern("RecordTooLargeException|larger than the max message size|MESSAGE_TOO_LARGE"),
        retry=False,
        owner=Owner.US,
        meaning="a change is larger than its topic allows",
        next_step="check that consumers can read such a record, raise connector.max_record_mib in the "
        "stage's config.yaml, then launch again; no change is skipped until then",
        command=_LAUNCH,
    ),
    ErrorClass(
        "unreadable value",
        _pattern(
            "Failed to properly convert (?:data|key) value",
            "internal schema representation is probably out of sync",
        ),
        retry=False,
        owner=Owner.US,
        meaning="a row holds a value that the connector cannot convert",
        next_step="ask the owners of the data whether the value may be missing from its record; if so, set "
        "connector.unreadable_values to null in the stage's config.yaml and launch; once the row has been "
        "read, remove the setting and launch again",
        command=_LAUNCH,
    ),
    ErrorClass(
        "snapshot too old",
        _pattern("ORA-01555|ORA-22924"),
        retry=False,
        owner=Owner.DATABASE,
        meaning="a snapshot ran longer than the database's undo retention",
        next_step="ask the DBA for more undo retention, then launch again: the snapshot starts again",
        command=_LAUNCH,
    ),
    ErrorClass(
        "schema history",
        _pattern(
            "db history topic (?:or its content )?is|db-history topic is missing",
            "schema isn't known to this connector|Detected changed end offset of database schema history",
        ),
        retry=False,
        owner=Owner.US,
        meaning="the topic with the schema history is lost or incomplete",
        next_step="find out who deleted records of that topic; a new snapshot of the schema rebuilds the "
        "history (set snapshot.mode=recovery once)",
        command=_LOGS,
    ),
    ErrorClass(
        "DDL",
        _pattern("DDL statement couldn't be parsed|ParsingException|DML statement couldn't be parsed"),
        retry=False,
        owner=Owner.US,
        meaning="the connector cannot parse a DDL statement, which changed a table's structure",
        next_step="copy the statement from the worker's log and report it; the connector does not skip it, "
        "because later changes might then be read wrongly",
        command=_LOGS,
    ),
    ErrorClass(
        "database rights",
        _pattern(
            "ORA-01031|ORA-00942|ORA-01950|ORA-41900|ORA-44413",
            "Supplemental logging not properly configured|not configured to use a archive log",
            # Debezium's message for a table that was dropped between its first check and its read.
            r"io\.debezium\.relational\.Table\.\w+\(\)\W+because \W*table\W* is null",
        ),
        retry=False,
        owner=Owner.DATABASE,
        meaning="the connector lacks a privilege in the database, or a captured table does not exist",
        next_step="restore a table that was dropped; then let the DBA run the script of grants",
        command=_ORACLE,
    ),
    ErrorClass(
        "cluster rights",
        _pattern(
            r"(?:Topic|Group|Cluster|TransactionalId)AuthorizationException|SaslAuthenticationException",
            r"Not authorized to access|SslAuthenticationException|_AUTHORIZATION_FAILED",
        ),
        retry=False,
        owner=Owner.PLATFORM,
        meaning="the connector lacks a permission on the Kafka cluster",
        next_step="let the cluster's owners grant the permissions that the script lists",
        command=_BROKER,
    ),
    # Before those about time: Connect's message about it speaks of a timeout.
    ErrorClass(
        "fenced",
        _pattern(
            r"ProducerFenced|InvalidProducerEpoch|produce with an old epoch",
            "producer transaction expired|newer producer with the same transactionalId",
        ),
        retry=True,
        owner=Owner.US,
        meaning="another producer took over the task's transactional id, or the task's transaction timed out",
        next_step="check whether a second worker or a second stage runs this connector; a worker that paused "
        "for too long is fenced too, and recovers by itself",
        command=_LOGS,
    ),
    ErrorClass(
        "unknown topic",
        _pattern(r"UnknownTopicOrPartition|UNKNOWN_TOPIC_OR_PARTITION|not present in metadata after"),
        retry=True,
        owner=Owner.PLATFORM,
        meaning="a topic that the connector writes to does not exist",
        next_step="launch again: a launch creates missing topics",
        command=_LAUNCH,
    ),
    ErrorClass(
        "memory",
        _pattern(
            r"OutOfMemoryError|Java heap space|GC overhead limit exceeded|ORA-04030|ORA-04031|ORA-04036"
        ),
        retry=True,
        owner=Owner.US,
        meaning="memory ran out",
        next_step="check for a very large transaction; if there is none, raise task_memory and "
        "container_memory in the stage's config.yaml, then launch again",
        command=_LAUNCH,
    ),
    ErrorClass(
        "unknown database",
        _pattern("ORA-12514|ORA-12505|ORA-65011"),
        # A listener that starts before its database reports this too.
        retry=True,
        owner=Owner.US,
        meaning="the database's listener does not know the service or database",
        next_step="fix 'dbname' (or 'sid', 'pdb') in the secret dbInfo, then launch again",
        command=_LAUNCH,
        of_database="does not know the service or database",
    ),
    ErrorClass(
        "brokers",
        _pattern(
            r"kafka\.common\.errors\.(?:Timeout|Network|Disconnect|NotEnoughReplicas|BrokerNotAvailable)\w*",
            r"Expiring \d+ record|the brokers do not answer|Failed to construct kafka (?:producer|consumer)",
            r"Bootstrap broker \S+ disconnected|Timed out waiting to send the call",
        ),
        retry=True,
        owner=Owner.PLATFORM,
        meaning="the brokers do not answer",
        next_step="ask the cluster's owners whether the brokers run, and whether their security group allows "
        "the connector's",
        command=_BROKER,
    ),
    ErrorClass(
        "unreachable",
        _pattern(
            "ORA-12541|ORA-12170|ORA-17820|ORA-17868|ORA-18954|ORA-12543|ORA-12545|Connection refused",
            "Network Adapter could not|UnknownHost|unknown host|timed? ?out|no connection within",
            "No route to host|Network is unreachable|Connection reset|Broken pipe",
            "ORA-03113|ORA-03114|ORA-03135|ORA-12537|ORA-12547",
            "ORA-01033|ORA-01034|ORA-01089|ORA-12528|ORA-12526|I/O error",
        ),
        retry=True,
        owner=Owner.NETWORK,
        meaning="the database cannot be reached",
        next_step="check that the database runs and that its security group allows the connector's, then "
        "launch again",
        command=_LAUNCH,
        of_database="cannot be reached",
    ),
    # Debezium's Oracle connector reports this for a refused login too; only its log has the ORA- number.
    ErrorClass(
        "no-session",
        _pattern("Failed to resolve Oracle database version"),
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database gives the connector no session, and only the worker's log has the reason",
        next_step="read Oracle's own message (ORA- and a number) in the worker's log; fix address, service, "
        "user or password in the secret dbInfo, then launch again",
        command=_LOGS,
        of_database="gives the connector no session",
    ),
)

#: For errors that no other class describes. An unneeded restart does no harm, and the budget limits them.
UNKNOWN = ErrorClass(
    "unknown",
    re.compile(""),
    retry=True,
    owner=Owner.US,
    meaning="an error that no class describes",
    next_step="read the trace in the worker's log, fix its cause, then launch again",
    command=_LOGS,
)


def _observed(name: str, owner: Owner, meaning: str, next_step: str, command: str) -> ErrorClass:
    """An error that no trace reports: it is seen from outside, and no restart of a task fixes it."""
    return ErrorClass(name, re.compile("(?!)"), False, owner, meaning, next_step, command)


WORKER = _observed(
    "worker",
    Owner.US,
    "the Connect worker does not run, or does not answer",
    "read why the last task stopped and the newest lines of its log",
    _LOGS,
)
CONNECTOR_MISSING = _observed(
    "connector missing",
    Owner.US,
    "Connect has no connector of this stage, or returns no status for it",
    "launch again: a launch registers it",
    _LAUNCH,
)
NOT_RUNNING = _observed(
    "not running",
    Owner.US,
    "the connector or its task does not run, although nobody has stopped it and nothing has failed",
    "read in the worker's log why it does not start; if the log has no reason, stop the task in ECS: the new "
    "worker starts it",
    _LOGS,
)
LAGGING = _observed(
    "lag",
    Owner.US,
    "changes reach the topics late",
    "check whether the lag grows; ask the DBA whether a large batch or a long transaction is running",
    _STATUS,
)
ARCHIVED_LOG_EXPIRING = _observed(
    "archived-log-expiring",
    Owner.DATABASE,
    "the database will soon delete, or has deleted, log that the connector has not read",
    "before you restart anything, ask the DBA to keep archived logs longer",
    _ORACLE,
)
BUFFER_FILLING = _observed(
    "transaction-buffer",
    Owner.DATABASE,
    "an open transaction of the database takes much of the worker's heap; a full heap ends the worker, which "
    "then reads the transaction again",
    "ask the DBA which transaction has been open for long (V$TRANSACTION) and have it committed; if such "
    "transactions are normal, raise task_memory and container_memory, then launch",
    _ORACLE,
)
STALLED = _observed(
    "stalled",
    Owner.US,
    "the task runs, but no heartbeat reaches its topic",
    "look for producer errors in the worker's log; if the topic does not exist, launch again",
    _LOGS,
)
HEARTBEAT_TABLE_STALE = _observed(
    "heartbeat-table-stale",
    Owner.DATABASE,
    "no change of the heartbeat table comes back through the database's log",
    "check that the table has its one row, supplemental logging and the connector's grants; if it has, ask "
    "the DBA what delays the log",
    _ORACLE,
)
#: What Debezium passes over while it runs on (`skipped_lines`); the names are those of `Skip`.
SKIPPED = (
    _observed(
        "unsupported-change",
        Owner.DATABASE,
        "LogMiner could not read a change of a captured table, so Debezium left it out and ran on",
        "take a snapshot of the table, which tells of no deleted row; ask the DBA which statement or column "
        "type LogMiner does not support (OPERATION_CODE 255 at that SCN); then acknowledge it",
        _SNAPSHOT,
    ),
    _observed(
        "table-truncated",
        Owner.WMS,
        "rows of a captured table were removed by TRUNCATE or with a partition, and no record tells of it",
        "ask the WMS team whether it was meant; let the topic's consumers remove the older rows; if rows "
        "were loaded again in a way that redo does not show, take a snapshot; then acknowledge it",
        _ACKNOWLEDGE,
    ),
    _observed(
        "table-dropped",
        Owner.WMS,
        "a captured table was dropped or renamed: no record tells of its rows, and no change of it is read",
        "ask the WMS team whether it was meant; a table that is made again needs supplemental logging and "
        "grants, as the script has them, and then a snapshot; then acknowledge it",
        _ORACLE,
    ),
    _observed(
        "table-not-visible",
        Owner.DATABASE,
        "the connector does not see a captured table: it was dropped or renamed, or the SELECT right of the "
        "connector's user is gone; then its changes still arrive, but no snapshot reads it",
        "let the DBA check the grants with the script, and run what is missing; if the table is not there, "
        "ask the WMS team; then restart the connector, whose start checks it: that ends this finding",
        _ORACLE,
    ),
    _observed(
        "table-not-logged",
        Owner.DATABASE,
        "a captured table has no ALL COLUMN supplemental logging: its records lack unchanged columns",
        "let the DBA add supplemental logging, which the script does too; then take a snapshot, and "
        "acknowledge it or restart the connector, which checks the table again",
        _ORACLE,
    ),
    *LOST,
)
OBSERVED = (
    WORKER,
    CONNECTOR_MISSING,
    NOT_RUNNING,
    LAGGING,
    ARCHIVED_LOG_EXPIRING,
    BUFFER_FILLING,
    STALLED,
    HEARTBEAT_TABLE_STALE,
    *SKIPPED,
)

#: Stack frames: class names in them would be taken for causes.
_FRAME = re.compile(r"^\s*(?:at\s+\S|\.\.\. \d+ more).*$", re.MULTILINE)


def classify(trace: str) -> ErrorClass:
    """The class of a trace, or of any text about a failure; `UNKNOWN` when no other matches."""
    message = _FRAME.sub("", trace)
    return next((found for found in ERROR_CLASSES if found.pattern.search(message)), UNKNOWN)


def named(name: str) -> ErrorClass:
    """The class called `name`; `UNKNOWN` for one that only another version of this table has."""
    name = error_class(name)
    return next((found for found in (*ERROR_CLASSES, *OBSERVED) if found.name == name), UNKNOWN)


def database_error(text: str) -> ErrorClass | None:
    """The error of the connection to the database that a text reports, if any."""
    return next((f for f in ERROR_CLASSES if f.of_database and f.pattern.search(text)), None)


def explain_database(text: str, address: str) -> str | None:
    """`text` as one sentence about the database at `address` (`host:port`); None if it is not about it."""
    error = database_error(text)
    if error is None:
        return None
    cause = root_cause(text).rstrip(".")
    return f"the database at {address} {error.of_database}: {cause}; {error.next_step}"
