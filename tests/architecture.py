"""Rules about the tree that no linter knows, as functions of a tree, so that each can be shown to fail."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("connector", "templates", "resolvers", "hooks", "lambda_src")
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
    r"(?:hooks|resolvers)\.\w+|(?:.+\.)?(?:handler|cli|\w+_cli)|connector\.commands\.(?!lazy$|output$)\w+"
)

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
    r"wms-connector-": {"connector.domain.names"},
    r"(?<![\w-])wms-(?:alerts|network|functions|alarms|events)-": {"connector.domain.names"},
    r"\bwms-foundation\b": {"connector.domain.names"},
    r"\bwms-oracle-cdc\b": {"connector.domain.names"},
    r"/aws/(?:fargate|lambda)/": {"connector.domain.names"},
    r"mgmt\.connect": {"connector.domain.topics", "connector.domain.stage"},
    r"\baws\.wms\b": {"connector.domain.topics"},
    r"\bschema-changes\b": {"connector.domain.topics"},
    r"PLAN_(?:BASE_WVR|WVR_RVSN)_TBL": {"connector.domain.topics"},
}

#: Literals that look like such a text and are none: (module, pattern) -> why.
WAIVED = {
    ("connector.local.postgres", r"wms-connector-"): "a directory of this machine, not a name on AWS",
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
