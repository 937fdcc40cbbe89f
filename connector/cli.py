"""`wms-connector`: the operator's commands beside `sceptre`. Wiring only."""

import gc

import click

from connector.commands.lazy import Lazy, LazyGroup

# As for a run of Sceptre (`connector.sceptre.run`): what a command imports stays until it ends.
gc.set_threshold(50_000)

_LOOK, _OPERATE = "Look at a stage", "Operate a stage"
_STAGES, _HAND_OVER = "Stages and deployment", "What others must run or grant"
_WORKBENCH = "On this machine"

_COMMANDS = {
    "status": Lazy(
        "connector.commands.inspect:status", "Show what is deployed and running, with lag.", _LOOK
    ),
    "verify": Lazy("connector.commands.inspect:verify", "Check whether a stage is healthy.", _LOOK),
    "check": Lazy("connector.commands.check:check", "Run the health check now.", _LOOK),
    "logs": Lazy("connector.commands.logs:logs", "Show the log of worker or functions.", _LOOK),
    "explain": Lazy(
        "connector.commands.explain:explain", "Explain a trace or a line of the worker's log.", _LOOK
    ),
    "connector": Lazy(
        "connector.commands.connector:connector", "Show the connector's config, or what would change.", _LOOK
    ),
    "stage": Lazy("connector.commands.stage:stage", "Show every name that is derived from a stage.", _LOOK),
    "topics": Lazy("connector.commands.topics:topics", "Show which topics a teardown would delete.", _LOOK),
    "restart": Lazy("connector.commands.operate:restart", "Restart connector and task.", _OPERATE),
    "pause": Lazy("connector.commands.operate:pause", "Pause the connector.", _OPERATE),
    "resume": Lazy("connector.commands.operate:resume", "Resume a paused or stopped connector.", _OPERATE),
    "stop": Lazy("connector.commands.operate:stop", "Stop the connector: its task ends.", _OPERATE),
    "maintenance": Lazy(
        "connector.commands.maintenance:maintenance", "Hold mails and restarts for a while.", _OPERATE
    ),
    "rotate": Lazy(
        "connector.commands.rotate:rotate", "Give the workers a changed secret, or say how.", _OPERATE
    ),
    "snapshot": Lazy("connector.commands.snapshot:snapshot", "Take a snapshot of captured tables.", _OPERATE),
    "reconcile": Lazy(
        "connector.commands.reconcile:reconcile", "Compare the source with the topics, row by row.", _OPERATE
    ),
    "offsets": Lazy(
        "connector.commands.offsets:offsets", "Show, save or change the connector's position.", _OPERATE
    ),
    "backup": Lazy(
        "connector.commands.backup:backup", "Write, list, show and restore backups of a stage.", _OPERATE
    ),
    "rebuild": Lazy(
        "connector.commands.rebuild:rebuild", "Bring a stage back that has lost cluster or topics.", _OPERATE
    ),
    "acknowledge": Lazy("connector.commands.operate:acknowledge", "Acknowledge skipped changes.", _OPERATE),
    "fire-drill": Lazy(
        "connector.commands.drill:fire_drill", "Test whether alarms and mails arrive.", _OPERATE
    ),
    "ephemeral": Lazy(
        "connector.commands.ephemeral:ephemeral", "Create, list and tear down stages of branches.", _STAGES
    ),
    "plan": Lazy("connector.commands.plan:plan", "Show all that a launch would do.", _STAGES),
    "render": Lazy(
        "connector.commands.render:render", "Write all CloudFormation templates to files, offline.", _STAGES
    ),
    "image": Lazy(
        "connector.commands.image:image", "Build and publish the worker's container image.", _STAGES
    ),
    "adopt": Lazy("connector.commands.adopt:adopt", "Print how a stage moves from the predecessor.", _STAGES),
    "oracle-script": Lazy(
        "connector.commands.scripts:oracle_script", "Print what a DBA must run.", _HAND_OVER
    ),
    "broker-script": Lazy(
        "connector.commands.scripts:broker_script", "Print what the cluster's owners must grant.", _HAND_OVER
    ),
    "secret-script": Lazy(
        "connector.commands.secret_script:secret_script",
        "Print the commands that create and update a stage's secrets.",
        _HAND_OVER,
    ),
    "deployer-policy": Lazy(
        "connector.commands.deployer_policy:deployer_policy",
        "Print the IAM policy that a deployer needs.",
        _HAND_OVER,
    ),
    "local": Lazy(
        "connector.local.cli:local",
        "Run the local world: AWS, Kafka, Oracle's stand-in, Fargate.",
        _WORKBENCH,
    ),
    "completion": Lazy(
        "connector.commands.completion_script:completion", "Print what makes a shell complete.", _WORKBENCH
    ),
}

#: Words that people type here, and what does that.
_ELSEWHERE = {
    "launch": "`sceptre launch STAGE`; for a branch: `sceptre launch ephemeral/STAGE`.",
    "deploy": "`sceptre launch STAGE`; for a branch: `sceptre launch ephemeral/STAGE`.",
    "diff": "`wms-connector plan STAGE`: all that a launch would change.",
    "delete": "`sceptre delete ephemeral/STAGE`; a named stage is not deleted.",
    "destroy": "`wms-connector ephemeral destroy STAGE`; a named stage is not deleted.",
    "create": "`wms-connector ephemeral create STAGE`.",
    "list": "`wms-connector ephemeral list`.",
    "health": "`wms-connector check STAGE`: a health check now; or `wms-connector verify STAGE`.",
    "log": "`wms-connector logs STAGE`.",
    "tail": "`wms-connector logs STAGE --follow`.",
    "up": "`wms-connector local up`.",
    "down": "`wms-connector local down`.",
    "version": "`wms-connector --version`.",
    "help": "`wms-connector --help`.",
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    elsewhere=_ELSEWHERE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="wms-connector")
def main() -> None:
    """Operate the WMS connector: change data capture from Oracle to Kafka, as code.

    Exit status: 0 on success, 1 on failure, 2 for invalid input. `sceptre launch STAGE` deploys a stage.
    """
