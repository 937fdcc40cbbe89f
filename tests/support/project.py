"""Copies of the project directory: what a commit with other settings, or a branch's checkout, looks like."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from connector.domain.stage.stage import Stage
from connector.local.state import ROOT
from connector.operations.ephemeral_directory import Project


def copy_project(target: Path, *branches: str) -> Path:
    """What Sceptre reads of the checkout, copied to `target`, with directories for these ephemeral stages."""
    for part in ("config", "templates"):
        ignore = shutil.ignore_patterns("ephemeral", "__pycache__")
        shutil.copytree(ROOT / part, target / part, symlinks=True, ignore=ignore)
    for branch in branches:
        Project(target).create(Stage.parse(branch), "tests", date(2030, 12, 31))
    return target


def set_settings(project: Path, group: str, **settings: Any) -> Path:
    """Add settings to the config.yaml of a stage in a copy; answers the copy."""
    file = project / "config" / group / "config.yaml"
    with file.open("a", encoding="utf-8") as out:
        out.write("\n" + yaml.safe_dump(settings))
    return project
