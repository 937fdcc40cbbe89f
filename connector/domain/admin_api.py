"""The requests to the admin Lambda and its answers.

Each request is short and idempotent: the function checks once, changes at most one thing and answers. The
caller repeats a request that answers `waiting` until its own deadline. So the caller can show progress, and
no step is bound by Lambda's time limit.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from connector.domain import request_values
from connector.domain.capture.offsets import pairs
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import OperatorError, ServerError
from connector.domain.health.maintenance_window import WindowRequest
from connector.domain.reconcile.run import ReconcileRequest
from connector.domain.request_values import LogEvent
from connector.domain.stage.backup import check_id


class Procedure(StrEnum):
    """Operations that are requested one after the other, in the order of `Operation`."""

    REGISTRATION = "registration"
    TEARDOWN = "teardown"


@dataclass(frozen=True)
class CallPolicy:
    """How a caller deals with an operation.

    `wait_seconds` is how long the caller repeats a request that answers `waiting`; with 0 it asks once.
    `procedure` is the sequence that the operation is a step of. A step that is not `required` may fail, and
    its procedure continues. An operation that is not `repeatable` may have been carried out although its
    answer was lost, so only a person may request it again.
    """

    wait_seconds: float = 0
    procedure: Procedure | None = None
    required: bool = True
    repeatable: bool = True


def _step(procedure: Procedure, wait_seconds: float, *, required: bool = True) -> CallPolicy:
    return CallPolicy(wait_seconds, procedure, required)


#: How long a task has to connect to its source after a restart, in seconds: a start takes 10 to 30, and
#: Debezium tries again after 10.
CONNECTED_SECONDS = 90

_REGISTRATION = Procedure.REGISTRATION
_TEARDOWN = Procedure.TEARDOWN
_ONCE = CallPolicy()
_COMMAND = CallPolicy(wait_seconds=120)
_UNREPEATED = CallPolicy(repeatable=False)


class Operation(StrEnum):
    """What can be requested of the admin Lambda, and how.

    The order matters: `REGISTRATION` and `TEARDOWN` take theirs from it. A new operation needs a line here
    and a row in `lambda_src.connect_admin.operations`, and nothing else.
    """

    #: Typed for mypy: what goes over the wire.
    _value_: str
    policy: CallPolicy

    def __new__(cls, value: str, policy: CallPolicy = _ONCE) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.policy = policy
        return member

    #: May the stage use the brokers' cluster? Asked before there is a worker, which would leave topics.
    #: Brokers that do not answer the function do not answer a worker either: both have the same network.
    CLUSTER = "cluster", CallPolicy(wait_seconds=30)
    #: What would a launch change for ever? Asked with the settings of the caller's checkout. Changes nothing.
    CHANGES = "changes", CallPolicy(wait_seconds=60)
    #: Would new workers get a login and a session? Asked before those that stream are replaced, through one
    #: of them; of a first launch only names and ports can be tried.
    TRY = "try", CallPolicy(wait_seconds=60)
    #: Under which Connect group do the stage's workers run? Asked before their stack is created or changed.
    CONNECT_GROUP = "connect-group", CallPolicy(wait_seconds=20)
    #: Is there a Connect worker that answers `GET /`? Brings the workers back if a teardown had ended them.
    #: CloudFormation has waited for the workers of a changed stack; this covers one that is being replaced.
    READY = "ready", _step(_REGISTRATION, 300)
    #: Make sure that the stage's topics exist with the right settings.
    TOPICS = "topics", _step(_REGISTRATION, 120)
    #: Let Connect validate the connector config.
    VALIDATE = "validate", _step(_REGISTRATION, 120)
    #: Create the connector, or update it if its config differs.
    REGISTER = "register", _step(_REGISTRATION, 120)
    #: Do connector and task run, and is the source connected? The first connection to the source includes the
    #: structure snapshot.
    VERIFY = "verify", _step(_REGISTRATION, 300)
    #: Write the stage record.
    RECORD = "record", _step(_REGISTRATION, 60)
    #: The steps of a registration in their order, as far as each is done at once.
    REGISTRATION = "registration"
    #: Report the state of workers, connector, task and source. Changes nothing.
    STATUS = "status"
    #: The names of all topics of the cluster. Changes nothing.
    TOPIC_NAMES = "topic-names"
    #: Restart the connector and its task, whether they have failed or not.
    RESTART = "restart", _UNREPEATED
    #: Pause the connector: it keeps its task and reads nothing.
    PAUSE = "pause", _COMMAND
    #: Resume a paused or stopped connector.
    RESUME = "resume", _COMMAND
    #: End the connector's task; config and offsets stay.
    STOP = "stop", _COMMAND
    #: Open a maintenance window, or move the end of the open one: mails and restarts are held.
    MAINTENANCE_START = "maintenance-start", _COMMAND
    #: End it; the next health check sends its summary.
    MAINTENANCE_END = "maintenance-end", _COMMAND
    #: Show it. Changes nothing.
    MAINTENANCE_SHOW = "maintenance-show", _COMMAND
    #: Is the source connected, after a restart or a resume? Changes nothing.
    CONNECTED = "connected", CallPolicy(wait_seconds=CONNECTED_SECONDS)
    #: Show the connector's offsets, and what is known of them. Changes nothing.
    OFFSETS = "offsets", _COMMAND
    #: End the task before its offsets are changed. Who has halted the connector before still does.
    OFFSETS_STOP = "offsets-stop", _COMMAND
    #: Replace the offsets of a stopped connector.
    OFFSETS_RESTORE = "offsets-restore", _COMMAND
    #: Delete the offsets of a stopped connector: its next start begins with the initial snapshot.
    OFFSETS_RESET = "offsets-reset", _COMMAND
    #: Write a backup of offsets, schema history, connector config and stage record to the bucket.
    BACKUP = "backup"
    #: The ids of the stage's backups. Changes nothing.
    BACKUP_LIST = "backup-list", _COMMAND
    #: What one backup holds. Changes nothing.
    BACKUP_SHOW = "backup-show", _COMMAND
    #: Write schema history and offsets of a backup back. The connector is stopped, or created stopped.
    BACKUP_RESTORE = "backup-restore", CallPolicy(wait_seconds=300)
    #: What has a stage lost, what does that cost, and how is it rebuilt? Changes nothing.
    LOSSES = "losses", _COMMAND
    #: Write the stage record of a backup, if the state table has none.
    RESTORE_RECORD = "restore-record", _COMMAND
    #: End the workers, which have lost Connect's own topics; READY brings them back.
    END_WORKERS = "end-workers", CallPolicy(wait_seconds=240)
    #: How does the config that Connect has differ from the one that a launch would register? Changes nothing.
    CONFIG_DIFF = "config-diff", _COMMAND
    #: Take a snapshot of tables while the connector runs. One signal for each id, so it can be repeated.
    SNAPSHOT = "snapshot", _COMMAND
    #: How far is a requested snapshot? Changes nothing.
    SNAPSHOT_PROGRESS = "snapshot-progress"
    #: Go on with a comparison of source and topics, or begin one: a step each time that it is asked.
    RECONCILE = "reconcile", CallPolicy(wait_seconds=6 * 3600)
    #: Delete what a comparison has made, but its topics, also what one that was killed has left.
    RECONCILE_CLEAN = "reconcile-clean", CallPolicy(wait_seconds=180)
    #: Take skipped changes of tables as known: they are no finding any more. Without tables: all of them.
    ACKNOWLEDGE = "acknowledge", _COMMAND
    #: What a rotation of changed secrets would do. Tries no login, changes nothing.
    ROTATE_CHECK = "rotate-check", _COMMAND
    #: Go on with a rotation of changed secrets, or begin one: a step each time that it is asked.
    ROTATE = "rotate", CallPolicy(wait_seconds=2400)
    #: Clear the mark of a teardown: a launch has begun. A teardown that still runs stops at its next step.
    CANCEL_TEARDOWN = "cancel-teardown"
    # Steps of a teardown: readers and writers of a topic end before the topic is deleted.
    #: Mark the stage as being torn down, and check that the cluster is the one it was registered on.
    TEARDOWN_MARK = "retire-mark", _step(_TEARDOWN, 60)
    #: Stop the connector, delete its offsets, delete it. Its topics and its worker are deleted anyway; an
    #: orderly stop also closes its sessions with the source at once.
    TEARDOWN_CONNECTOR = "retire-connector", _step(_TEARDOWN, 30, required=False)
    #: End the workers and wait until they have left their group. A worker has 120 s to leave before ECS kills
    #: it, and its group notices a killed one after 10 s.
    TEARDOWN_WORKERS = "retire-workers", _step(_TEARDOWN, 240)
    #: Delete the stage's topics.
    TEARDOWN_TOPICS = "retire-topics", _step(_TEARDOWN, 180)
    #: Delete the stage's consumer groups.
    TEARDOWN_GROUPS = "retire-groups", _step(_TEARDOWN, 90)


def _steps(procedure: Procedure) -> tuple[Operation, ...]:
    return tuple(operation for operation in Operation if operation.policy.procedure is procedure)


REGISTRATION = _steps(Procedure.REGISTRATION)
TEARDOWN = _steps(Procedure.TEARDOWN)

#: How long the function may run, in seconds. The caller waits longer: boto3 gives up reading an answer after
#: `READ_TIMEOUT_SECONDS` and, unasked, invokes again. Between the two comes the start of a new execution
#: environment, which Lambda does not count ("Lambda execution environment lifecycle", Lambda's Developer
#: Guide); ours imports for 0.3 s of processor time, on a share of a processor. What a request needs beyond
#: that, 0.6 s more, it imports in its own time.
FUNCTION_TIMEOUT_SECONDS = 50
COLD_START_SECONDS = 8
#: boto3's own, which Sceptre leaves as it is.
READ_TIMEOUT_SECONDS = 60
#: What an operation leaves of the function's time: to log, to answer, and to stop what does not stop at once.
SPARE_SECONDS = 4


class State(StrEnum):
    """How a request ended."""

    DONE = "done"
    #: Not yet; ask again.
    WAITING = "waiting"
    #: Repeating the request does not help until somebody has fixed the cause.
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    """The answer to one request. `summary` is one line without a confidential value."""

    state: State
    summary: str
    #: Whether this request changed anything.
    changed: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    #: Whether AWS denied the function a right, which it may have got a moment ago.
    denied: bool = False

    def to_payload(self) -> dict[str, Any]:
        """As the Lambda returns it: plain JSON."""
        return {**asdict(self), "state": self.state.value, "details": dict(self.details)}

    @classmethod
    def from_payload(cls, payload: object) -> "Answer":
        """The inverse of `to_payload`; anything else means that another version is deployed."""
        if not isinstance(payload, Mapping):
            raise ServerError(f"the admin Lambda answered {type(payload).__name__}, not an object")
        try:
            return cls(
                State(payload["state"]),
                str(payload["summary"]),
                bool(payload.get("changed", False)),
                dict(payload.get("details", {})),
                bool(payload.get("denied", False)),
            )
        except (KeyError, ValueError) as error:
            raise ServerError(f"the admin Lambda's answer cannot be parsed ({error})") from None


#: The most workers that a stage may be configured to have. The connector has one task, so more than two only
#: cost money.
MOST_WORKERS = 10

#: How an answer begins that refuses to register because a teardown has begun.
TORN_DOWN = "the stage is being torn down"


@dataclass(frozen=True)
class Request:
    """One request.

    `desired_count` is how many workers the stage is configured to have, if that is given. `launch` says that
    the request is part of a launch, which may cancel an interrupted teardown. `stage` is the stage that the
    caller means: a teardown must name it. `marked` says that the caller has marked the stage as being torn
    down before: if the mark is gone, it is not set again. `tables` are the tables for a snapshot or an
    acknowledgement, as SCHEMA.TABLE; none: all.
    `log` are events of the worker's log, each with its time in milliseconds since 1970, for a request for the
    status: the function has no right to read them. None when the caller could not read them either.
    `retry_login`: what makes a task log in may try once more what was refused, as an operator wants.
    `why`: why an operator pauses or stops the connector, one line, or why a backup is written;
    `remind_seconds`: when people are reminded of a halt first. `offsets` are those to restore. `snapshot` is
    the snapshot that is requested or asked about.
    """

    operation: Operation
    desired_count: int | None = None
    launch: bool = False
    stage: str | None = None
    tables: tuple[str, ...] = ()
    log: tuple[LogEvent, ...] | None = None
    marked: bool = False
    retry_login: bool = False
    why: str = ""
    remind_seconds: int = 0
    offsets: tuple[Mapping[str, Any], ...] = ()
    snapshot: SnapshotRequest | None = None
    #: The comparison that is requested.
    reconcile: ReconcileRequest | None = None
    #: An operator has asked the DBA whether the redo log of the offsets' position is there.
    position_checked: bool = False
    #: The connector's settings of the caller's checkout, as `ConnectorSettings.to_json` writes them.
    settings: str | None = None
    #: The names of changes that cannot be undone and are confirmed (`guarded_changes`).
    confirmed: tuple[str, ...] = ()
    #: When this launch has changed the connector, as the function told: a record must be younger.
    since: float = 0
    #: The maintenance window that is to be opened; `why` is its reason.
    window: WindowRequest | None = None
    #: The id of the backup that is meant; empty: the newest that fits.
    backup: str = ""

    def to_payload(self) -> dict[str, Any]:
        """As the Lambda is sent it: plain JSON, without what is not given."""
        given = {
            "desired_count": self.desired_count,
            "launch": self.launch or None,
            "marked": self.marked or None,
            "retry_login": self.retry_login or None,
            "stage": self.stage,
            "tables": list(self.tables) or None,
            "log": None if self.log is None else [list(event) for event in self.log],
            "why": self.why or None,
            "remind_seconds": self.remind_seconds or None,
            "offsets": [dict(pair) for pair in self.offsets] or None,
            "snapshot": None if self.snapshot is None else self.snapshot.to_payload(),
            "reconcile": None if self.reconcile is None else self.reconcile.to_payload(),
            "position_checked": self.position_checked or None,
            "settings": self.settings,
            "confirmed": list(self.confirmed) or None,
            "since": self.since or None,
            "window": None if self.window is None else self.window.to_payload(),
            "backup": self.backup or None,
        }
        known = {name: value for name, value in given.items() if value is not None}
        return {"operation": self.operation.value, **known}

    @classmethod
    def from_payload(cls, payload: object) -> "Request":
        """The inverse of `to_payload`; raises `OperatorError` with what is known."""
        content = payload if isinstance(payload, Mapping) else {}
        try:
            operation = Operation(str(content.get("operation")))
        except ValueError:
            known = ", ".join(Operation)
            raise OperatorError(f"the request names no known operation; known: {known}") from None
        count = content.get("desired_count")
        whole = isinstance(count, int) and not isinstance(count, bool)
        if count is not None and not (whole and 1 <= count <= MOST_WORKERS):
            raise OperatorError(
                f"the request's desired_count {count!r} is not a whole number from 1 to {MOST_WORKERS}"
            )
        stage = content.get("stage")
        if stage is not None and not isinstance(stage, str):
            raise OperatorError(f"the request's stage {stage!r} is not a string")
        tables = content.get("tables", [])
        if not isinstance(tables, list) or not all(isinstance(table, str) for table in tables):
            raise OperatorError(f"the request's tables {tables!r} are not a list of strings")
        confirmed = content.get("confirmed", [])
        if not isinstance(confirmed, list) or not all(isinstance(name, str) for name in confirmed):
            raise OperatorError(f"the request's confirmed {confirmed!r} is not a list of strings")
        settings = content.get("settings")
        if settings is not None and not isinstance(settings, str):
            raise OperatorError(f"the request's settings {settings!r} are not a string")
        return cls(
            operation,
            count,
            content.get("launch") is True,
            stage,
            tuple(tables),
            request_values.log_events(content.get("log")),
            content.get("marked") is True,
            content.get("retry_login") is True,
            request_values.why(content.get("why", "")),
            request_values.remind_seconds(content.get("remind_seconds", 0)),
            pairs(content.get("offsets", [])),
            SnapshotRequest.from_payload(content.get("snapshot")),
            ReconcileRequest.from_payload(content.get("reconcile")),
            content.get("position_checked") is True,
            settings,
            confirmed=tuple(confirmed),
            since=request_values.since(content.get("since", 0)),
            window=WindowRequest.from_payload(content.get("window")),
            backup=check_id(str(content["backup"])) if content.get("backup") else "",
        )


def request(operation: Operation) -> dict[str, Any]:
    """The payload of a request without further values."""
    return Request(operation).to_payload()
