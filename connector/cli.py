"""`wms-connector`: the operator's commands beside `sceptre`. Wiring only."""

import click

from connector.commands.lazy import Lazy, LazyGroup

_COMMANDS = {
    "stage": Lazy("connector.commands.stage:stage", "Show every name that is derived from a stage."),
    "topics": Lazy("connector.commands.topics:topics", "Show which topics a teardown would delete."),
    "connector": Lazy("connector.commands.connector:connector", "Show the connector's config."),
    "status": Lazy("connector.commands.inspect:status", "Show what is deployed and running, with lag."),
    "verify": Lazy("connector.commands.inspect:verify", "Check whether a stage is healthy."),
    "fire-drill": Lazy("connector.commands.drill:fire_drill", "Test whether alarms and mails arrive."),
    "restart": Lazy("connector.commands.operate:restart", "Restart connector and task."),
    "pause": Lazy("connector.commands.operate:pause", "Pause the connector."),
    "resume": Lazy("connector.commands.operate:resume", "Resume a paused or stopped connector."),
    "stop": Lazy("connector.commands.operate:stop", "Stop the connector: its task ends."),
    "rotate": Lazy("connector.commands.rotate:rotate", "Give the workers a changed secret, or say how."),
    "snapshot": Lazy("connector.commands.snapshot:snapshot", "Take a snapshot of captured tables."),
    "acknowledge": Lazy("connector.commands.operate:acknowledge", "Acknowledge skipped changes."),
    "offsets": Lazy("connector.commands.offsets:offsets", "Show, save or change the connector's position."),
    "explain": Lazy("connector.commands.explain:explain", "Explain a trace or a line of the worker's log."),
    "ephemeral": Lazy(
        "connector.commands.ephemeral:ephemeral", "Create, list and tear down stages of branches."
    ),
    "adopt": Lazy("connector.commands.adopt:adopt", "Print how a stage moves from the predecessor."),
    "oracle-script": Lazy("connector.commands.scripts:oracle_script", "Print what a DBA must run."),
    "broker-script": Lazy(
        "connector.commands.scripts:broker_script", "Print what the cluster's owners must grant."
    ),
    "deployer-policy": Lazy(
        "connector.commands.deployer_policy:deployer_policy", "Print the IAM policy that a deployer needs."
    ),
    "image": Lazy("connector.commands.image:image", "Build and publish the worker's container image."),
    "render": Lazy(
        "connector.commands.render:render", "Write all CloudFormation templates to files, offline."
    ),
    "local": Lazy(
        "connector.local.cli:local", "Run the local world: AWS, Kafka, Oracle's stand-in, Fargate."
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wms-connector")
def main() -> None:
    """Operate the WMS connector: change data capture from Oracle to Kafka, as code.

    Exit status: 0 on success, 1 on failure, 2 for invalid input.
    """
