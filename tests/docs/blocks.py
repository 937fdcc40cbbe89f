"""The parts of docs/ that are made from the code, by name.

A block stands in a paper between `<!-- made: name -->` and `<!-- end -->`; nobody edits it by hand.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from click.testing import CliRunner

from connector import cli
from connector.aws import account
from connector.aws.place import place
from connector.domain.capture.oracle_script import CONTAINER_GRANTS, SYSTEM_GRANTS, OracleScript
from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN, class_named
from connector.domain.diagnosis.oracle_codes import FAMILIES, POSITIONS, SEEN, WRAPPERS
from connector.domain.diagnosis.oracle_family import Family
from connector.domain.health import metrics
from connector.domain.health.alarm import Alarm
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.error_classes import OBSERVED
from connector.domain.health.mail_context import MailContext
from connector.domain.health.maintenance import summary_mail
from connector.domain.health.maintenance_window import HeldMail, Window
from connector.domain.health.observation import Observation
from connector.domain.health.verdict import Verdict
from connector.domain.network import endpoints
from connector.domain.reconcile.comparison import TableReport
from connector.domain.reconcile.run import ReconcileRequest, ReconcileRun
from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage import stack_states
from connector.domain.stage.ownership import foreign_stack
from connector.domain.stage.stage import NAMED_STAGES, RESERVED_STAGES, RULE, Stage
from connector.domain.stage.topics import Catalogue
from connector.sceptre.render import write
from lambda_src.connect_admin.reconcile.steps import report
from templates.shared.fargate import SIZES
from tests.docs import growth, handbook, messages, redo_readers
from tests.domain.stage.test_stack_states import STATES
from tests.support import sizes
from tests.support.fake_aws import FakeAws
from tests.support.predecessor import predecessor
from tests.support.rendered_config import rendered_group

ROOT = Path(__file__).parents[2]
NAMED, EPHEMERAL = Stage("main"), Stage("feature-xyz")

_BLOCK = re.compile(r"(<!-- made: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """A paper's text with every block made anew. Raises KeyError for a block that nobody makes."""
    return _BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found['name']]()}{found[4]}", text)


def names_in(text: str) -> list[str]:
    """The blocks that a paper has."""
    return [found["name"] for found in _BLOCK.finditer(text)]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *([*row] for row in rows)]
    return "\n" + "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def _code(texts: Iterable[str]) -> str:
    return "<br>".join(f"`{text}`" for text in texts)


def _sql(script: OracleScript) -> str:
    return f"\n```sql\n{script.text(NAMED)}```\n\n"


def _topics() -> str:
    return _table(
        ("role", f"named stage (`{NAMED.name}`)", f"ephemeral stage (`{EPHEMERAL.name}`)"),
        (
            (f"`{role}`", _code(found), _code(EPHEMERAL.topics.roles[role]))
            for role, found in NAMED.topics.roles.items()
        ),
    )


def _settings() -> str:
    return _table(
        ("kind", "topic", "partitions", "set to"),
        (
            (
                kind,
                f"`{spec.name}`",
                f"{spec.partitions}{', exactly' * spec.exact_partitions}",
                _configs(spec),
            )
            for kind in ("debezium", "jdbc")
            for spec in NAMED.topics.specs(kind)
        ),
    )


def _configs(spec: Any) -> str:
    return _code(f"{key}={value}" for key, value in spec.configs.items())


def _groups() -> str:
    catalogues: tuple[Catalogue, ...] = (NAMED.topics, EPHEMERAL.topics)
    used_by = ("the Connect workers", "the signal channel")
    return _table(
        ("used by", f"`{NAMED.name}`", f"`{EPHEMERAL.name}`"),
        ((who, *(f"`{c.groups[i]}`" for c in catalogues)) for i, who in enumerate(used_by)),
    )


def _secrets() -> str:
    rows = []
    for name in secrets.SECRET_NAMES:
        first, second = fallback.candidate_paths(fallback.DEFAULT_PREFIX, NAMED.name, name)
        confidential = "all of it" if name in secrets.CONFIDENTIAL_SECRETS else ""
        if name == secrets.DB_INFO:
            confidential = "user and password"
        rows.append((f"`{name}`", f"`{first}`", f"`{second}`", confidential or "nothing"))
    return _table(("secret", "looked for", "then", "confidential"), rows)


def _plan() -> str:
    """What the offline plan of main says where the base has a smaller task."""
    templates = {name: json.loads(text) for name, text in rendered_group("main").items()}
    templates["connector"]["Resources"]["Task"]["Properties"]["Cpu"] = "512"
    with TemporaryDirectory() as base:
        list(write({"main": {name: json.dumps(each) for name, each in templates.items()}}, Path(base)))
        done = CliRunner().invoke(cli.main, ["plan", "main", "--offline", "--base", base])
    assert done.exit_code == 0, done.output
    return f"\n```text\n{done.stdout.strip()}\n```\n\n"


def _endpoints() -> str:
    return _table(
        ("VPC endpoint `com.amazonaws.<region>.…`", "kind", "used by", "for"),
        ((f"`{row.name}`", row.kind, " and ".join(row.used_by), row.purpose) for row in endpoints.ENDPOINTS),
    )


def _ports() -> str:
    return _table(
        ("`kafka_auth`", "port", "MSK's public port", "protocol"),
        (
            (f"`{auth}`", str(auth.port), str(auth.public_port or "none"), f"`{auth.protocol}`")
            for auth in KafkaAuth
        ),
    )


def _names() -> str:
    return _table(
        ("what", f"`{NAMED.name}`", "`Feature.X`"),
        (
            (f"`{what}`", f"`{name}`", f"`{Stage('Feature.X').names.flat()[what]}`")
            for what, name in NAMED.names.flat().items()
        ),
    )


def _rule() -> str:
    words = ", ".join(f"`{word}`" for word in RESERVED_STAGES)
    named = ", ".join(f"`{stage}`" for stage in NAMED_STAGES)
    return f"\nA stage has {RULE}. Named stages: {named}. Reserved names: {words}.\n\n"


def _sizes() -> str:
    keys = (*sizes.Size.__dataclass_fields__, "desired_count")
    rows = (
        (f"`{group}`", *map(str, (*astuple(sizes.size(group)), sizes.settings(group)["desired_count"])))
        for group in (sizes.DEFAULT, *NAMED_STAGES)
    )
    return _table(("stage", *(f"`{key}`" for key in keys)), rows)


def _fargate() -> str:
    return _table(
        ("`task_cpu`", "`task_memory`, MiB"),
        ((str(cpu), f"{memory[0]} to {memory[-1]}") for cpu, memory in SIZES.items()),
    )


#: What the rules of events say; alarms say it themselves.
_EVENTS = {
    metrics.TASK_STOPPED: "A worker stopped, and neither a deployment nor scaling is why.",
    metrics.TASK_NOT_STARTED: "A worker's task never started, so it has no log.",
    metrics.LOG_MISSING: "The database lacks a redo log that the connector needs: its task will fail.",
    metrics.SERVICE_TROUBLE: "ECS has trouble with the worker's service.",
    metrics.DEPLOYMENT_FAILED: "A deployment of the worker failed; ECS goes back to the version before.",
    metrics.SECRET_CHANGED: "A secret has changed, and the workers do not use the new version.",
}


def _alarms() -> str:
    """One line for each section; sections that several alarms share are named once."""
    named: list[tuple[str, Alarm]] = [(m.name, m.alarm) for m in metrics.METRICS if m.alarm]
    named += [(alarm.name, alarm.alarm) for alarm in aws_alarms(NAMED.names, "any")]
    sections: dict[str, list[tuple[str, Alarm]]] = {}
    for name, alarm in named:
        sections.setdefault(alarm.section, []).append((name, alarm))
    rows = [
        (
            f"[{section}](#{section.lower()})",
            "one mail of the health check" if not found[0][1].mails() else "the alarm",
            found[0][1].description if len(found) == 1 else f"Alarms: {_code(name for name, _ in found)}",
        )
        for section, found in sections.items()
    ]
    rows += [(f"[{rule}](#{rule.lower()})", "the event", what) for rule, what in _EVENTS.items()]
    return _table(("section", "mailed by", "what"), rows)


def _error_classes() -> str:
    return _table(
        ("class", "owner", "restarted", "means", "next step"),
        (
            (f"`{c.name}`", c.owner.value, "yes" if c.retry else "no", c.meaning, c.next_step)
            for c in (*ERROR_CLASSES, UNKNOWN, *OBSERVED)
        ),
    )


def _oracle_codes() -> str:
    """A row for each family, those of a class together, in the order of the classes."""
    order = [found.name for found in ERROR_CLASSES]
    rows = []
    for family in sorted(FAMILIES, key=lambda family: order.index(family.error_class)):
        found = class_named(family.error_class)
        codes = "<br>".join(f"{_number(code)} {words}" for code, words in sorted(family.codes.items()))
        restarted = "yes" if found.retry else "no"
        rows.append(
            (f"`{found.name}`", codes, found.owner.value, restarted, _by_itself(family), family.source)
        )
    return _table(("class", "numbers", "owner", "restarted", "the connector by itself", "meaning from"), rows)


def _number(code: int) -> str:
    number = f"ORA-{code:05d}"
    return f"**{number}**" if code in SEEN else number


def _by_itself(family: Family) -> str:
    seen = SEEN & set(family.codes)
    known = "documented" if not seen else "seen" if len(seen) == len(family.codes) else "seen and documented"
    return f"{family.connector}{', at a login' * family.connecting}: {known}"


def _oracle_positions() -> str:
    kinds = (("where it happened, or to which file", POSITIONS), ("that something else failed", WRAPPERS))
    return _table(
        ("tells only", "numbers"),
        ((what, ", ".join(f"ORA-{code:05d}" for code in sorted(codes))) for what, codes in kinds),
    )


_PASTED = """\
org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
Caused by: java.sql.SQLException: ORA-01291: missing log file
ORA-06512: at "SYS.DBMS_LOGMNR", line 72
"""


def _explain() -> str:
    """The command, run on a trace."""
    done = CliRunner().invoke(cli.main, ["explain", "--stage", NAMED.name], input=_PASTED)
    assert done.exit_code == 0, done.output
    answer = "\n".join(line.rstrip() for line in done.output.splitlines()).strip()
    return f"\n```text\n$ wms-connector explain --stage {NAMED.name} < trace.txt\n{answer}\n```\n\n"


def _maintenance_mail() -> str:
    """The summary of a window in which a worker was stopped."""
    began = 1_800_000_000
    ended = began + 4 * 3600
    held = HeldMail(began + 1200, f"{NAMED.names.service}: TaskStopped (worker)", "(the text of that mail)")
    window = Window(
        began, ended, "the DBA patches", "user/alice", halted_at=began, resumed_at=ended + 300, held=(held,)
    )
    context = MailContext(NAMED, "123456789012", "us-east-1")
    mail = summary_mail(context, window, Observation(), Verdict(), ended + 900)
    return f"\n```text\nSubject: {mail.subject}\n\n{mail.text}\n```\n\n"


def _stage_counts() -> str:
    return _table(("one stage takes", *growth.COLUMNS), growth.rows())


def _quotas() -> str:
    head = ("quota", "default", "a stage takes", "stages that fit", "page of the documentation")
    return _table(head, growth.limits())


def _redo_readers() -> str:
    return _table(("limit", "sum", "in the example", "stages that fit"), redo_readers.rows())


def _first_limit() -> str:
    return f"\n{redo_readers.first_limit(growth.fits())}.\n\n"


def _stack_states() -> str:
    """States with the same next step share a row, in the order in which CloudFormation lists them."""
    rows: dict[tuple[str, str], list[str]] = {}
    for status in STATES:
        steps = (
            stack_states.next_step(stage, stage.names.stack("functions"), status) or "nothing"
            for stage in (NAMED, Stage("x"))
        )
        rows.setdefault((next(steps), next(steps)), []).append(status)
    return _table(
        ("state", "next step for `main`", "for the branch `x`"),
        ((_code(found), *steps) for steps, found in rows.items()),
    )


def _rights() -> str:
    return _table(
        ("right", "what for", "without it the stand-in refuses", "who demands it"),
        (
            (
                f"`{right.name}`",
                right.why + (" (only with a pluggable database)" if right in CONTAINER_GRANTS else ""),
                f"`{right.statement} …`" if right.statement else _NEEDED_ELSEWHERE[right.name],
                right.document,
            )
            for right in (*SYSTEM_GRANTS, *CONTAINER_GRANTS)
        ),
    )


_NEEDED_ELSEWHERE = {
    "CREATE SESSION": "the login",
    "EXECUTE_CATALOG_ROLE": "nothing: there `EXECUTE` on `DBMS_LOGMNR` is enough",
}


def _adopt() -> str:
    """The command, run in an account of the predecessor's; the lists of steps only."""
    with mock.patch.object(account, "Account", return_value=predecessor()):
        done = CliRunner().invoke(cli.main, ["adopt", NAMED.name, "--plan"])
    assert done.exit_code == 0, done.output
    steps = done.output[done.output.index("The move:") :]
    return f"\n```text\n$ wms-connector adopt {NAMED.name} --plan\n...\n{steps.strip()}\n```\n\n"


def _reconcile() -> str:
    """The command, run on a function that has compared some rows of one table."""
    table = "WMS.PLAN_BASE_WVR_TBL"
    found = TableReport(equal=99_120, different=212, missing=40, ghosts=3, unjudged=625)
    found.columns.update(WVR_TTL_TXT=200, EXPRTN_DT=14)
    run = ReconcileRun("0" * 32, "", [table], 0, 0, scn=2_000_203, records=231_554, reports={table: found})
    answer = report(run, ReconcileRequest(run.id)).to_payload()
    aws = FakeAws()
    aws.functions = {NAMED.names.connect_admin: lambda _: answer}
    with mock.patch.object(account, "Account", return_value=aws):
        done = CliRunner().invoke(cli.main, ["reconcile", NAMED.name, "--table", table])
    assert done.exit_code == 1, done.output
    shown = "\n".join(line for line in done.output.splitlines() if not line.startswith("reconcile")).strip()
    return f"\n```text\n$ wms-connector reconcile {NAMED.name} --table {table}\n{shown}\n```\n\n"


def _foreign_stack() -> str:
    found = foreign_stack(NAMED, predecessor().stacks[NAMED.names.stack("connector")])
    assert found is not None
    return f"\n```text\n{found.refusal(NAMED, place(predecessor()))}\n```\n\n"


def _settings_table(found: Iterable[handbook.Setting]) -> str:
    return _table(("setting", "default", "meaning"), handbook.settings_table(found))


BLOCKS: Mapping[str, Callable[[], str]] = {
    "oracle-script": lambda: _sql(OracleScript()),
    "oracle-script-pdb": lambda: _sql(OracleScript(container=True)),
    "oracle-rights": _rights,
    "topics": _topics,
    "topic-settings": _settings,
    "groups": _groups,
    "message-named": lambda: messages.shown("named-insert", schema=True),
    "message-ephemeral": lambda: messages.shown("ephemeral-delete", schema=True),
    "message-plain": lambda: messages.shown("named-delete", schema=False),
    "message-columns": lambda: _table(("column", "type", "optional", "example"), messages.columns()),
    "secrets": _secrets,
    "ports": _ports,
    "names": _names,
    "rule": _rule,
    "sizes": _sizes,
    "fargate": _fargate,
    "alarms": _alarms,
    "error-classes": _error_classes,
    "explain": _explain,
    "maintenance-mail": _maintenance_mail,
    "oracle-codes": _oracle_codes,
    "oracle-positions": _oracle_positions,
    "stack-states": _stack_states,
    "stage-counts": _stage_counts,
    "quotas": _quotas,
    "redo-readers": _redo_readers,
    "first-limit": _first_limit,
    "endpoints": _endpoints,
    "settings": lambda: _settings_table(handbook.stage_settings()),
    "connector-settings": lambda: _settings_table(handbook.settings_of_the_connector()),
    "stage-differences": lambda: _table(("stage", "sets"), handbook.differences()),
    "secret-commands": lambda: f"\n```sh\n{handbook.secret_commands()}\n```\n\n",
    "secrets-to-make": lambda: _table(
        ("secret", "needed", "who knows it", "how it is made"), handbook.secrets_to_make()
    ),
    "costs": lambda: _table(handbook.cost_columns(), handbook.costs()),
    "prices": lambda: _table(("unit", "USD a month", "page of AWS"), handbook.prices()),
    "dba-checklists": lambda: f"\n{handbook.checklists()}\n",
    "alarm-names": lambda: _table(("predecessor", "here", "what differs"), handbook.alarm_names()),
    "commands": lambda: _table(("for", "command", "does"), handbook.command_list()),
    "adopt": _adopt,
    "plan": _plan,
    "foreign-stack": _foreign_stack,
    "reconcile": _reconcile,
}
