"""The examples in `--help`, each a line that works as it is. A test lets click parse every one."""

from collections.abc import Mapping

import click

from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.domain.stage.topics import CAPTURED_TABLES

#: A table for the examples, as SCHEMA.TABLE, and the topic of its changes.
_TABLE = ".".join(CAPTURED_TABLES[2])
_TOPIC = Stage(NAMED_STAGES[0]).topics.roles["data"][2]

#: The words of a command -> what to type, and what it is for.
EXAMPLES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("status",): (
        "wms-connector status main",
        "wms-connector status main --watch --every 30",
        "wms-connector status main --json",
    ),
    ("verify",): ("wms-connector verify main", "wms-connector verify main && echo healthy"),
    ("check",): ("wms-connector check main",),
    ("logs",): (
        "wms-connector logs main",
        "wms-connector logs main --since 3h --errors",
        "wms-connector logs main --follow --of health",
    ),
    ("explain",): (
        "wms-connector logs main --errors | wms-connector explain --stage main",
        "wms-connector explain trace.txt",
    ),
    ("restart",): ("wms-connector restart main",),
    ("pause",): (
        "wms-connector pause main",
        'wms-connector pause main --why "the DBA patches the database" --for 4h',
    ),
    ("resume",): ("wms-connector resume main",),
    ("stop",): (
        "wms-connector stop main",
        'wms-connector stop main --why "the database moves to another host" --for 2d',
    ),
    ("maintenance", "start"): (
        'wms-connector maintenance start main --for 4h --why "the DBA patches the database" --pause',
        'wms-connector maintenance start main --for 30m --why "the brokers are rolled"',
    ),
    ("maintenance", "end"): ("wms-connector maintenance end main",),
    ("maintenance", "show"): ("wms-connector maintenance show main",),
    ("rotate",): ("wms-connector rotate main --check", "wms-connector rotate main"),
    ("snapshot",): (
        "wms-connector snapshot main",
        f"wms-connector snapshot main --table {_TABLE}",
        f"wms-connector snapshot main --table {_TABLE} --where \"STATE_CD = 'NY'\" --wait",
    ),
    ("reconcile",): (
        "wms-connector reconcile main",
        f"wms-connector reconcile main --table {_TABLE} --keys-shown",
        "wms-connector reconcile main --repair",
        "wms-connector reconcile main --clean",
    ),
    ("acknowledge",): (f"wms-connector acknowledge main --table {_TABLE}",),
    ("offsets",): (
        "wms-connector offsets main",
        "wms-connector offsets main backup --out backups",
        "wms-connector offsets main restore offsets-main.json",
        "wms-connector offsets main reset",
    ),
    ("backup", "list"): ("wms-connector backup list main",),
    ("backup", "show"): (
        "wms-connector backup show main",
        "wms-connector backup show main 20300102T030405000000Z-daily --json",
    ),
    ("backup", "take"): ("wms-connector backup take main",),
    ("backup", "restore"): (
        "wms-connector backup restore main",
        "wms-connector backup restore main 20300102T030405000000Z-daily --position-checked",
    ),
    ("rebuild",): (
        "wms-connector rebuild main --check",
        "wms-connector rebuild main",
        "wms-connector rebuild main --from-snapshot",
    ),
    ("fire-drill",): ("wms-connector fire-drill main", "wms-connector fire-drill main --yes --json"),
    ("stage", "show"): ("wms-connector stage show main", "wms-connector stage show feature-xyz --json"),
    ("topics", "plan"): (
        "wms-connector topics plan feature-xyz",
        "kafka-topics.sh --bootstrap-server HOST:9092 --list | wms-connector topics plan x --topics-file -",
    ),
    ("connector", "config"): (
        "wms-connector connector config main",
        "wms-connector connector config main --json",
    ),
    ("connector", "diff"): ("wms-connector connector diff main",),
    ("ephemeral", "create"): (
        "wms-connector ephemeral create feature-xyz",
        "wms-connector ephemeral create feature-xyz --days 3 --owner somebody@example.com",
    ),
    ("ephemeral", "list"): ("wms-connector ephemeral list",),
    ("ephemeral", "remove"): ("wms-connector ephemeral remove feature-xyz",),
    ("ephemeral", "destroy"): (
        "wms-connector ephemeral destroy feature-xyz --dry-run",
        "wms-connector ephemeral destroy feature-xyz",
        "wms-connector ephemeral destroy feature-xyz --yes",
    ),
    ("ephemeral", "sweep"): (
        "wms-connector ephemeral sweep --expired --dry-run",
        "wms-connector ephemeral sweep --expired --yes",
    ),
    ("adopt",): ("wms-connector adopt main --plan",),
    ("oracle-script",): (
        "wms-connector oracle-script main > main.sql",
        "wms-connector oracle-script main --no-container",
        "wms-connector oracle-script main --checklist",
    ),
    ("broker-script",): (
        "wms-connector broker-script main --kafka-auth scram",
        "wms-connector broker-script main --port 9096",
    ),
    ("secret-script",): (
        "wms-connector secret-script main",
        "wms-connector secret-script main --secret dbInfo",
    ),
    ("deployer-policy",): ("wms-connector deployer-policy main",),
    ("image", "pin"): ("wms-connector image pin",),
    ("image", "build"): ("wms-connector image build",),
    ("image", "publish"): ("wms-connector image publish",),
    ("image", "status"): ("wms-connector image status",),
    ("plan",): (
        "wms-connector plan main",
        "wms-connector plan main --exit-code --json",
        "wms-connector plan main --offline --base .",
    ),
    ("render",): ("wms-connector render", "wms-connector render main feature-xyz --out templates.new"),
    ("completion",): ('eval "$(wms-connector completion bash)"', "wms-connector completion fish"),
    ("local", "up"): ("wms-connector local up", "wms-connector local up --enforce-iam"),
    ("local", "down"): ("wms-connector local down", "wms-connector local down --yes"),
    ("local", "status"): ("wms-connector local status",),
    ("local", "env"): ('eval "$(wms-connector local env)"',),
    ("local", "grant"): ("wms-connector local grant feature-xyz",),
    ("local", "demo"): ("wms-connector local demo",),
    ("local", "sql"): (
        f'wms-connector local sql "SELECT * FROM {_TABLE}"',  # noqa: S608 - text to be read
        f"wms-connector local sql \"UPDATE {_TABLE} SET STATE_CD = 'NY'\"",  # noqa: S608
    ),
    ("local", "insert"): (
        "wms-connector local insert",
        f"wms-connector local insert {_TABLE} --rows 3",
    ),
    ("local", "consume"): (
        f"wms-connector local consume {_TOPIC}",
        f"wms-connector local consume {_TOPIC} --follow",
    ),
    ("local", "mails"): ("wms-connector local mails", "wms-connector local mails --confirm"),
    ("local", "stop"): ("wms-connector local stop database", "wms-connector local stop broker --kill"),
    ("local", "start"): ("wms-connector local start database", "wms-connector local start broker/val"),
    ("local", "broker", "add"): ("wms-connector local broker add val",),
}


def attach(command: click.Command, words: tuple[str, ...]) -> None:
    """Put the examples of a command, and of those below it, under its help."""
    lines = EXAMPLES.get(words, ())
    if lines and not command.epilog:
        # The first line keeps click from wrapping the others.
        command.epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            attach(below, (*words, name))
