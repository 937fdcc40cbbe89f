"""docs/security.md: every check that it names exists."""

import ast
import re
from pathlib import Path

import pytest

from connector.local.state import ROOT

PAPER = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CONTROLS = PAPER[PAPER.index("<!-- checks -->") : PAPER.index("<!-- end of checks -->")]
CHECKS = re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", CONTROLS)
TARGETS = set(re.findall(r"`make ([\w-]+)`", CONTROLS))


@pytest.mark.parametrize(("place", "test"), CHECKS)
def test_a_named_check_exists(place: str, test: str):
    path = ROOT / place
    assert path.exists(), f"{place} does not exist"
    if test:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert test in names, f"{place} has no test {test}"


def test_a_named_target_exists():
    makefile = Path(ROOT, "Makefile").read_text(encoding="utf-8")
    assert TARGETS
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in TARGETS)


def test_every_control_has_a_check():
    rows = [line for line in CONTROLS.splitlines() if re.match(r"\| [A-Z]{2}-\d", line)]
    assert len(rows) > 15
    assert all("`" in row.rsplit("|", 2)[1] for row in rows)
