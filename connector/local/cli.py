"""`wms-connector local`: run AWS, Kafka and a database on this machine, and work with them. Wiring only."""

import click

from connector.commands.lazy import Lazy, LazyCommands

_WORLD, _WORK = "The world", "Work in it"

_COMMANDS = {
    "up": Lazy("connector.local.world_cli:up", "Start every part that is not running.", _WORLD),
    "status": Lazy("connector.local.world_cli:status", "Show all parts and workers.", _WORLD),
    "env": Lazy("connector.local.world_cli:env", "Print what makes AWS clients use it.", _WORLD),
    "grant": Lazy("connector.local.world_cli:grant", "Let a branch's stage use the brokers.", _WORLD),
    "demo": Lazy("connector.local.world_cli:demo", "Show all of it once, in a world of its own.", _WORLD),
    "down": Lazy("connector.local.world_cli:down", "Stop all parts and remove the state.", _WORLD),
    "sql": Lazy("connector.local.workbench_cli:sql", "Run a statement on the database.", _WORK),
    "insert": Lazy("connector.local.workbench_cli:insert", "Insert believable rows.", _WORK),
    "consume": Lazy("connector.local.workbench_cli:consume", "Read a topic.", _WORK),
    "mails": Lazy("connector.local.workbench_cli:mails", "Show the mails that AWS would have sent.", _WORK),
    "stop": Lazy("connector.local.workbench_cli:stop", "Stop a part, as a fault would.", _WORK),
    "start": Lazy("connector.local.workbench_cli:start", "Start a part again.", _WORK),
    "broker": Lazy("connector.local.workbench_cli:broker", "Add a cluster for a stage.", _WORK),
}

_ELSEWHERE = {
    "launch": '`sceptre launch STAGE`, after `eval "$(wms-connector local env)"`.',
    "logs": "`wms-connector logs STAGE`; the parts' own logs are in `wms-connector local status`.",
    "kill": "`wms-connector local stop PART --kill`.",
    "restart": "`wms-connector local stop PART`, then `wms-connector local start PART`.",
    "confirm": "`wms-connector local mails --confirm`.",
    "check": "`wms-connector check STAGE`.",
}


@click.group(cls=LazyCommands, lazy=_COMMANDS, elsewhere=_ELSEWHERE, words=("local",))
def local() -> None:
    """Run a complete environment on this machine: AWS, Kafka, stand-ins for Oracle and Fargate.

    Everything listens on loopback only and needs neither root nor Docker. State and logs are in .local.
    """
