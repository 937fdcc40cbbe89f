"""What one observation of a stage saw: facts without evaluation, and predicates on the states of Connect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health import worker_stops
from connector.domain.health.budget import Budget
from connector.domain.health.error_classes import WORKER
from connector.domain.health.halt import Halt
from connector.domain.health.maintenance_window import Window
from connector.domain.health.refused import RefusedCredentials
from connector.domain.health.rotation_state import Rotation
from connector.domain.health.scn import Position
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.state import HealthState
from connector.domain.stage.record import StageRecord

#: States of a connector that somebody causes: what is done on purpose is not an error.
HALTED = ("PAUSED", "STOPPED")
#: The probe that reads what Connect has stored for the connector, as a key of `Observation.probe_errors`.
POSITION_PROBE = "position"
_RUNNING = "RUNNING"
_FAILED = "FAILED"


@dataclass(frozen=True)
class TaskStatus:
    """State of one task; `trace` is there when it failed, `worker` is `address:port`."""

    id: int
    state: str
    worker: str
    trace: str = ""

    @property
    def runs(self) -> bool:
        """Whether Connect reports the task as running, which does not mean that its source is connected."""
        return self.state == _RUNNING

    @property
    def failed(self) -> bool:
        """Whether the task ended with an error, which Connect never retries."""
        return self.state == _FAILED


@dataclass(frozen=True)
class ConnectorStatus:
    """State of a connector and its tasks, as Connect's status topic has it."""

    state: str
    worker: str
    trace: str = ""
    tasks: Sequence[TaskStatus] = field(default_factory=tuple)

    @property
    def runs(self) -> bool:
        """Whether the connector and its tasks run, as far as Connect knows."""
        return self.state == _RUNNING and bool(self.tasks) and all(task.runs for task in self.tasks)

    @property
    def state_failed(self) -> bool:
        """Whether the connector itself, not only its task, has failed."""
        return self.state == _FAILED

    @property
    def failed(self) -> bool:
        """Whether the connector or a task has failed."""
        return self.state_failed or any(task.failed for task in self.tasks)

    @property
    def halted(self) -> bool:
        """Whether somebody has paused or stopped the connector."""
        return self.state in HALTED

    @property
    def stopped(self) -> bool:
        """Whether the connector is stopped, which ends its tasks."""
        return self.state == "STOPPED"

    @property
    def unassigned(self) -> bool:
        """Whether its worker has not taken it up yet, or has just left: it may be STOPPED a second later."""
        return self.state == "UNASSIGNED"

    @property
    def idle(self) -> bool:
        """Whether the connector or its task does not run, although nobody halted it and nothing failed."""
        return not (self.halted or self.failed or self.runs)

    @property
    def streams(self) -> bool:
        """Whether a task is meant to read the source, and does as far as Connect knows."""
        return not self.halted and any(task.runs for task in self.tasks)

    @property
    def running_at(self) -> tuple[str, ...]:
        """Addresses of the workers that run a task; only these have Debezium's metrics."""
        return tuple(task.worker.rpartition(":")[0] for task in self.tasks if task.runs)

    @property
    def traces(self) -> tuple[str, ...]:
        """The traces of what has failed, the connector's first."""
        own = (self.trace,) if self.state_failed else ()
        return (*own, *(task.trace for task in self.tasks if task.failed))

    def describe(self) -> str:
        """The states as a text, as `connector RUNNING, task 0 RUNNING`."""
        tasks = [f"task {task.id} {task.state}" for task in self.tasks] or ["no task"]
        return ", ".join((f"connector {self.state}", *tasks))


#: Heap for one change of an open transaction, in bytes: measured, 1,870 with rows of 500 (docs/sizing.md);
#: and more than the widest row of the four tables takes, old and new, at two bytes a character.
BYTES_PER_CHANGE, MOST_BYTES_PER_CHANGE = 1900, 20_000


@dataclass(frozen=True)
class Source:
    """What Debezium's MBeans say about the source of one connector.

    `streaming` is None when there is no such MBean. A snapshot counts as connected once it has
    determined its tables, for which it must have asked the database.
    """

    streaming: bool | None = None
    snapshot_running: bool = False
    snapshot_tables: int = 0
    #: How many tables of the snapshot are not read yet; None while none runs.
    tables_left: int | None = None
    #: How many seconds the last change that was read is behind the database; None while that is not known.
    seconds_behind_source: float | None = None
    #: Age of the last change seen, in seconds.
    seconds_since_last_event: float | None = None
    #: The database's current SCN when the connector last asked for it; None while it does not stream.
    scn: int | None = None
    #: For how many whole seconds the snapshot has been running, or ran.
    snapshot_seconds: float | None = None
    #: How full the queue between reading and writing is, from 0 to 1.
    queue_used_ratio: float | None = None
    #: Changes of open transactions that the connector holds on its heap, and the heap's limit in bytes.
    buffered_changes: float | None = None
    heap_limit: float | None = None
    #: Bytes of the heap that long-lived objects take, and garbage that was not collected yet.
    old_generation: float | None = None
    #: Bytes of the heap that objects take which have outlived a collection or a few.
    survivors: float | None = None
    #: Records that the task has read and the brokers have not confirmed yet, as Connect counts them.
    in_flight: float | None = None
    #: Records that the task has sent since it started, as Connect counts them.
    written: float | None = None
    #: Records that Connect could not handle since the task started.
    errors: float | None = None

    @property
    def buffer_percent(self) -> float | None:
        """How much of the heap the changes of open transactions take; None while not known.

        Their number tells it of rows as wide as the measured ones. Wider ones show in the old generation: all
        of it is ascribed to the buffer, as far as so many changes can fill it. Garbage in it may make the
        figure too large, never too small.
        """
        if self.buffered_changes is None or self.heap_limit is None or self.heap_limit <= 0:
            return None
        by_number = self.buffered_changes * BYTES_PER_CHANGE
        by_heap = min(self.old_generation or 0, self.buffered_changes * MOST_BYTES_PER_CHANGE)
        return 100 * max(by_number, by_heap) / self.heap_limit

    @property
    def heap_percent(self) -> float | None:
        """How much of the heap was in use after the last collection; None while not known.

        A collection empties Eden. What it leaves is in the other two pools, which stay as they are until the
        next one (but for single objects of more than half a region). The JVM's own figure, the collection
        usage of each pool, is no use for the old generation: G1 renews it after mixed and full collections
        only, so it read 0 % until a heap was 67 % full (OpenJDK 17, measured in docs/sizing.md).
        """
        if self.old_generation is None or self.heap_limit is None or self.heap_limit <= 0:
            return None
        return 100 * (self.old_generation + (self.survivors or 0)) / self.heap_limit

    @property
    def of_worker(self) -> Mapping[str, float]:
        """What the worker measures, whatever the source is, by metric; without what is not known."""
        measured = {
            "RecordsInFlight": self.in_flight,
            "RecordErrors": self.errors,
            "HeapAfterCollectionPercent": self.heap_percent,
        }
        return {name: value for name, value in measured.items() if value is not None}

    @property
    def connected(self) -> bool:
        """Whether the source is seen to be connected."""
        return bool(self.streaming) or (self.snapshot_running and self.snapshot_tables > 0)

    def describe(self) -> str:
        """The same as a text."""
        if self.streaming:
            return "streaming"
        if self.snapshot_running:
            return f"snapshot of {self.snapshot_tables} tables running"
        if self.streaming is None:
            return "there are no Debezium metrics yet: the connector has not reached the database"
        return "Debezium reports that it is not connected"


@dataclass(frozen=True)
class Task:
    """One ECS task. `address` is its private IPv4 address, empty before it has one."""

    arn: str
    status: str
    definition: str
    address: str = ""
    stopped_reason: str = ""
    #: ECS's code for why it stopped, as TaskFailedToStart; empty while it runs.
    stop_code: str = ""
    #: When ECS made it, in seconds since 1970: before it read the worker's secrets.
    created_at: float | None = None

    @property
    def id(self) -> str:
        """The last part of the ARN, which the task's log stream has in its name too."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Service:
    """What ECS says about the service; `definition` is the task definition it is moving to."""

    name: str
    desired: int
    running: int
    pending: int
    definition: str
    rollout: str = ""
    rollout_reason: str = ""
    tasks: Sequence[Task] = ()
    stopped: Sequence[Task] = ()
    #: ECS's newest messages about the service, the newest first.
    events: Sequence[str] = ()

    @property
    def current(self) -> tuple[Task, ...]:
        """Tasks of the current task definition that have an address."""
        return tuple(t for t in self.tasks if t.address and t.definition == self.definition)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of running tasks, those of the current task definition first."""
        older = [t for t in self.tasks if t.address and t not in self.current]
        return tuple(t.address for t in (*self.current, *older) if t.status == _RUNNING)

    @property
    def rollout_failed(self) -> bool:
        """Whether ECS has stopped the deployment as failed."""
        return self.rollout == "FAILED"

    @property
    def rolling_out(self) -> bool:
        """Whether a deployment is in progress, or its outcome is unknown."""
        return self.rollout not in ("COMPLETED", "FAILED")

    @property
    def last_stop(self) -> str:
        """Why a task stopped last, in ECS's own message; empty when none did."""
        return self.stopped[0].stopped_reason if self.stopped else ""

    @property
    def start_error(self) -> tuple[ErrorClass, str] | None:
        """Why tasks do not start: class and ECS's own message. None when one runs, or the last one ran."""
        if any(task.status == _RUNNING for task in self.tasks) or not self.desired:
            return None
        message = worker_stops.trouble(self.events)
        if message and worker_stops.spoken_of(message) is not worker_stops.NOT_STARTED:
            return worker_stops.spoken_of(message), message
        cause = worker_stops.worker_stop(self.stopped[0].stop_code, self.last_stop) if self.stopped else None
        if cause is not None:
            return cause, self.last_stop
        return (worker_stops.NOT_STARTED, message) if message and not self.stopped else None

    @property
    def why_none(self) -> str:
        """Why no task runs, in ECS's own message, to follow another reason; empty when ECS gave none."""
        if self.start_error is not None:
            return f"; no task starts: {self.start_error[1]}"
        return f"; the last task stopped: {self.last_stop}" if self.last_stop else ""

    def describe(self) -> str:
        """How many tasks run and what the others do, as a text."""
        others = sorted({t.status for t in self.tasks if t.status != _RUNNING})
        text = f"{self.running} of {self.desired} tasks running"
        return f"{text}: {', '.join(others)}" if others else text


@dataclass(frozen=True)
class BrokerReading:
    """What the brokers say. `error`: why they do not answer, empty when they do.

    `newest`: when the newest heartbeat record was written, in seconds since 1970; None without one.
    `newest_of_table`: the same for the heartbeat table's changes, where the stage has such a table.
    `missing`: which of their topics, and of the data topics of the last registration, do not exist.
    """

    error: str = ""
    newest: float | None = None
    newest_of_table: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What was seen. A probe that could not see leaves its field as it is and its reason in `probe_errors`.

    `no_service`: why there is no service; empty where there is one, or where that is unknown.
    `connect_answers`: why no worker answers, empty when one does, None when nobody could be asked.
    `connector`: None when Connect knows no such connector and nothing is in `probe_errors` under "connector".
    `database`: listener -> why it accepts no connection, empty when it does.
    """

    service: Service | None = None
    no_service: str = ""
    connect_answers: str | None = None
    #: What Connect answered to `GET /`: its version and the id of its Kafka cluster.
    connect_root: Mapping[str, str] = field(default_factory=dict)
    connector: ConnectorStatus | None = None
    source: Source | None = None
    #: When the check asked for the database's SCN, in seconds since 1970, and what it was; oldest first.
    scn_sightings: tuple[tuple[float, int], ...] = ()
    #: No earlier than this the snapshot that runs has started; None when none runs.
    snapshot_since: float | None = None
    #: What Connect had stored before the SCN was asked for; None when it could not be read.
    position: Position | None = None
    #: What a running task logged last, when its source is not connected; of a connected one, that the
    #: database refuses the statement of its heartbeat. Empty when nothing is known.
    log_message: str = ""
    #: Whether nobody could read the worker's log.
    log_unread: bool = False
    database: Mapping[str, str] = field(default_factory=dict)
    brokers: BrokerReading | None = None
    #: None when the stage was never registered, or the read failed: then `probe_errors` has "record".
    record: StageRecord | None = None
    #: Path -> version of the secrets in use, as they are now.
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    #: None when it, or the stage record, could not be read: then nothing may be restarted.
    budget: Budget | None = None
    health_state: HealthState | None = None
    #: The rotation of secrets that is under way, and how the last one ended.
    rotation: Rotation = field(default_factory=Rotation)
    #: How many workers the stage is configured to have.
    desired_count: int = 1
    #: Keys in which the connector's config in Connect is neither the registered one nor the one that secrets
    #: and settings give now; none if it is one of them, None if that is not known.
    drifted_keys: tuple[str, ...] | None = None
    #: Who has halted the connector, and which versions of secrets were refused; empty where not read.
    halt: Halt = field(default_factory=Halt)
    refused: RefusedCredentials = field(default_factory=RefusedCredentials)
    #: The maintenance window; where it could not be read there is none, so nothing is held.
    maintenance: Window = field(default_factory=Window)
    #: What Debezium has passed over, as far as the worker's log was read; None if the item could not be.
    skipped: SkippedChanges | None = None
    #: Probe -> why it saw nothing, although it should have.
    probe_errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def retiring(self) -> bool:
        """Whether a teardown has begun."""
        return self.record is not None and self.record.retiring

    @property
    def worker_error(self) -> ErrorClass:
        """The class of a worker that does not run or answer. One that never started has no log to read."""
        error = None if self.service is None else self.service.start_error
        return WORKER if error is None else error[0]

    @property
    def secrets_changed(self) -> tuple[str, ...]:
        """Paths of secrets that have another version than when the connector was last verified."""
        return () if self.record is None else self.record.changed_secrets(self.secret_versions)
