"""`wms-connector`: the operator's commands beside `sceptre`. Wiring only."""

import click

from connector.commands.lazy import Lazy, LazyGroup

_COMMANDS = {
    "stage": Lazy("connector.commands.stage:stage", "Names of a stage."),
    "topics": Lazy("connector.commands.topics:topics", "What a teardown would delete."),
    "connector": Lazy("connector.commands.connector:connector", "The connector's config."),
    "status": Lazy("connector.commands.inspect:status", "What is deployed and running, with lag."),
    "verify": Lazy("connector.commands.inspect:verify", "Whether a stage is truly healthy."),
    "fire-drill": Lazy("connector.commands.drill:fire_drill", "Whether alarms and mails arrive."),
    "restart": Lazy("connector.commands.operate:restart", "Restart connector and task."),
    "pause": Lazy("connector.commands.operate:pause", "Let the connector read nothing for a while."),
    "resume": Lazy("connector.commands.operate:resume", "Let a paused or stopped connector go on."),
    "stop": Lazy("connector.commands.operate:stop", "End the connector's task."),
    "snapshot": Lazy("connector.commands.operate:snapshot", "Read captured tables anew."),
    "offsets": Lazy("connector.commands.operate:offsets", "Where the connector is in its source."),
    "ephemeral": Lazy("connector.commands.ephemeral:ephemeral", "Stages of branches."),
    "oracle-script": Lazy("connector.commands.scripts:oracle_script", "What a DBA must run."),
    "broker-script": Lazy("connector.commands.scripts:broker_script", "What a cluster's owners must grant."),
    "image": Lazy("connector.commands.image:image", "The worker's container image."),
    "render": Lazy("connector.commands.render:render", "All templates as files, offline."),
    "local": Lazy("connector.local.cli:local", "The local world: AWS, Kafka, PostgreSQL, Fargate."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wms-connector")
def main() -> None:
    """Operate the WMS connector: change data capture from Oracle to Kafka, as code.

    Exit status: 0 when done, 1 when something failed, 2 when what was asked cannot be.
    """
