"""The connector config that is registered with Kafka Connect, as a pure function.

Credentials and the broker string are `${env:NAME}` references that the worker resolves; Connect stores
and shows the references only. Keys are those of Debezium 3.6 and of Confluent's JDBC source connector.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from connector.domain.capture.envelope import SCHEMA, converters
from connector.domain.capture.settings import UNREADABLE, ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth, client_security
from connector.domain.secrets.database import Database
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import CAPTURED_TABLES, JDBC_TABLES

#: References to the variables that the task definition injects; see `worker_environment`.
BOOTSTRAP_REFERENCE = "${env:KAFKA_BOOTSTRAP_SERVERS}"
USER_REFERENCE = "${env:DATABASE_USER}"
PASSWORD_REFERENCE = "${env:DATABASE_PASSWORD}"  # noqa: S105 - a reference, not a password

#: The key under which a config names the connector's class.
CLASS_KEY = "connector.class"
JDBC_CLASS = "io.confluent.connect.jdbc.JdbcSourceConnector"
#: The key of the JDBC connector's config under which the user's name is, or the reference to it.
JDBC_USER_KEY = "connection.user"

#: The key under which Connect keeps the connector's own name; Connect adds it to what it stores.
NAME_KEY = "name"


def connector_config(
    stage: Stage,
    database: Database,
    auth: KafkaAuth,
    settings: ConnectorSettings,
    *,
    private_ca: bool = False,
) -> Mapping[str, str]:
    """What `PUT /connectors/<name>/config` is given: every value is text, no value is confidential.

    `private_ca`: whether the stage has the secret `kafkaTls`. Without a setting, messages have the form of a
    new stage's; of a registered stage the caller gives the one it has (`envelope.kept_envelope`).
    """
    if settings.kind == "jdbc":
        source = _jdbc(stage, database, settings)
    else:
        security = client_security(auth, private_ca=private_ca)
        source = {**_debezium(stage, security, settings), **_oracle(stage, database, security)}
    return MappingProxyType(
        dict(sorted({**_COMMON, **converters(settings.envelope or SCHEMA), **source}.items()))
    )


def config_hash(config: Mapping[str, str]) -> str:
    """A short content hash: two configs share it exactly when they are equal."""
    text = json.dumps(dict(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(
    wanted: Mapping[str, str], stored: Mapping[str, str]
) -> Mapping[str, tuple[str | None, str | None]]:
    """The keys that differ: what Connect stores, and what is wanted. None stands for a key that is not there.

    Values that may be confidential are not shown; that they differ is.
    """
    ours, theirs = ({NAME_KEY: aws_names.CONNECTOR, **config} for config in (wanted, stored))
    return {
        key: (shown_value(key, theirs.get(key)), shown_value(key, ours.get(key)))
        for key in sorted({*ours, *theirs})
        if ours.get(key) != theirs.get(key)
    }


#: Keys whose values may be confidential unless they are references, and values with a login in a URL.
_CONFIDENTIAL_KEY = re.compile(
    r"password|passwd|secret|token|jaas|credential|[.]user|username|private", re.IGNORECASE
)
_LOGIN_IN_URL = re.compile(r"//[^/@\s]+@|thin:[^@\s]*/[^@\s]*@")


def shown_value(key: str, value: str | None) -> str | None:
    """A value of the config as it may be shown: somebody may have written a password into it by hand."""
    if value is None or value.startswith("${env:"):
        return value
    hidden = _CONFIDENTIAL_KEY.search(key) or _LOGIN_IN_URL.search(value)
    return "(not shown)" if hidden else value


def differs(wanted: Mapping[str, str], stored: Mapping[str, str]) -> bool:
    """Whether the config that Connect stores differs from the wanted one.

    Connect adds the connector's name to what it stores; that is not a difference.
    """
    ours = {**wanted, NAME_KEY: aws_names.CONNECTOR}
    theirs = {NAME_KEY: aws_names.CONNECTOR, **stored}
    return ours != theirs


def changed_keys(wanted: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    """The keys in which two configs differ, in order."""
    keys = (wanted.keys() | stored.keys()) - {NAME_KEY}
    return sorted(key for key in keys if wanted.get(key) != stored.get(key))


_COMMON = {
    "tasks.max": "1",
    # Registration creates the stage's topics; these keys only let Connect create a missing one.
    "topic.creation.default.partitions": "1",
    "topic.creation.default.replication.factor": "-1",
}


def _debezium(stage: Stage, security: Mapping[str, str], settings: ConnectorSettings) -> dict[str, str]:
    topics = stage.topics
    beating = [tuple(settings.heartbeat_table.split("."))] if settings.heartbeat_table else []
    read = [*CAPTURED_TABLES, *beating]
    tables = ",".join(re.escape(f"{schema}.{table}") for schema, table in read)
    schemas = ",".join(dict.fromkeys(schema for schema, _ in read))
    return {
        **(_heartbeat_table(stage, settings.heartbeat_table) if beating else {}),
        "exactly.once.support": "required",
        "topic.prefix": topics.prefix,
        "schema.include.list": schemas,
        "table.include.list": tables,
        "snapshot.mode": "initial",
        # Numbers as text: JSON readers lose digits of large decimals, and `precise` is base64 to them.
        "decimal.handling.mode": "string",
        "time.precision.mode": "connect",
        # How long a change waits in the connector's queue for others, unless a whole batch is there. With
        # Debezium's default, 500 ms, that is most of the way from the connector to a consumer; what other
        # intervals cost an idle worker is in docs/benchmarks.md.
        "poll.interval.ms": "20",
        "heartbeat.interval.ms": str(settings.heartbeat_seconds * 1000),
        "topic.heartbeat.name": topics.one("heartbeat"),
        "errors.max.retries": "-1",
        # Debezium's default writes null for a value that it cannot convert, and a line to the log.
        "event.converting.failure.handling.mode": UNREADABLE[settings.unreadable_values],
        # Debezium repeats a refused login too. Its log line stops the connector within a minute: with 30 s
        # after three tries at most, of the ten that Oracle allows by default; with 10 s it could be seven.
        # The figures are in docs/operations.md, "Logins that are refused".
        "retriable.restart.connector.wait.ms": str(settings.retry_wait_seconds * 1000),
        "connection.validation.timeout.ms": str(settings.validation_timeout_seconds * 1000),
        "database.user": USER_REFERENCE,
        "database.password": PASSWORD_REFERENCE,
        "signal.enabled.channels": "kafka",
        "signal.kafka.topic": topics.one("signal"),
        "signal.kafka.groupId": topics.signal_group,
        "signal.kafka.bootstrap.servers": BOOTSTRAP_REFERENCE,
        # The channel's consumer does its work only while it is polled, once in 5 s, for 0.1 s by default. A
        # connection with TLS and a login takes longer than that, so it is cut off again and again by its time
        # limit (10 s), and no signal is ever received: seen on brokers with SCRAM.
        "signal.kafka.poll.timeout.ms": "4000",
        **_prefixed("signal.consumer.", security),
        "notification.enabled.channels": "sink",
        "notification.sink.topic.name": topics.one("notification"),
    }


def _beat(heartbeat_table: str) -> str:
    """Update the table's one row, if every captured table is there.

    Debezium does not fail when a table is dropped or its grant is revoked: it continues with the others. The
    database then refuses this statement, which fails the task, with the message in its trace.
    """
    # No row of any table is read.
    tables = (f'SELECT 1 FROM "{schema}"."{table}" WHERE 1 = 0' for schema, table in CAPTURED_TABLES)  # noqa: S608
    none = " UNION ALL ".join(tables)
    # No quotes around the heartbeat table: Oracle reads its name as upper case.
    return f"UPDATE {heartbeat_table} SET BEAT_TS = CURRENT_TIMESTAMP WHERE NOT EXISTS ({none})"  # noqa: S608


def _heartbeat_table(stage: Stage, table: str) -> dict[str, str]:
    """Send the changes of the heartbeat table's one row to a topic of our catalogue.

    Without the router Debezium would name the topic after the table, which is not in the catalogue.
    """
    topics = stage.topics
    return {
        "heartbeat.action.query": _beat(table),
        "transforms": "heartbeat",
        "transforms.heartbeat.type": "org.apache.kafka.connect.transforms.RegexRouter",
        # Whatever the case in which the setting has the name: Oracle's own is upper case.
        "transforms.heartbeat.regex": f"{re.escape(topics.prefix)}\\.(?i:{re.escape(table)})",
        "transforms.heartbeat.replacement": topics.one("heartbeat_table"),
    }


def _oracle(stage: Stage, database: Database, security: Mapping[str, str]) -> dict[str, str]:
    return {
        CLASS_KEY: "io.debezium.connector.oracle.OracleConnector",
        # Without this key the values of log.mining.* are not validated.
        "database.connection.adapter": "logminer",
        **_oracle_address(database),
        # The driver's own keep-alive: an idle flow dies after 350 s in AWS's network.
        "driver.oracle.net.keepAlive": "true",
        # Debezium's default, `skip`, loses the changes of every transaction that is open when the snapshot
        # begins: they are in no snapshot, and begin before the position at which streaming starts.
        "internal.log.mining.transaction.snapshot.boundary.mode": "all",
        # Debezium's default, SYS and SYSTEM, passes over what a DBA changes in a captured table: a TRUNCATE
        # or a DROP would leave no line, and a new column would stop the task at the first row with it
        # (AbstractLogMinerStreamingChangeEventSource.isSchemaChangeEventSkipped of v3.6.1.Final). DDL of all
        # other tables is passed over before it is parsed, as only captured tables' DDL is stored (below).
        "internal.log.mining.schema_changes.username.exclude.list": "",
        "include.schema.changes": "true",
        "schema.history.internal.kafka.topic": stage.topics.one("schema_history"),
        "schema.history.internal.kafka.bootstrap.servers": BOOTSTRAP_REFERENCE,
        "schema.history.internal.store.only.captured.tables.ddl": "true",
        **_prefixed("schema.history.internal.producer.", security),
        **_prefixed("schema.history.internal.consumer.", security),
    }


def _oracle_address(database: Database) -> dict[str, str]:
    """Host, port and service name; a SID or a URL becomes `database.url`, which Debezium prefers."""
    address: dict[str, str] = {}
    if database.url is not None:
        address["database.url"] = database.url
    elif database.sid is not None:
        address["database.url"] = f"jdbc:oracle:thin:@{database.host}:{database.port}:{database.sid}"
    else:
        address["database.hostname"] = database.host
        address["database.port"] = str(database.port)
    # Debezium requires the name even beside a URL: it selects the container database.
    name = database.dbname or database.sid
    if name is None:
        raise OperatorError("dbInfo names no database; add 'dbname' (a service name) to the secret")
    address["database.dbname"] = name
    if database.pdb is not None:
        address["database.pdb.name"] = database.pdb
    return address


def _jdbc(stage: Stage, database: Database, settings: ConnectorSettings) -> dict[str, str]:
    """Confluent's polling connector, with the settings of the runtime that this project replaces.

    Its plugin is in the image only where the build names it (docs/decisions/0005). It does not support
    exactly-once, so the config does not require it.
    """
    # It names a topic prefix + table, without the schema: the prefix carries the schema, so there is one.
    (schema,) = {schema for schema, _ in JDBC_TABLES}
    prefix = (
        f"{stage.topics.jdbc_prefix}{schema}."
        if settings.jdbc_topics == "schema"
        else stage.topics.jdbc_prefix
    )
    return {
        CLASS_KEY: JDBC_CLASS,
        "connection.url": _jdbc_url(database),
        JDBC_USER_KEY: USER_REFERENCE,
        "connection.password": PASSWORD_REFERENCE,
        # The driver's own keep-alive: an idle flow dies after 350 s in AWS's network.
        "connection.oracle.net.keepAlive": "true",
        "mode": "timestamp",
        "timestamp.column.name": "SYS_ADD_TS",
        "poll.interval.ms": "2000",
        "batch.max.rows": "1000",
        "schema.pattern": schema,
        "table.whitelist": ",".join(f"{schema}.{table}" for _, table in JDBC_TABLES),
        "topic.prefix": prefix,
    }


def _jdbc_url(database: Database) -> str:
    """Where the tables are: in the pluggable database, whose default service has its name."""
    if database.url is not None:
        return database.url
    service = database.pdb or database.dbname
    if service is None:
        return f"jdbc:oracle:thin:@{database.host}:{database.port}:{database.sid}"
    return f"jdbc:oracle:thin:@//{database.host}:{database.port}/{service}"


def _prefixed(prefix: str, block: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}{key}": value for key, value in block.items()}
