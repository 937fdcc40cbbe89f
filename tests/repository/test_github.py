"""What GitHub reads besides the workflows: Dependabot's settings and the forms for issues."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = ("bug", "change")
#: The ecosystems in which Dependabot understands a cooldown by the kind of version.
SEMVER = {"uv", "maven", "npm"}


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


UPDATES: list[dict[str, Any]] = _load(GITHUB / "dependabot.yml")["updates"]


def test_dependabot_watches_all_that_is_pinned():
    assert {(update["package-ecosystem"], update["directory"]) for update in UPDATES} == {
        ("uv", "/"),
        ("uv", "/tools/gates/locked/checkov"),
        ("uv", "/tools/gates/locked/parliament"),
        ("uv", "/tools/gates/locked/cyclonedx"),
        ("npm", "/tools/gates/locked/nist"),
        ("github-actions", "/"),
        ("maven", "/connector/image"),
        ("docker", "/connector/image"),
    }


@pytest.mark.parametrize("update", UPDATES, ids=lambda update: update["package-ecosystem"])
def test_each_update_waits(update: dict[str, Any]):
    """An unknown key would make Dependabot refuse the whole file; a cooldown has 1 to 90 days."""
    allowed = {"default-days"} | ({"semver-major-days"} if update["package-ecosystem"] in SEMVER else set())
    assert set(update["cooldown"]) <= allowed
    assert update["cooldown"]["default-days"] >= 7
    assert all(1 <= days <= 90 for days in update["cooldown"].values())


@pytest.mark.parametrize("name", FORMS)
def test_an_issue_form_is_one(name: str):
    form = _load(GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml")
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    for field in fields:
        assert field["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_forms_are_all_there_is():
    names = {path.stem for path in (GITHUB / "ISSUE_TEMPLATE").iterdir()}
    assert names == {*FORMS, "config"}
    assert _load(GITHUB / "ISSUE_TEMPLATE" / "config.yml") == {"blank_issues_enabled": False}


def test_nothing_invents_an_address():
    for path in (
        ROOT / "SECURITY.md",
        ROOT / "CONTRIBUTING.md",
        *GITHUB.rglob("*.md"),
        *GITHUB.glob("*/*.yml"),
    ):
        text = path.read_text(encoding="utf-8")
        assert "mailto:" not in text
