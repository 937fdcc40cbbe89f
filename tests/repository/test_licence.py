"""The licence is the same wherever it is declared, and code.json follows code.gov's schema 2.0.0."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LICENCE = "CC0-1.0"

#: What schema 2.0.0 of code.gov requires, and the values that it allows.
REQUIRED = ("version", "measurementType", "agency", "releases")
REQUIRED_OF_A_RELEASE = (
    *("name", "permissions", "repositoryURL", "description", "laborHours", "tags", "contact"),
)
KNOWN_OF_A_RELEASE = {
    *REQUIRED_OF_A_RELEASE,
    *("version", "organization", "status", "vcs", "homepageURL", "downloadURL", "disclaimerURL"),
    *("disclaimerText", "languages", "relatedCode", "reusedCode", "partners", "date"),
}
METHODS = {"linesOfCode", "modules", "cost", "projects", "systems", "other"}
USAGE_TYPES = {
    *("openSource", "governmentWideReuse", "exemptByLaw", "exemptByNationalSecurity"),
    *("exemptByAgencySystem", "exemptByAgencyMission", "exemptByCIO"),
}
STATUSES = {"Ideation", "Development", "Alpha", "Beta", "Release Candidate", "Production", "Archival"}


def _inventory() -> dict[str, Any]:
    found = json.loads((ROOT / "code.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _project() -> dict[str, Any]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(found, dict)
    return found


def problems(inventory: dict[str, Any]) -> list[str]:
    """What is wrong with an inventory by the schema."""
    found = [f"{key} is missing" for key in REQUIRED if key not in inventory]
    found += [f"{key} is unknown" for key in inventory if key not in REQUIRED]
    if found:
        return found
    if inventory["version"] != "2.0.0":
        found.append("version is not 2.0.0")
    if inventory["measurementType"].get("method") not in METHODS:
        found.append("measurementType.method is unknown")
    if not inventory["releases"]:
        found.append("releases is empty")
    for release in inventory["releases"]:
        found += _problems_of_a_release(release)
    return found


def _problems_of_a_release(release: dict[str, Any]) -> list[str]:
    found = [f"{key} is missing" for key in REQUIRED_OF_A_RELEASE if key not in release]
    found += [f"{key} is unknown" for key in release if key not in KNOWN_OF_A_RELEASE]
    if found:
        return found
    permissions = release["permissions"]
    licences = permissions.get("licenses") or ()
    rules = {
        "permissions.usageType is unknown": str(permissions.get("usageType")) in USAGE_TYPES,
        "a licence is not name and URL": all(set(licence) == {"name", "URL"} for licence in licences),
        "contact.email is missing": isinstance(release["contact"].get("email"), str),
        "laborHours is no number": isinstance(release["laborHours"], int | float),
        "repositoryURL is no URL": re.fullmatch(r"https://\S+", release["repositoryURL"]) is not None,
        "status is unknown": release.get("status", "Beta") in STATUSES,
    }
    days = release.get("date", {}).items()
    rules |= {f"date.{name} is no date": bool(re.fullmatch(r"\d{4}-\d\d-\d\d", day)) for name, day in days}
    return [problem for problem, holds in rules.items() if not holds]


def test_the_inventory_follows_the_schema():
    assert problems(_inventory()) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda i: i.pop("agency"), "agency is missing"),
        (lambda i: i.update(owner="x"), "owner is unknown"),
        (lambda i: i["measurementType"].update(method="guess"), "measurementType.method is unknown"),
        (lambda i: i.update(releases=[]), "releases is empty"),
        (lambda i: i["releases"][0].pop("laborHours"), "laborHours is missing"),
        (lambda i: i["releases"][0].update(price=1), "price is unknown"),
        (lambda i: i["releases"][0]["permissions"].update(usageType=[]), "permissions.usageType is unknown"),
        (lambda i: i["releases"][0]["contact"].pop("email"), "contact.email is missing"),
        (lambda i: i["releases"][0].update(repositoryURL="here"), "repositoryURL is no URL"),
        (lambda i: i["releases"][0]["date"].update(created="today"), "date.created is no date"),
    ],
)
def test_a_wrong_inventory_is_noticed(change: Any, problem: str):
    inventory = _inventory()
    change(inventory)
    assert problem in problems(inventory)


def test_pyproject_licence_file_and_inventory_agree():
    project, (release,) = _project(), _inventory()["releases"]
    assert project["license"] == LICENCE
    assert project["license-files"] == ["LICENSE"]
    assert [licence["name"] for licence in release["permissions"]["licenses"]] == [LICENCE]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("Creative Commons Legal Code\n\nCC0 1.0 Universal\n")
    for heading in (
        "Statement of Purpose",
        "2. Waiver.",
        "3. Public License Fallback.",
        "4. Limitations and Disclaimers.",
    ):
        assert heading in text


def test_the_inventory_describes_this_project():
    project, (release,) = _project(), _inventory()["releases"]
    assert {key: release[key] for key in ("name", "version", "description")} == {
        key: project[key] for key in ("name", "version", "description")
    }


def test_the_inventory_names_no_person():
    assert _inventory()["releases"][0]["contact"].keys() <= {"email", "URL"}
    assert _inventory()["releases"][0]["contact"]["email"] == ""
