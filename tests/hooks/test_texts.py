"""Sceptre prints an error as JSON writes it: what is not ASCII would be read as \\u2026 at night."""

import ast
from collections.abc import Iterator

import pytest

from connector.local.state import ROOT

#: Where texts that hooks and resolvers raise are written; the admin Lambda's reach them as answers.
PLACES = (
    "hooks",
    "resolvers",
    "lambda_src",
    "connector/domain",
    "connector/aws",
    "connector/operations",
    "connector/sceptre",
)
#: Texts that go elsewhere: descriptions of alarms, into mails; how a command is called, into `--help`.
ELSEWHERE = ("connector/domain/health/metrics.py",)

MODULES = sorted(
    {path.relative_to(ROOT).as_posix() for place in PLACES for path in (ROOT / place).glob("**/*.py")}
    - {*ELSEWHERE}
)


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text in a module that is no docstring."""
    documented = [
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented:
            yield node.value


@pytest.mark.parametrize("module", MODULES)
def test_what_hooks_and_resolvers_say_is_ascii(module: str):
    found = [text for text in texts(ast.parse((ROOT / module).read_text())) if not text.isascii()]
    assert not found
