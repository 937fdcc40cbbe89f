"""Rules about the tree that no linter knows, as functions of a tree, so that each can be shown to fail."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("connector", "templates", "resolvers", "hooks", "lambda_src", "tools")
CORE = "connector.domain"

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
#: A hook calls one operation; what it does stands there.
MAX_HOOK_LINES = 59
MAX_HOOKS_LINES = 329

#: Parts that know nothing of each other.
SIDES = ("templates", "resolvers", "hooks", "lambda_src")
#: Hook and resolver must agree on the name of the Lambda zip, so they share the function that makes it.
SHARED = {("hooks", "lambda_src.packaging"), ("resolvers", "lambda_src.packaging")}

#: What starts a run: wiring only, so nothing has a reason to import it. The commands' helpers are none.
ENTRY_POINTS = re.compile(
    r"(?:hooks|resolvers)\.\w+|(?:.+\.)?(?:handler|cli|\w+_cli)|connector\.commands\.(?!(?:lazy|output|examples|completion)$)\w+"
)

#: What of ours each room may import besides itself. The core is not here: it may import nothing, which
#: `impurities` holds. A module beside the rooms has an entry of its own: `without_a_room` reports any other.
_INSIDE = ("connector.domain", "lambda_src.runtime", "lambda_src.clients")
ROOMS: dict[str, tuple[str, ...]] = {
    # The operator's side, from the port upwards.
    "connector.aws": ("connector.domain",),
    "connector.sceptre": ("connector.domain", "connector.aws"),
    "connector.image_publishing": ("connector.domain", "connector.aws"),
    "connector.operations": ("connector.domain", "connector.aws", "connector.sceptre"),
    "connector.commands": (
        "connector.domain",
        "connector.aws",
        "connector.sceptre",
        "connector.image_publishing",
        "connector.operations",
    ),
    # The commands are loaded by name when one runs, so nothing else is imported to print the help.
    "connector.cli": ("connector.commands.lazy",),
    # The local world starts the product as a user does. It shares how the image's tag is computed, which
    # directory an ephemeral stage has, how a group of commands loads and explains them, and how one asks.
    "connector.local": (
        "connector.commands.lazy",
        "connector.domain",
        "connector.image_publishing.content",
        "connector.operations.confirmation",
        "connector.operations.ephemeral_directory",
    ),
    # What Sceptre loads. A template is made from its values alone; hooks and resolvers call operations.
    "templates": ("connector.domain",),
    "hooks": (
        "connector.domain",
        "connector.aws",
        "connector.sceptre",
        "connector.operations",
        "lambda_src.packaging",
    ),
    "resolvers": (
        "connector.domain",
        "connector.aws",
        "connector.sceptre",
        "connector.image_publishing",
        "connector.operations",
        "lambda_src.packaging",
    ),
    # Inside the VPC: clients know no use case, and the admin function does not know the health check.
    "lambda_src.runtime": ("connector.domain",),
    "lambda_src.clients": ("connector.domain", "lambda_src.runtime"),
    "lambda_src.session": _INSIDE,
    "lambda_src.backups": (*_INSIDE, "lambda_src.session"),
    "lambda_src.logins": (*_INSIDE, "lambda_src.session"),
    "lambda_src.removal": (*_INSIDE, "lambda_src.session"),
    "lambda_src.comparison_leftovers": (*_INSIDE, "lambda_src.session", "lambda_src.removal"),
    "lambda_src.maintenance": (*_INSIDE, "lambda_src.session", "lambda_src.logins"),
    "lambda_src.observe_skipped": (*_INSIDE, "lambda_src.session"),
    "lambda_src.observe": (*_INSIDE, "lambda_src.session", "lambda_src.observe_skipped"),
    "lambda_src.connect_admin": (
        *_INSIDE,
        "lambda_src.session",
        "lambda_src.backups",
        "lambda_src.comparison_leftovers",
        "lambda_src.logins",
        "lambda_src.maintenance",
        "lambda_src.observe",
        "lambda_src.observe_skipped",
        "lambda_src.removal",
    ),
    "lambda_src.connect_health": (
        *_INSIDE,
        "lambda_src.session",
        "lambda_src.backups",
        "lambda_src.comparison_leftovers",
        "lambda_src.logins",
        "lambda_src.maintenance",
        "lambda_src.observe",
        "lambda_src.connect_admin.registration",
        "lambda_src.connect_admin.rotation",
    ),
    # It makes the zip, outside the VPC, and reads the Lambdas' files without importing them.
    "lambda_src.packaging": ("connector.domain",),
    # Programs for the repository's own files.
    # The policy gates read what `wms-connector render` writes, and render other settings in the same way.
    # The list of what ships is made of what publishing and packaging read.
    "tools": (
        "connector.sceptre.render",
        "connector.domain.errors",
        # What a stage is has one rule, for the workflows too.
        "connector.domain.stage",
        "connector.image_publishing",
        "lambda_src.packaging",
    ),
}

#: Who may make clients of AWS and know its library's errors.
AWS_LIBRARY = ("boto3", "botocore")
SPEAKS_TO_AWS = ("connector.aws", "connector.local", "lambda_src")

IMPURE_MODULES = frozenset(
    {
        *(
            "socket",
            "ssl",
            "http",
            "urllib.request",
            "socketserver",
            "asyncio",
            "selectors",
            "ftplib",
            "smtplib",
        ),
        *("time", "os", "subprocess", "shutil", "tempfile", "pathlib", "io", "threading", "multiprocessing"),
        *("random", "secrets", "uuid", "logging", "sys", "signal", "platform", "getpass", "importlib"),
    }
)
IMPURE_CALLS = frozenset({"open", "print", "input", "eval", "exec", "__import__"})
# Asking a clock, as `datetime.now()`; types and arithmetic of datetime are pure.
CLOCK = frozenset({"now", "utcnow", "today"})

#: A text that only these modules may spell out.
SPELT_OUT = {
    r"wms-connector-": {"connector.domain.stage.aws_names"},
    r"(?<![\w-])wms-(?:alerts|network|functions|alarms|events)-": {"connector.domain.stage.aws_names"},
    r"\bwms-foundation\b": {"connector.domain.stage.aws_names"},
    r"\bwms-oracle-cdc\b": {"connector.domain.stage.aws_names"},
    r"/aws/(?:fargate|lambda)/": {"connector.domain.stage.aws_names"},
    r"mgmt\.connect": {"connector.domain.stage.topics", "connector.domain.stage.stage"},
    r"\baws\.wms\b": {"connector.domain.stage.topics"},
    r"\bschema-changes\b": {"connector.domain.stage.topics"},
    r"PLAN_(?:BASE_WVR|WVR_RVSN)_TBL": {"connector.domain.stage.topics"},
}

#: Literals that look like such a text and are none: (module, pattern) -> why.
WAIVED = {
    ("connector.local.schema", r"PLAN_(?:BASE_WVR|WVR_RVSN)_TBL"): "the stand-in database makes the tables",
    ("templates.foundation", r"/aws/(?:fargate|lambda)/"): "the key's policy covers the groups of all stages",
}


@dataclass(frozen=True)
class Module:
    """A module of ours: its dotted name and its syntax tree."""

    name: str
    path: Path
    is_package: bool

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, str(self.path))

    @property
    def side(self) -> str:
        return self.name.partition(".")[0]

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Everything imported anywhere in the module, also inside functions, as absolute names."""
        return tuple(self._imported())

    def _imported(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield base
                # `from package import module` imports the module as well.
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        parts = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        parts = parts[: len(parts) - (node.level - 1)]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def texts(self) -> Iterator[tuple[int, str]]:
        """Literal texts, also the literal parts of f-strings; docstrings are prose and left out."""
        prose = {
            id(node.body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield node.lineno, node.value


def modules(root: Path) -> list[Module]:
    """All product modules below `root`."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            found.append(Module(".".join(parts[:-1] if is_package else parts), path, is_package))
    return found


def within(name: str, package: str) -> bool:
    """Whether `name` is `package` or something in it."""
    return name == package or name.startswith(f"{package}.")


def impurities(found: Iterable[Module]) -> Iterator[str]:
    """What the core must not do: import ours or others', open, read a clock or an environment."""
    for module in found:
        if within(module.name, CORE):
            yield from _impure_imports(module)
            yield from _impure_calls(module)


def _impure_imports(module: Module) -> Iterator[str]:
    for name in module.imports:
        top = name.partition(".")[0]
        if within(name, CORE):
            continue
        if top not in sys.stdlib_module_names:
            yield f"{module.name} imports {name}, which is not of the core or the standard library"
        elif any(within(name, impure) for impure in IMPURE_MODULES):
            yield f"{module.name} imports {name}"


def _impure_calls(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield f"{module.name}:{node.lineno} calls {node.func.id}"
        if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK:
            yield f"{module.name}:{node.lineno} asks a clock"


def crossings(found: Iterable[Module]) -> Iterator[str]:
    """Imports between templates, resolvers, hooks and lambda_src."""
    for module in found:
        if module.side not in SIDES:
            continue
        for name in module.imports:
            side = name.partition(".")[0]
            if side not in SIDES or side == module.side:
                continue
            if not any(module.side == who and within(name, what) for who, what in SHARED):
                # `from lambda_src import packaging` yields both names; the package alone says nothing.
                if name == side and any(within(other, f"{side}.packaging") for other in module.imports):
                    continue
                yield f"{module.name} imports {name}"


def rooms_crossed(found: Iterable[Module]) -> Iterator[str]:
    """Imports from a room into one that it must not know."""
    known = list(found)
    names = {module.name for module in known}
    for module in known:
        for room, allowed in ROOMS.items():
            if not within(module.name, room):
                continue
            for name in module.imports:
                if name.partition(".")[0] not in PACKAGES or any(within(name, a) for a in (room, *allowed)):
                    continue
                # `from lambda_src import session` yields the package too; the package alone says nothing.
                if name in names and any(other.startswith(f"{name}.") for other in module.imports):
                    continue
                yield f"{module.name} imports {name}"


def without_a_room(found: Iterable[Module]) -> Iterator[str]:
    """Modules that no rule about imports covers. A package that only holds rooms needs none."""
    for module in found:
        if module.name not in PACKAGES and not any(within(module.name, room) for room in (CORE, *ROOMS)):
            yield f"{module.name} lies in no room"


def strangers_to_aws(found: Iterable[Module]) -> Iterator[str]:
    """Imports of AWS's library elsewhere than in the rooms for it."""
    for module in found:
        if not any(within(module.name, room) for room in SPEAKS_TO_AWS):
            yield from (
                f"{module.name} imports {name}"
                for name in dict.fromkeys(module.imports)
                if name.partition(".")[0] in AWS_LIBRARY
            )


def pure_elsewhere(found: Iterable[Module]) -> Iterator[str]:
    """Modules that call themselves pure where no rule holds them to it."""
    for module in found:
        if within(module.name, CORE):
            continue
        if re.search(r"\bpure\b", ast.get_docstring(module.tree) or "", re.IGNORECASE):
            yield f"{module.name} calls itself pure and is not of the core"


def classes_twice(found: Iterable[Module]) -> Iterator[str]:
    """Public class names that two modules define."""
    homes: dict[str, list[str]] = {}
    for module in found:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module.name)
    for name, places in homes.items():
        if len(places) > 1:
            yield f"class {name} is defined in {' and in '.join(places)}"


def imported_entry_points(found: Iterable[Module]) -> Iterator[str]:
    """Imports of what only a tool should start."""
    known = list(found)
    names = {module.name for module in known if not module.is_package}
    for module in known:
        for name in module.imports:
            if name in names and ENTRY_POINTS.fullmatch(name):
                yield f"{module.name} imports {name}"


def oversized(found: Iterable[Module]) -> Iterator[str]:
    """Modules and functions that are too long to read at once."""
    hooks = 0
    for module in found:
        lines = module.source.count("\n")
        hooks += lines if module.side == "hooks" else 0
        if lines > (MAX_HOOK_LINES if module.side == "hooks" else MAX_MODULE_LINES):
            yield f"{module.name} has {lines} lines"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    yield f"{module.name}.{node.name} has {length} lines"
    if hooks > MAX_HOOKS_LINES:
        yield f"hooks has {hooks} lines in all"


def names_spelt_out(found: Iterable[Module]) -> Iterator[str]:
    """Names that are written down where they should be asked for."""
    for module in found:
        for line, text in module.texts():
            for pattern, owners in SPELT_OUT.items():
                if module.name in owners or (module.name, pattern) in WAIVED:
                    continue
                if re.search(pattern, text):
                    yield f"{module.name}:{line} spells out {text!r}"
