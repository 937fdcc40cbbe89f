"""Parts of the pages for newcomers and operators: settings, secrets, costs, checklists, commands."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from connector import cli
from connector.domain.capture import settings as connector_settings
from connector.domain.capture.config import connector_config
from connector.domain.capture.dba_checklist import DbaChecklist
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import KINDS, UNREADABLE, ConnectorSettings
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.commands import NEEDED_WHEN, commands, confidential
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.fallback import DEFAULT_PREFIX
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import DB_INFO, SECRET_NAMES, StoredSecret
from connector.domain.stage import aws_names, cost
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.sceptre.settings import SETTINGS
from tests.support import sizes
from tests.support.rendered_config import rendered_group

ROOT = Path(__file__).parents[2]
REFERENCE_CONFIG = ROOT / "docs" / "reference" / f"{aws_names.CONNECTOR}.json"

Rows = Iterable[Iterable[str]]


# -- settings ------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One setting as the page shows it."""

    name: str
    default: str
    allowed: str
    meaning: str


def stage_settings() -> Iterator[Setting]:
    """The settings of config/config.yaml, each with the comment above it."""
    lines = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8").partition("# ---- Settings")[2]
    comment: list[str] = []
    fresh = False
    for line in lines.splitlines()[1:]:
        if line.startswith("#"):
            comment = [*comment, line[1:].strip()] if fresh else [line[1:].strip()]
            fresh = True
        elif found := re.fullmatch(r"(\w+):\s*(.*)", line):
            assert fresh, f"{found[1]} has no comment of its own"
            fresh = False
            yield Setting(found[1], found[2], "", " ".join(comment))


def settings_of_the_connector() -> Iterator[Setting]:
    """The fields of `ConnectorSettings`, with the comments before them."""
    source = inspect.getsource(ConnectorSettings)
    ranges = {name: f"{low} to {high}" for name, low, high in connector_settings._RANGES}
    choices = {"kind": ", ".join(KINDS), "unreadable_values": ", ".join(UNREADABLE)}
    for field in fields(ConnectorSettings):
        comment = re.search(rf"((?:    #: .*\n)+)    {field.name}: ", source)
        assert comment is not None, f"{field.name} has no comment"
        meaning = " ".join(line.strip().removeprefix("#:").strip() for line in comment[1].splitlines())
        allowed = ranges.get(field.name) or choices.get(field.name) or ""
        default = json.dumps(field.default)
        yield Setting(f"connector.{field.name}", default, allowed, meaning)


def settings_table(found: Iterable[Setting]) -> Rows:
    """Rows of the page."""
    for each in found:
        allowed = f" Allowed: {each.allowed}." if each.allowed else ""
        yield f"`{each.name}`", f"`{each.default}`" if each.default else "none", _cell(each.meaning + allowed)


def _cell(text: str) -> str:
    """A text in a table: angle brackets would be HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def differences() -> Rows:
    """What the named stages set differently."""
    for stage in NAMED_STAGES:
        own = sizes.settings(stage)
        base = sizes.settings(sizes.DEFAULT)
        changed = [
            f"`{key}: {own[key]}`" for key in sorted(own) if key in SETTINGS and own[key] != base.get(key)
        ]
        yield f"`{stage}`", "<br>".join(changed) or "nothing"


# -- secrets -------------------------------------------------------------------------


def secret_commands() -> str:
    """What `secret-script main` prints for two of them, and which go where."""
    shown = commands(Stage("main"), DEFAULT_PREFIX, ("alertEmails", DB_INFO))
    return "\n\n".join("\n".join(each.lines()) for each in shown)


def secrets_to_make() -> Rows:
    """Every secret, when it is needed, and who usually knows it."""
    owners = {
        "vpc": "network",
        "iam/path": "account's owners",
        "iam/permissionsBoundary": "account's owners",
        "brokerString": "cluster's owners",
        "dbInfo": "DBA",
        "alertEmails": "you",
        "connectAlbTls": "network",
        "kafkaCredentials": "cluster's owners",
        "kafkaTls": "cluster's owners",
    }
    for name in SECRET_NAMES:
        how = "by a file" if confidential(name) else "on the command line"
        yield f"`{name}`", NEEDED_WHEN.get(name, "always"), owners[name], how


# -- costs ---------------------------------------------------------------------------


def counted(group: str) -> Sequence[cost.CostItem]:
    """What of a stage costs money each month, counted in its rendered templates."""
    named = group in NAMED_STAGES
    templates = [json.loads(text) for text in rendered_group(group).values()]
    return cost.counted(templates, cost.SECRETS_OF_NAMED if named else 0, ephemeral=not named)


def costs() -> Rows:
    """One row for each kind of stage."""
    for group in (*NAMED_STAGES, sizes.DEFAULT):
        found = counted(group)
        cells = (f"{item.count:g} x {item.price.usd:.2f}" for item in found)
        name = "a branch's stage" if group == sizes.DEFAULT else f"`{group}`"
        yield name, *cells, f"**{cost.total(found):.0f} USD**"


def cost_columns() -> Sequence[str]:
    """The head of that table."""
    return "stage", *(item.name for item in counted(NAMED_STAGES[0])), "a month"


def prices() -> Rows:
    """What the figures rest on."""
    return ((price.what, f"{price.usd:.2f}", f"[{price.page}]({price.url})") for price in cost.PRICES)


# -- others --------------------------------------------------------------------------


def checklists() -> str:
    """One list for each named stage."""
    return "\n".join(DbaChecklist(Stage(name), OracleScript()).text() for name in NAMED_STAGES)


#: The predecessor's alarms (macpro-wms-connector, src/cdk/wms-connector-stack.ts), behind the stage's prefix,
#: and the alarm here that tells of the same; and what differs.
PREDECESSORS_ALARMS: Mapping[str, tuple[str, str]] = {
    "HealthCheckFailed": ("HealthCheckFailed", "also when no check runs"),
    "ConnectorStateFailed": ("ConnectorStateFailed", ""),
    "ConnectorTaskFailed": ("ConnectorTaskFailed", ""),
    "DbTcpUnreachable": ("DbTcpUnreachable", ""),
    "AutoRestartBudgetExceeded": ("AutoRestartBudgetExceeded", ""),
    "ConnectHealthLambdaErrors": ("ConnectHealthErrors", "beside it ConnectHealthThrottles"),
    "OracleErrors": (
        "OracleErrorCount",
        "the metric has that name there, too; words like ORACLE do not count",
    ),
    "UnknownTopicOrPartition": ("UnknownTopicOrPartitionCount", "the metric has that name there, too"),
    "ConnectExceptions": ("ConnectExceptionCount", "the metric has that name there, too"),
}


def alarm_names() -> Rows:
    """Old and new name of each alarm of the predecessor's."""
    names = Stage("main").names
    for old, (new, note) in PREDECESSORS_ALARMS.items():
        yield f"`{names.service}-{old}`", f"`{names.alarm(new)}`", note or "the same name"


def reference_config() -> str:
    """The connector config of main, with an address that cannot exist (RFC 6761)."""
    text = {"host": "oracle.invalid", "port": 1521, "dbname": "WMS", "username": "x", "password": "x"}
    database = parse_database(StoredSecret(DB_INFO, "", "", Redacted(json.dumps(text))))
    config = connector_config(Stage("main"), database, KafkaAuth.TLS, ConnectorSettings())
    return json.dumps({"name": aws_names.CONNECTOR, "config": dict(config)}, indent=2) + "\n"


def command_list() -> Rows:
    """Every command with its line of help, section by section."""
    for name, lazy in cli._COMMANDS.items():
        yield lazy.section, f"`wms-connector {name}`", lazy.help
