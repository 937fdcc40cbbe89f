"""Which boto3 methods the Lambdas' code calls, read from its syntax trees: nothing is imported or run.

A boto3 client is known by the `Protocol` that it is cast to: its methods are the operations that are used.
Whose calls they are follows from what each handler's package reaches. A name is followed to what it was
imported from, and a method of an object whose class is not known to every method of that name: so more may be
counted as called than is, never less.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import architecture

#: A module's name and a function's in it; `<module>` is what runs when it is imported.
Place = tuple[str, str]

_INSIDE = "lambda_src"
_MODULE = "<module>"


@dataclass
class _Code:
    """The functions of all modules, where their names come from, and what a client's class stands for."""

    bodies: dict[Place, list[ast.AST]] = field(default_factory=dict)
    imported: dict[str, dict[str, Place]] = field(default_factory=dict)
    methods: dict[str, set[Place]] = field(default_factory=dict)
    protocols: dict[str, set[str]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)


def operations_by_package(root: Path) -> dict[str, set[tuple[str, str]]]:
    """Package of a handler -> the boto3 service and method of every call that it may make."""
    code = _read(architecture.modules(root))
    used = {(code.services[name], method) for name, found in code.protocols.items() for method in found}
    return {
        package: set(_used(code, reached, used))
        for package in ("connect_admin", "connect_health")
        for reached in [_reached(code, f"{_INSIDE}.{package}")]
    }


def _used(code: _Code, reached: set[Place], known: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    called = {
        node.func.attr
        for place in reached
        for body in code.bodies[place]
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return ((service, method) for service, method in known if method in called)


def _read(modules: Iterator[architecture.Module] | list[architecture.Module]) -> _Code:
    code = _Code()
    for module in modules:
        if module.name.split(".")[0] != _INSIDE:
            continue
        code.imported[module.name] = dict(_imports(module.tree))
        code.bodies[module.name, _MODULE] = []
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef):
                code.bodies[module.name, node.name] = [node]
            elif isinstance(node, ast.ClassDef):
                _read_class(code, module.name, node)
            elif not isinstance(node, ast.Import | ast.ImportFrom):
                code.bodies[module.name, _MODULE].append(node)
        code.services.update(_services(module.tree))
    unmapped = set(code.protocols) - set(code.services)
    assert not unmapped, f"no boto3 client is cast to {sorted(unmapped)}: which service is it?"
    return code


def _read_class(code: _Code, module: str, node: ast.ClassDef) -> None:
    defined = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    if "boto3" in (ast.get_docstring(node) or ""):
        code.protocols[node.name] = {item.name for item in defined}
        return
    # A class stands for its fields' defaults and its own construction; its methods are found by name.
    code.bodies[module, node.name] = [item for item in node.body if item not in defined]
    for item in defined:
        place = (module, f"{node.name}.{item.name}")
        code.bodies[place] = [item]
        code.methods.setdefault(item.name, set()).add(place)


def _imports(tree: ast.Module) -> Iterator[tuple[str, Place]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == _INSIDE:
            for alias in node.names:
                yield alias.asname or alias.name, (node.module, alias.name)


def _services(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each `cast(Protocol, boto3.client("service"))`; a resource may have been made before."""
    resources = {
        target.id: made
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and (made := _made(node.value))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
            kind, value = node.args
            names = [item.id for item in ast.walk(value) if isinstance(item, ast.Name)]
            service = _made(value) or next((resources[name] for name in names if name in resources), "")
            if isinstance(kind, ast.Name) and service:
                yield kind.id, service


def _made(value: ast.expr) -> str:
    """The service of a `boto3.client(...)` or `boto3.resource(...)` inside an expression."""
    for node in ast.walk(value):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("client", "resource")
            and isinstance(node.args[0], ast.Constant)
        ):
            return str(node.args[0].value)
    return ""


def _reached(code: _Code, package: str) -> set[Place]:
    """All that the modules of a package reach."""
    waiting = [place for place in code.bodies if architecture.within(place[0], package)]
    reached: set[Place] = set()
    while waiting:
        place = waiting.pop()
        if place in reached or place not in code.bodies:
            continue
        reached.add(place)
        waiting.append((place[0], _MODULE))
        for body in code.bodies[place]:
            waiting.extend(_named(code, place[0], body))
    return reached


def _named(code: _Code, module: str, body: ast.AST) -> Iterator[Place]:
    imported: Mapping[str, Place] = code.imported[module]
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            yield imported.get(node.id, (module, node.id))
        elif isinstance(node, ast.Attribute):
            yield from code.methods.get(node.attr, ())
            if isinstance(node.value, ast.Name) and node.value.id in imported:
                package, name = imported[node.value.id]
                yield f"{package}.{name}", node.attr
