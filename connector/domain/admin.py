"""What is said between the hooks and the admin Lambda.

Each request is short and idempotent: the function looks once, does at most one thing and answers. The
caller repeats a request that answers `waiting` until its own deadline, which shows progress and survives
any limit on how long a function may run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from connector.domain.errors import OperatorError, ServerError


class Operation(StrEnum):
    """What the admin Lambda can be asked.

    `REGISTRATION` gives the order at launch, `RETIREMENT` the order at teardown.
    """

    #: May the stage live on the brokers' cluster? Asked before there is a worker, which would leave topics.
    CLUSTER = "cluster"
    #: Is there a Connect worker that answers `GET /`? Brings the workers back if a teardown had ended them.
    READY = "ready"
    #: Make sure that the stage's topics exist with the right settings.
    TOPICS = "topics"
    #: Let Connect validate the connector config.
    VALIDATE = "validate"
    #: Create the connector, or update it if its config differs.
    REGISTER = "register"
    #: Do connector and task run, and is the source connected?
    VERIFY = "verify"
    #: Write the stage record.
    RECORD = "record"
    #: What is there: workers, connector, task, source. Changes nothing.
    STATUS = "status"
    #: The names of all topics of the cluster. Changes nothing.
    TOPIC_NAMES = "topic-names"
    #: Restart the connector and its task, whether they have failed or not.
    RESTART = "restart"
    #: Let the connector keep its task, but read nothing.
    PAUSE = "pause"
    #: Let a paused or stopped connector go on.
    RESUME = "resume"
    #: End the connector's task; config and offsets stay.
    STOP = "stop"
    #: Where the connector is in its source. Changes nothing.
    OFFSETS = "offsets"
    #: Read tables anew, with the connector as it runs.
    SNAPSHOT = "snapshot"
    #: Note that the stage is being torn down, and see that the cluster is the one it was registered on.
    RETIRE_MARK = "retire-mark"
    #: Stop the connector, delete its offsets, delete it.
    RETIRE_CONNECTOR = "retire-connector"
    #: End the workers and see them leave their group.
    RETIRE_WORKERS = "retire-workers"
    #: Remove what the connector left in the source database.
    RETIRE_SOURCE = "retire-source"
    #: Delete the stage's topics.
    RETIRE_TOPICS = "retire-topics"
    #: Delete the stage's consumer groups.
    RETIRE_GROUPS = "retire-groups"


REGISTRATION = (
    Operation.READY,
    Operation.TOPICS,
    Operation.VALIDATE,
    Operation.REGISTER,
    Operation.VERIFY,
    Operation.RECORD,
)

#: The order matters: who reads or writes a topic is gone before the topic is.
RETIREMENT = (
    Operation.RETIRE_MARK,
    Operation.RETIRE_CONNECTOR,
    Operation.RETIRE_WORKERS,
    Operation.RETIRE_SOURCE,
    Operation.RETIRE_TOPICS,
    Operation.RETIRE_GROUPS,
)


#: How long the function may run, in seconds. Below the 60 s after which boto3 gives up reading an answer
#: and, unasked, invokes again.
FUNCTION_TIMEOUT_SECONDS = 58


class State(StrEnum):
    """How a request ended."""

    DONE = "done"
    #: Not yet; ask again.
    WAITING = "waiting"
    #: No use asking again before somebody has acted.
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    """The answer to one request. `summary` is one line without a confidential value."""

    state: State
    summary: str
    #: Whether this request changed anything.
    changed: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

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
            )
        except (KeyError, ValueError) as error:
            raise ServerError(f"the admin Lambda's answer is not understood ({error})") from None


@dataclass(frozen=True)
class Request:
    """What is asked.

    `desired_count` is how many workers the stage is configured to have, if that is told. `launch` tells that
    a launch asks, which ends a teardown that was cut off. `stage` is whose function the caller means: a
    retirement must say it. `tables` are those of which a snapshot is asked, as SCHEMA.TABLE; none: all.
    """

    operation: Operation
    desired_count: int | None = None
    launch: bool = False
    stage: str | None = None
    tables: tuple[str, ...] = ()

    def to_payload(self) -> dict[str, Any]:
        """As the Lambda is sent it: plain JSON, without what is not told."""
        payload: dict[str, Any] = {"operation": self.operation.value}
        if self.desired_count is not None:
            payload["desired_count"] = self.desired_count
        if self.launch:
            payload["launch"] = True
        if self.stage is not None:
            payload["stage"] = self.stage
        if self.tables:
            payload["tables"] = list(self.tables)
        return payload

    @classmethod
    def from_payload(cls, payload: object) -> "Request":
        """The inverse of `to_payload`; raises `OperatorError` with what is known."""
        content = payload if isinstance(payload, Mapping) else {}
        try:
            operation = Operation(str(content.get("operation")))
        except ValueError:
            known = ", ".join(Operation)
            raise OperatorError(f"the request names no operation that is known; known: {known}") from None
        count = content.get("desired_count")
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise OperatorError(f"the request's desired_count {count!r} is not a whole number from 1")
        stage = content.get("stage")
        if stage is not None and not isinstance(stage, str):
            raise OperatorError(f"the request's stage {stage!r} is no text")
        tables = content.get("tables", [])
        if not isinstance(tables, list) or not all(isinstance(table, str) for table in tables):
            raise OperatorError(f"the request's tables {tables!r} are no list of texts")
        return cls(operation, count, content.get("launch") is True, stage, tuple(tables))


def request(operation: Operation) -> dict[str, Any]:
    """The payload of a request that tells nothing else."""
    return Request(operation).to_payload()
