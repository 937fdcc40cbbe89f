"""The move from the predecessor: what was found of it, and the order of the steps that follows. Pure.

Known of the predecessor: an AWS CDK application with the stacks `wms-alerts-<stage>` and
`wms-connector-<stage>`; Confluent's JDBC source connector, called as ours, in Kafka Connect on Fargate, in
the Connect group that ours has too; JSON with the envelope `{schema, payload}`. Nothing else is assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.domain.secrets.adoption import SecretShape
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.ownership import NameClaim
from connector.domain.stage.stage import Stage

#: Keys of a connector's config that say what it reads and writes and hold nothing confidential.
SHOWN_KEYS = (
    *("name", "connector.class", "tasks.max", "topic.prefix", "mode", "timestamp.column.name"),
    *("timestamp.initial", "timestamp.delay.interval.ms", "poll.interval.ms", "batch.max.rows"),
    *("schema.pattern", "table.whitelist", "table.include.list", "transforms"),
    *("key.converter", "key.converter.schemas.enable", "value.converter", "value.converter.schemas.enable"),
)

#: Variables of a Connect container that say the same of the worker: Confluent's image writes them with the
#: prefix CONNECT_, Debezium's the first four without it.
_WORKER = ("GROUP_ID", "CONFIG_STORAGE_TOPIC", "OFFSET_STORAGE_TOPIC", "STATUS_STORAGE_TOPIC")
SHOWN_VARIABLES = (
    *_WORKER,
    *(f"CONNECT_{name}" for name in _WORKER),
    *("CONNECT_KEY_CONVERTER", "CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE"),
    *("CONNECT_VALUE_CONVERTER", "CONNECT_VALUE_CONVERTER_SCHEMAS_ENABLE"),
)


@dataclass(frozen=True)
class FoundStack:
    """A stack with a name of the stage: whose it is and what it holds, as (type, physical id)."""

    name: str
    status: str
    ours: bool
    owner: str = ""
    protected: bool = False
    resources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FoundService:
    """An ECS service in a stack that is not ours."""

    cluster: str
    name: str
    desired: int
    running: int
    definition: str
    image: str = ""
    cpu: str = ""
    memory: str = ""
    #: Of the container's variables those in `SHOWN_VARIABLES`.
    variables: Mapping[str, str] = field(default_factory=dict)
    #: Names of the variables that come from secrets.
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predecessor:
    """All that was read. None stands for what nobody could be asked about."""

    stacks: tuple[FoundStack, ...] = ()
    services: tuple[FoundService, ...] = ()
    prefix: str = ""
    secrets: tuple[SecretShape, ...] = ()
    #: Names that a launch needs and something has that is in no stack of ours.
    taken: tuple[NameClaim, ...] = ()
    topics: frozenset[str] | None = None
    #: The connector's config, its keys in `SHOWN_KEYS` only.
    connector: Mapping[str, str] | None = None
    #: What could not be read, and why.
    unknown: tuple[str, ...] = ()

    @property
    def foreign(self) -> tuple[FoundStack, ...]:
        """The stacks that are not ours."""
        return tuple(stack for stack in self.stacks if not stack.ours)


@dataclass(frozen=True)
class MoveStep:
    """One step of the move: what it does, the commands, and whether it changes anything."""

    title: str
    commands: tuple[str, ...] = ()
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"title": self.title, "commands": list(self.commands), "note": self.note}


@dataclass(frozen=True)
class Move:
    """The move of one stage."""

    stage: str
    found: Predecessor
    steps: Sequence[MoveStep]
    consumers: Sequence[str]
    back: Sequence[MoveStep]
    unknown: Sequence[str]


def shown_config(config: Mapping[str, object]) -> dict[str, str]:
    """Of a connector's config, what may be shown. A URL, a user or a password is not."""
    return {key: str(config[key]) for key in SHOWN_KEYS if key in config}


def predecessors_topics(stage: Stage, topics: frozenset[str]) -> tuple[str, ...]:
    """The data topics of the predecessor among `topics`: whatever begins with its prefix."""
    return tuple(sorted(topic for topic in topics if topic.startswith(stage.topics.jdbc_prefix)))


def plan(stage: Stage, found: Predecessor, target_prefix: str) -> Move:
    """The steps for what was found; `target_prefix` is where this tool looks for its secrets."""
    steps = (
        *_prepare(stage, found, target_prefix),
        *_try(stage),
        *_stop(stage, found),
        *_remove(stage, found),
        *_launch(stage),
    )
    return Move(stage.name, found, steps, consumers(stage, found), _back(stage, found), _unknown(found))


def _launch_path(stage: Stage) -> str:
    return f"ephemeral/{stage.name}" if stage.ephemeral else stage.name


def _prepare(stage: Stage, found: Predecessor, target_prefix: str) -> tuple[MoveStep, ...]:
    return (
        MoveStep(
            "Keep what the predecessor is now, for the way back",
            (f"wms-connector adopt {stage.name} --plan --json",),
            "keep the predecessor's repository at the commit that is deployed, too",
        ),
        MoveStep(
            "Let the DBA and the owners of the cluster prepare what this tool needs",
            (f"wms-connector oracle-script {stage.name}", f"wms-connector broker-script {stage.name}"),
            "archived redo log, supplemental logging and the user's rights are new: the predecessor reads "
            "tables by SELECT only",
        ),
        _copies(stage, found, target_prefix),
        MoveStep(
            "Launch what the account has once, and publish the worker's image",
            ("sceptre launch foundation", "wms-connector image publish"),
        ),
    )


def _copies(stage: Stage, found: Predecessor, target_prefix: str) -> MoveStep:
    """Copies: one secret cannot say SID to the predecessor and service name to this tool."""
    commands = []
    for secret in found.secrets:
        if not secret.path:
            continue
        target = f"{target_prefix}/{secret.path.partition(f'{found.prefix}/')[2]}"
        edit = " | jq -c '.sid = .db | del(.db)'" if secret.conversions else ""
        commands.append(
            f"aws secretsmanager get-secret-value --secret-id {secret.path} --query SecretString "
            f"--output text{edit} | aws secretsmanager create-secret --name {target} "
            "--secret-string file:///dev/stdin"
        )
    missing = [secret.name for secret in found.secrets if not secret.path and not secret.problem]
    changes = [f"{s.path}: {text}" for s in found.secrets for text in (s.problem, *s.conversions) if text]
    notes = [
        *changes,
        *((f"not there below {found.prefix}/: {', '.join(missing)}",) if missing else ()),
        "the predecessor keeps its own, unchanged, for the way back",
    ]
    return MoveStep(f"Copy the secrets to {target_prefix}/{stage.name}/", tuple(commands), "; ".join(notes))


def _try(stage: Stage) -> tuple[MoveStep, ...]:
    trial = f"{stage.name}-trial"
    return (
        MoveStep(
            "Try database, brokers and rights with a branch's stage, beside the predecessor",
            (
                f"wms-connector ephemeral create {trial}",
                f"sceptre launch ephemeral/{trial}",
                f"wms-connector verify {trial}",
                f"wms-connector ephemeral destroy {trial} --yes",
            ),
            f"it reads secrets below {trial}/, else those below default/: copy them there for this step. "
            f"Its topics begin with {trial!r}; it takes the same snapshot as the move will",
        ),
        MoveStep(
            "Tell the consumers, and let them read the new topics beside the old ones",
            (f"wms-connector stage show {stage.name}",),
            "what they will see is listed below; the new topics are empty until the launch",
        ),
    )


def _stop(stage: Stage, found: Predecessor) -> tuple[MoveStep, ...]:
    connect = stage.topics.connect_group
    service = [
        f"aws ecs update-service --cluster {s.cluster} --service {s.name} --desired-count 0"
        for s in found.services
    ]
    return (
        MoveStep(
            "Delete the predecessor's connector while its worker runs",
            (f"curl -X DELETE http://<address of its task>:8083/connectors/{CONNECTOR}",),
            "from inside the VPC. Whether its health check or its deployment registers it again is not "
            "known: look again before the next step. From here on nothing is written to the old topics. Its "
            f"position stays in {connect}.offsets, under a key of its own, for the way back. Without this "
            f"step a launch is refused: the worker would start that connector from topic {connect}.config",
        ),
        MoveStep(
            "Stop the predecessor's workers",
            tuple(service),
            "" if service else "no ECS service of it was found: stop whatever runs it",
        ),
    )


def _remove(stage: Stage, found: Predecessor) -> tuple[MoveStep, ...]:
    """Both cannot have the same names in one account and region: the old stacks go first."""
    if not found.foreign and not found.taken:
        return ()
    names = stage.names
    # The connector's stack sends its alarms to the alerts' topic, so it goes first.
    order = [
        names.stack(part) for part in ("events", "alarms", "connector", "functions", "network", "alerts")
    ]
    commands: list[str] = []
    for stack in sorted(found.foreign, key=lambda s: order.index(s.name)):
        if stack.protected:
            commands.append(
                "aws cloudformation update-termination-protection --no-enable-termination-protection "
                f"--stack-name {stack.name}"
            )
        commands.append(f"aws cloudformation delete-stack --stack-name {stack.name}")
        commands.append(f"aws cloudformation wait stack-delete-complete --stack-name {stack.name}")
    left = ", ".join(map(str, found.taken))
    return (
        MoveStep(
            "Export the predecessor's log, if anybody needs it: its log group has the name of ours",
            (
                (
                    f"aws logs create-export-task --log-group-name {names.connector_log_group} --from 0 "
                    "--to <now, in milliseconds> --destination <bucket>"
                ),
            ),
        ),
        MoveStep(
            "Delete the predecessor's stacks",
            tuple(commands),
            "a stack cannot be renamed. Whatever CloudFormation keeps of them (a deletion policy) is deleted "
            "or renamed by hand" + (f"; names that a launch needs are taken now: {left}" if left else ""),
        ),
    )


def _launch(stage: Stage) -> tuple[MoveStep, ...]:
    path = _launch_path(stage)
    return (
        MoveStep(
            "Launch the stage",
            (f"sceptre launch {path}",),
            "it is refused, with nothing changed, while a stack or a name is somebody else's, and before a "
            "worker joins the Connect group while the group has members or another connector",
        ),
        MoveStep(
            "Check it",
            (f"wms-connector verify {stage.name}", f"wms-connector status {stage.name}"),
            "recipients of alarms get a mail from the new SNS topic and must confirm it once",
        ),
        MoveStep(
            "When no consumer reads the old topics any more, have the cluster's owners delete them",
            (),
            "this tool never deletes a topic of a named stage",
        ),
    )


def consumers(stage: Stage, found: Predecessor) -> tuple[str, ...]:
    """What consumers see, a line for each subject."""
    old = predecessors_topics(stage, found.topics or frozenset())
    names = ", ".join(old) if old else f"{stage.topics.jdbc_prefix}... (which exactly is not known)"
    transforms = (found.connector or {}).get("transforms")
    key = f"by its transforms ({transforms})" if transforms else "none, unless a transform makes one"
    return (
        (
            f"topics: so far {names}; then {', '.join(stage.topics.roles['data'])}. The old "
            "topics stay as they are and get nothing more"
        ),
        (
            "envelope: JSON {schema, payload} as so far, unless connector.envelope is plain; but the payload "
            "was one row, and then is Debezium's: op, before, after, source (docs/topics.md)"
        ),
        f"keys: so far {key}; then the table's primary key, so a row has one partition",
        ("types: decimals become text; compare a record of the trial stage with an old one before the move"),
        (
            "duplicates: at the launch every row of the four tables comes once as a snapshot read (op r), "
            "also rows that the old topics have. Treat r as 'the row is now this'"
        ),
        (
            "gap: between the stop and the end of the launch nothing arrives. Rows of that time are in the "
            "snapshot as they are then; what was inserted and deleted again in it is never seen"
        ),
        (
            "new: updates that leave SYS_ADD_TS as it is, deletes (op d, then a record without a value), "
            "and the two MMDL tables"
        ),
        "reading: exactly once, for consumers with isolation.level=read_committed (docs/delivery.md)",
    )


def _back(stage: Stage, found: Predecessor) -> tuple[MoveStep, ...]:
    counts = [
        f"aws ecs update-service --cluster {s.cluster} --service {s.name} --desired-count {max(s.desired, 1)}"
        for s in found.services
    ]
    names = stage.names
    order = [
        names.stack(part) for part in ("events", "alarms", "connector", "functions", "network", "alerts")
    ]
    deletions = [f"aws cloudformation delete-stack --stack-name {name}" for name in order]
    ours = (
        MoveStep("Delete this tool's stage", (f"sceptre delete {_launch_path(stage)}",))
        if stage.ephemeral
        else MoveStep(
            "Delete this tool's stacks, after two people have agreed: this tool deletes no named stage",
            (
                f"wms-connector stop {stage.name}",
                (
                    "aws cloudformation update-termination-protection --no-enable-termination-protection "
                    "--stack-name <each stack>"
                ),
                *deletions,
            ),
            f"table {names.table} and the log groups stay by their deletion policy; delete log group "
            f"{names.connector_log_group} by hand, because the predecessor's has its name",
        )
    )
    return (
        MoveStep(
            "Before the predecessor's stacks are deleted: start its workers and register its connector again",
            tuple(counts),
            "it continues at its position; nothing is lost",
        ),
        ours,
        MoveStep(
            "Deploy the predecessor from its repository, at the commit that was kept",
            (),
            "its secrets are unchanged. In the Connect group's topics this tool's connector has its name and "
            "is stopped: let it register its own again (PUT /connectors/NAME/config), then PUT "
            "/connectors/NAME/resume. It continues at its last SYS_ADD_TS, so rows of the meantime come to "
            "the old topics, too; without its position its timestamp.initial decides. Never tried",
        ),
    )


def _unknown(found: Predecessor) -> tuple[str, ...]:
    lines = list(found.unknown)
    if not found.foreign:
        lines.append("no stack of the predecessor was found in this account and region")
    if found.topics is None:
        lines.append("the cluster's topics: give --topics-file FILE")
    if found.connector is None:
        lines.append("the predecessor's connector config: give --connector-config FILE")
    elif "timestamp.initial" not in found.connector:
        lines.append("where its connector begins without a position: its config has no timestamp.initial")
    lines += [
        "how long the predecessor's topics keep records, and who reads them: ask the cluster's owners",
        "whether the values of 'db' are SIDs or service names in your listener: ask the DBA",
    ]
    return tuple(lines)
