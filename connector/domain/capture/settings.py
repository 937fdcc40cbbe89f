"""What an operator may set about the connector, beyond what names and secrets already say."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from connector.domain.capture.envelope import ENVELOPES
from connector.domain.errors import OperatorError
from connector.domain.stage.topics import CAPTURED_TABLES, JDBC_TOPICS

KINDS = ("debezium", "jdbc")
#: What is done with a column's value that the connector cannot convert, and Debezium's word for it.
UNREADABLE = {"stop": "fail", "null": "warn"}
#: What a launch makes of the connector, and the state that Connect then shows.
STATES = {"running": "RUNNING", "paused": "PAUSED", "stopped": "STOPPED"}

#: Two names that Oracle reads without quotes around them, as upper case.
_TABLE = re.compile(r"[A-Z][A-Z0-9_]{0,127}\.[A-Z][A-Z0-9_]{0,127}")


@dataclass(frozen=True)
class ConnectorSettings:
    """The connector's settings in a stage's `config.yaml`, under `connector:`.

    Durations carry their unit in the name. The object travels to the Lambda as JSON in one environment
    variable, so that hook, health check and rotation build the same config.
    """

    #: `debezium` (log based) or `jdbc` (the predecessor's polling connector).
    kind: str = "debezium"
    #: How often a heartbeat record is written, in seconds: it proves the way from connector to topic.
    heartbeat_seconds: int = 10
    #: Partitions of each data topic. One keeps the order of a whole table.
    data_partitions: int = 1
    #: How long data topics keep records, in days.
    data_retention_days: int = 7
    #: How long Connect's validation may try to reach the database, in seconds.
    validation_timeout_seconds: int = 20
    #: How long Debezium waits before it repeats a connection that failed, in seconds. Each repetition with a
    #: wrong password brings the account closer to its lock, until the connector is stopped for it.
    retry_wait_seconds: int = 30
    #: For how long the DBA keeps an archived redo log after it was written, in hours; 0 while that is not
    #: known. From it the health check computes how much time is left before the position is lost.
    archived_log_hours: int = 0
    #: From which lag on people are notified, in seconds: the alarm, the finding and the dashboard follow it.
    lag_alarm_seconds: int = 900
    #: A table with one row, `SCHEMA.TABLE`, that the connector updates with each heartbeat: it proves the way
    #: from database to topic. Empty: there is none. `oracle-script` prints the statements that create it.
    heartbeat_table: str = ""
    #: The largest record that the data topics accept, compressed, in MiB. Consumers must be able to read it.
    max_record_mib: int = 1
    #: `stop`: a value that cannot be converted stops the connector. `null`: the value is left out and logged;
    #: somebody has to decide that, until the connector has read the row.
    unreadable_values: str = "stop"
    #: What a launch makes of the connector: `running`, `paused` (its task stays and reads nothing) or
    #: `stopped` (it has no task). Its position stays. What an operator has halted stands above it.
    state: str = "running"
    #: `schema`: each message is `{"schema": …, "payload": …}`, as Connect's JSON converter writes it.
    #: `plain`: the payload alone. Empty: `schema` for a new stage; a launched stage keeps what it has.
    envelope: str = ""
    #: Of the kind `jdbc`, the names of its topics: `schema` for `aws.wms.cdc.WMS.<TABLE>`, `bare` for
    #: `aws.wms.cdc.<TABLE>`. Which of them the consumers of the predecessor read shows on the cluster.
    jdbc_topics: str = "schema"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OperatorError(f"connector.kind {self.kind!r} is unknown; allowed: {', '.join(KINDS)}")
        if self.envelope not in ("", *ENVELOPES):
            raise OperatorError(
                f"connector.envelope {self.envelope!r} is unknown; allowed: {', '.join(ENVELOPES)}"
            )
        if self.jdbc_topics not in JDBC_TOPICS:
            raise OperatorError(
                f"connector.jdbc_topics {self.jdbc_topics!r} is unknown; allowed: {', '.join(JDBC_TOPICS)}"
            )
        if self.unreadable_values not in UNREADABLE:
            raise OperatorError(
                f"connector.unreadable_values {self.unreadable_values!r} is unknown; "
                f"allowed: {', '.join(UNREADABLE)}"
            )
        if self.state not in STATES:
            raise OperatorError(f"connector.state {self.state!r} is unknown; allowed: {', '.join(STATES)}")
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise OperatorError(f"connector.{name} {value!r} is not a whole number from {low} to {high}")
        self._check_heartbeat_table()

    def _check_heartbeat_table(self) -> None:
        table = self.heartbeat_table
        if table == "":
            return
        if not isinstance(table, str) or not _TABLE.fullmatch(table):
            raise OperatorError(
                f"connector.heartbeat_table {table!r} is not SCHEMA.TABLE in capital letters, digits and _"
            )
        if tuple(table.split(".")) in CAPTURED_TABLES:
            raise OperatorError(
                f"connector.heartbeat_table {table!r} is a captured table, which belongs to WMS; "
                "create another table for it (wms-connector oracle-script)"
            )
        if self.kind != "debezium":
            raise OperatorError(f"connector.heartbeat_table needs kind debezium, not {self.kind}")

    @property
    def connect_state(self) -> str:
        """The state that Connect shows once a launch has made it."""
        return STATES[self.state]

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "ConnectorSettings":
        """Settings from a mapping; an unknown key is refused with the known ones."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise OperatorError(f"connector.{unknown[0]} is an unknown setting; known: {', '.join(known)}")
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "ConnectorSettings":
        """The inverse of `to_json`."""
        try:
            values = json.loads(text)
        except ValueError as error:
            raise OperatorError(f"the connector's settings are not valid JSON: {error}") from None
        if not isinstance(values, dict):
            raise OperatorError("the connector's settings are not a JSON object")
        return cls.parse(values)

    def to_json(self) -> str:
        """A stable JSON text: the same settings give the same text."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


_RANGES = (
    ("heartbeat_seconds", 1, 3600),
    ("data_partitions", 1, 100),
    ("data_retention_days", 1, 3650),
    # The answer has to be back, and logged, before the admin function's own limit (FUNCTION_TIMEOUT_SECONDS).
    ("validation_timeout_seconds", 1, 35),
    ("retry_wait_seconds", 1, 600),
    ("archived_log_hours", 0, 8760),
    ("lag_alarm_seconds", 30, 86_400),
    # What the worker sends at most, uncompressed, is twice as much: producer.max.request.size.
    ("max_record_mib", 1, 8),
)
