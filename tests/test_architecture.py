from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import Module

ROOT = Path(__file__).parents[1]
REAL = architecture.modules(ROOT)

Check = Callable[[Iterable[Module]], Iterator[str]]
CHECKS: dict[str, Check] = {
    "the core is pure and imports nothing of ours": architecture.impurities,
    "templates, resolvers, hooks and Lambdas do not know each other": architecture.crossings,
    "a room knows only the rooms below it": architecture.rooms_crossed,
    "every module lies in a room": architecture.without_a_room,
    "the library of AWS is known in one room": architecture.strangers_to_aws,
    "what calls itself pure is in the core": architecture.pure_elsewhere,
    "a public class name stands for one class": architecture.classes_twice,
    "nothing imports an entry point": architecture.imported_entry_points,
    "modules and functions are short": architecture.oversized,
    "a name is written down in one module": architecture.names_spelt_out,
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_the_tree_keeps_its_rules(check: Check) -> None:
    assert list(check(REAL)) == []


def test_the_rules_are_applied_to_a_real_tree() -> None:
    found = {module.name for module in REAL}
    assert {
        "connector.domain.stage.stage",
        "connector.cli",
        "hooks.register",
        "lambda_src.packaging",
    } <= found


def test_every_waiver_has_a_reason_and_a_module() -> None:
    known = {module.name for module in REAL}
    for (module, pattern), reason in architecture.WAIVED.items():
        assert module in known
        assert pattern in architecture.SPELT_OUT
        assert reason


def test_every_room_with_a_rule_is_there() -> None:
    known = {module.name for module in REAL}
    assert {*architecture.ROOMS, *(a for allowed in architecture.ROOMS.values() for a in allowed)} <= known
    assert {*architecture.PACKAGES, *architecture.SPEAKS_TO_AWS} <= known


# A path, what stands in it, and what the check says about it: each rule is seen to fail.
BROKEN: dict[str, tuple[Check, str, str, str]] = {
    "core imports ours": (
        architecture.impurities,
        "connector/domain/x.py",
        "from connector.local import world",
        "connector.domain.x imports connector.local",
    ),
    "core imports ours relatively": (
        architecture.impurities,
        "connector/domain/x.py",
        "from ..local import world",
        "connector.domain.x imports connector.local",
    ),
    "core imports a side": (
        architecture.impurities,
        "connector/domain/x.py",
        "def f():\n    import hooks.guard",
        "imports hooks.guard",
    ),
    "core imports a third party": (
        architecture.impurities,
        "connector/domain/x.py",
        "import boto3",
        "imports boto3, which is not of the core or the standard library",
    ),
    "core opens a socket": (
        architecture.impurities,
        "connector/domain/x.py",
        "import socket",
        "imports socket",
    ),
    "core speaks HTTP": (
        architecture.impurities,
        "connector/domain/x.py",
        "from urllib.request import urlopen",
        "imports urllib.request",
    ),
    "core reads the environment": (
        architecture.impurities,
        "connector/domain/x.py",
        "from os import environ",
        "imports os",
    ),
    "core waits": (
        architecture.impurities,
        "connector/domain/x.py",
        "from time import sleep",
        "imports time",
    ),
    "core asks a clock": (
        architecture.impurities,
        "connector/domain/x.py",
        "import datetime\nWHEN = datetime.datetime.now(datetime.UTC)",
        "connector.domain.x:2 asks a clock",
    ),
    "core reads a file": (
        architecture.impurities,
        "connector/domain/x.py",
        "text = open('f').read()",
        "connector.domain.x:1 calls open",
    ),
    "template imports hook": (
        architecture.crossings,
        "templates/x.py",
        "from hooks import guard",
        "templates.x imports hooks.guard",
    ),
    "template imports packaging": (
        architecture.crossings,
        "templates/x.py",
        "from lambda_src.packaging import package",
        "templates.x imports lambda_src.packaging",
    ),
    "hook imports handler": (
        architecture.crossings,
        "hooks/x.py",
        "from lambda_src.connect_admin import decide",
        "hooks.x imports lambda_src.connect_admin",
    ),
    "lambda imports resolver": (
        architecture.crossings,
        "lambda_src/connect_admin/x.py",
        "import resolvers.secret_fallback",
        "imports resolvers.secret_fallback",
    ),
    "admin knows the health check": (
        architecture.rooms_crossed,
        "lambda_src/connect_admin/x.py",
        "from lambda_src.connect_health import decide",
        "lambda_src.connect_admin.x imports lambda_src.connect_health",
    ),
    "step knows the health check": (
        architecture.rooms_crossed,
        "lambda_src/connect_admin/registration/x.py",
        "from lambda_src.connect_health.decide import decide",
        "lambda_src.connect_admin.registration.x imports lambda_src.connect_health.decide",
    ),
    "client knows a use case": (
        architecture.rooms_crossed,
        "lambda_src/clients/x.py",
        "from lambda_src.connect_admin import decide",
        "lambda_src.clients.x imports lambda_src.connect_admin.decide",
    ),
    "client knows the session": (
        architecture.rooms_crossed,
        "lambda_src/clients/x.py",
        "from lambda_src import session",
        "lambda_src.clients.x imports lambda_src.session",
    ),
    "client knows the health check relatively": (
        architecture.rooms_crossed,
        "lambda_src/clients/x.py",
        "from ..connect_health import decide",
        "lambda_src.clients.x imports lambda_src.connect_health",
    ),
    "runtime knows a client": (
        architecture.rooms_crossed,
        "lambda_src/runtime/x.py",
        "def f():\n    import lambda_src.clients.aws",
        "lambda_src.runtime.x imports lambda_src.clients.aws",
    ),
    "gatherer knows who asks": (
        architecture.rooms_crossed,
        "lambda_src/observe.py",
        "from lambda_src.connect_admin import decide",
        "lambda_src.observe imports lambda_src.connect_admin.decide",
    ),
    "health check knows a teardown": (
        architecture.rooms_crossed,
        "lambda_src/connect_health/x.py",
        "from lambda_src.connect_admin.teardown import topics",
        "lambda_src.connect_health.x imports lambda_src.connect_admin.teardown.topics",
    ),
    "port knows Sceptre's side": (
        architecture.rooms_crossed,
        "connector/aws/x.py",
        "from connector.sceptre import stack",
        "connector.aws.x imports connector.sceptre.stack",
    ),
    "Sceptre's side knows an operation": (
        architecture.rooms_crossed,
        "connector/sceptre/x.py",
        "from connector.operations import teardown",
        "connector.sceptre.x imports connector.operations.teardown",
    ),
    "operation knows a command": (
        architecture.rooms_crossed,
        "connector/operations/x.py",
        "from connector.commands.output import print_json",
        "connector.operations.x imports connector.commands.output",
    ),
    "command knows the local world": (
        architecture.rooms_crossed,
        "connector/commands/x.py",
        "from connector.local import world",
        "connector.commands.x imports connector.local.world",
    ),
    "CLI loads an operation": (
        architecture.rooms_crossed,
        "connector/cli.py",
        "from connector.operations import teardown",
        "connector.cli imports connector.operations.teardown",
    ),
    "local world knows a command": (
        architecture.rooms_crossed,
        "connector/local/x.py",
        "from connector.commands import output",
        "connector.local.x imports connector.commands.output",
    ),
    "local world knows an operation": (
        architecture.rooms_crossed,
        "connector/local/x.py",
        "from connector.operations import teardown",
        "connector.local.x imports connector.operations.teardown",
    ),
    "template knows an operation": (
        architecture.rooms_crossed,
        "templates/x.py",
        "from connector.operations import teardown",
        "templates.x imports connector.operations.teardown",
    ),
    "template knows the port": (
        architecture.rooms_crossed,
        "templates/x.py",
        "from connector.aws import account",
        "templates.x imports connector.aws.account",
    ),
    "hook knows the local world": (
        architecture.rooms_crossed,
        "hooks/x.py",
        "from connector.local import world",
        "hooks.x imports connector.local.world",
    ),
    "hook knows a command": (
        architecture.rooms_crossed,
        "hooks/x.py",
        "from connector.commands import output",
        "hooks.x imports connector.commands.output",
    ),
    "resolver knows the local world": (
        architecture.rooms_crossed,
        "resolvers/x.py",
        "def f():\n    import connector.local.world",
        "resolvers.x imports connector.local.world",
    ),
    "packaging knows a Lambda": (
        architecture.rooms_crossed,
        "lambda_src/packaging.py",
        "from lambda_src.connect_admin import decide",
        "lambda_src.packaging imports lambda_src.connect_admin.decide",
    ),
    "tool knows the product": (
        architecture.rooms_crossed,
        "tools/x.py",
        "from connector.aws import account",
        "tools.x imports connector.aws.account",
    ),
    "product knows a tool": (
        architecture.rooms_crossed,
        "connector/commands/x.py",
        "from tools import release",
        "connector.commands.x imports tools.release",
    ),
    "module without a room": (
        architecture.without_a_room,
        "connector/x.py",
        "",
        "connector.x lies in no room",
    ),
    "package without a room": (
        architecture.without_a_room,
        "connector/new/x.py",
        "",
        "connector.new.x lies in no room",
    ),
    "Lambda's module without a room": (
        architecture.without_a_room,
        "lambda_src/x.py",
        "from lambda_src.connect_health import decide",
        "lambda_src.x lies in no room",
    ),
    "operation makes a client": (
        architecture.strangers_to_aws,
        "connector/operations/x.py",
        "import boto3",
        "connector.operations.x imports boto3",
    ),
    "hook makes a client": (
        architecture.strangers_to_aws,
        "hooks/x.py",
        "def f():\n    from boto3.session import Session",
        "hooks.x imports boto3.session",
    ),
    "operation catches the library's error": (
        architecture.strangers_to_aws,
        "connector/operations/x.py",
        "from botocore.exceptions import ClientError",
        "connector.operations.x imports botocore.exceptions",
    ),
    "resolver knows the library": (
        architecture.strangers_to_aws,
        "resolvers/x.py",
        "import botocore",
        "resolvers.x imports botocore",
    ),
    "pure by its own word": (
        architecture.pure_elsewhere,
        "lambda_src/connect_health/x.py",
        '"""What is wrong. Pure."""',
        "lambda_src.connect_health.x calls itself pure and is not of the core",
    ),
    "one name for two classes": (
        architecture.classes_twice,
        "hooks/x.py",
        "class Decision:\n    pass",
        "class Decision is defined in hooks.x and in lambda_src.connect_admin.decide",
    ),
    "a tool's class has a name of the product": (
        architecture.classes_twice,
        "tools/x.py",
        "class Decision:\n    pass",
        "class Decision is defined in lambda_src.connect_admin.decide and in tools.x",
    ),
    "handler is imported": (
        architecture.imported_entry_points,
        "lambda_src/x.py",
        "from lambda_src.connect_admin import handler",
        "lambda_src.x imports lambda_src.connect_admin.handler",
    ),
    "hook is imported": (
        architecture.imported_entry_points,
        "hooks/x.py",
        "from hooks.guard import Guard",
        "hooks.x imports hooks.guard",
    ),
    "CLI is imported": (
        architecture.imported_entry_points,
        "connector/x.py",
        "from connector.cli import main",
        "connector.x imports connector.cli",
    ),
    "command is imported": (
        architecture.imported_entry_points,
        "connector/x.py",
        "from .commands import stage",
        "connector.x imports connector.commands.stage",
    ),
    "long module": (architecture.oversized, "resolvers/x.py", "#\n" * 401, "resolvers.x has 401 lines"),
    "long hook": (architecture.oversized, "hooks/x.py", "#\n" * 60, "hooks.x has 60 lines"),
    "long hooks": (architecture.oversized, "hooks/x.py", "#\n" * 330, "hooks has 330 lines in all"),
    "long function": (
        architecture.oversized,
        "hooks/x.py",
        "class C:\n    async def f(self):\n" + "        pass\n" * 60,
        "hooks.x.f has 61 lines",
    ),
    "service prefix": (
        architecture.names_spelt_out,
        "templates/x.py",
        "name = f'wms-connector-{stage}'",
        "templates.x:1 spells out 'wms-connector-'",
    ),
    "stack name": (
        architecture.names_spelt_out,
        "hooks/x.py",
        "STACK = 'wms-network-main'",
        "spells out 'wms-network-main'",
    ),
    "foundation": (architecture.names_spelt_out, "hooks/x.py", "S = 'wms-foundation'", "'wms-foundation'"),
    "log group": (architecture.names_spelt_out, "templates/x.py", "G = '/aws/lambda/' + n", "'/aws/lambda/'"),
    "topic in a call": (
        architecture.names_spelt_out,
        "lambda_src/x.py",
        "read(topic='a.mgmt.connect.b')",
        "'a.mgmt.connect.b'",
    ),
    "table": (architecture.names_spelt_out, "templates/x.py", "T = 'PLAN_BASE_WVR_TBL'", "PLAN_BASE_WVR_TBL"),
    "connector": (architecture.names_spelt_out, "lambda_src/x.py", "C = 'wms-oracle-cdc'", "wms-oracle-cdc"),
}

ALLOWED: dict[str, tuple[Check, str, str]] = {
    "core imports core": (
        architecture.impurities,
        "connector/domain/x.py",
        "from .stage import names",
    ),
    "core imports pure parts": (
        architecture.impurities,
        "connector/domain/x.py",
        "import re\nfrom urllib.parse import quote\nfrom datetime import datetime, timedelta",
    ),
    "others may be impure": (architecture.impurities, "connector/local/x.py", "import socket, boto3"),
    "hook imports packaging": (
        architecture.crossings,
        "hooks/x.py",
        "from lambda_src.packaging import package",
    ),
    "resolver imports packaging": (
        architecture.crossings,
        "resolvers/x.py",
        "from lambda_src import packaging",
    ),
    "all import the core": (architecture.crossings, "templates/x.py", "from connector.domain import names"),
    "health check registers": (
        architecture.rooms_crossed,
        "lambda_src/connect_health/x.py",
        "from lambda_src import session\nfrom lambda_src.connect_admin.registration import put_connector",
    ),
    "admin gathers": (
        architecture.rooms_crossed,
        "lambda_src/connect_admin/x.py",
        "from lambda_src.observe import observe\nfrom lambda_src.clients import aws",
    ),
    "port makes a client": (architecture.strangers_to_aws, "connector/aws/x.py", "import boto3, botocore"),
    "core calls itself pure": (architecture.pure_elsewhere, "connector/domain/x.py", '"""A plan. Pure."""'),
    "pure in a comment": (architecture.pure_elsewhere, "lambda_src/x.py", "# Pure Python only."),
    "private classes": (architecture.classes_twice, "hooks/x.py", "class _Private:\n    pass"),
    "new module in a room": (architecture.without_a_room, "connector/operations/x.py", ""),
    "command calls an operation": (
        architecture.rooms_crossed,
        "connector/commands/x.py",
        "from connector.aws import account\nfrom connector.operations import teardown",
    ),
    "hook calls an operation and packages": (
        architecture.rooms_crossed,
        "hooks/x.py",
        "from connector.operations import teardown\nfrom lambda_src import packaging",
    ),
    "output helpers": (
        architecture.imported_entry_points,
        "connector/commands/x.py",
        "from connector.commands.output import print_json",
    ),
    "prose": (
        architecture.names_spelt_out,
        "templates/x.py",
        '"""Makes wms-connector-main and /aws/lambda/x."""',
    ),
    "60 lines": (architecture.oversized, "templates/x.py", "def f():\n" + "    pass\n" * 59),
}


def made_up(root: Path, path: str, text: str) -> list[Module]:
    """A small tree with one more file in it."""
    files = dict.fromkeys(
        (
            "connector/domain/stage/aws_names.py",
            "connector/local/world.py",
            "connector/commands/stage.py",
            "connector/commands/output.py",
            "connector/cli.py",
            "hooks/guard.py",
            "resolvers/secret_fallback.py",
            "lambda_src/packaging.py",
            "lambda_src/connect_admin/handler.py",
            "lambda_src/session.py",
            "lambda_src/observe.py",
            "lambda_src/runtime/deadline.py",
            "lambda_src/clients/aws.py",
            "lambda_src/connect_admin/registration/put_connector.py",
            "lambda_src/connect_admin/teardown/topics.py",
            "lambda_src/connect_health/decide.py",
            "connector/aws/account.py",
            "connector/sceptre/stack.py",
            "connector/operations/teardown.py",
            "tools/release.py",
        ),
        "",
    )
    files["lambda_src/connect_admin/decide.py"] = "class Decision:\n    pass\n\n\nclass _Private:\n    pass\n"
    for name, content in {**files, path: text}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(content, encoding="utf-8")
    return architecture.modules(root)


@pytest.mark.parametrize(("check", "path", "text", "words"), BROKEN.values(), ids=BROKEN)
def test_each_rule_is_seen_to_fail(tmp_path: Path, check: Check, path: str, text: str, words: str) -> None:
    said = list(check(made_up(tmp_path, path, text)))
    assert said
    assert any(words in line for line in said), said


@pytest.mark.parametrize(("check", "path", "text"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_not_reported(tmp_path: Path, check: Check, path: str, text: str) -> None:
    assert list(check(made_up(tmp_path, path, text))) == []
