"""CONTRIBUTING.md sends people to places that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Text between code marks, or a line of a code block without its comment.
_CODE = re.compile(r"`([^`\n]+)`|^    (.+?)(?:  +#.*)?$", re.MULTILINE)
_PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]*)+|\b[\w-]+\.(?:py|toml|lock|yaml|yml|md)\b")


def paths(text: str) -> set[str]:
    """The paths that a text names. What is below .venv is made by `make setup`, so no checkout has it."""
    code = [quoted or line for quoted, line in _CODE.findall(text)]
    found = {path for piece in code for path in _PATH.findall(piece)}
    return {path for path in found if not path.startswith(".venv/")}


def missing(text: str) -> list[str]:
    """The named paths that are in no place where a reader would look: here, or in any stage's directory."""
    bases = (ROOT, ROOT / "config" / "main")
    return sorted(path for path in paths(text) if not any(any(base.glob(path)) for base in bases))


def test_every_path_in_it_exists():
    assert missing((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")) == []


def test_the_paths_are_found():
    text = (
        "See `a/b.py`, `b/*/golden/` and `x.toml`.\n\n    pytest tests/a -k b   # c/d\n    .venv/bin/ruff\n"
    )
    assert paths(text) == {"a/b.py", "b/*/golden/", "x.toml", "tests/a"}


def test_a_path_that_is_gone_is_noticed():
    assert missing("`connector/domain/no_such_module.py`, `Makefile`, `pyproject.toml`") == [
        "connector/domain/no_such_module.py"
    ]
