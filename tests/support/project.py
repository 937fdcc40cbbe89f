"""Copies of the project directory: what a commit with other settings, or a branch's checkout, looks like."""

import re
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
    """Set settings in the config.yaml of a stage in a copy, in place of what it has; answers the copy."""
    file = project / "config" / group / "config.yaml"
    text = file.read_text(encoding="utf-8").rstrip("\n") + "\n"
    for name in settings:
        # Up to the next line that is neither indented nor an item of a list.
        text = re.sub(rf"(?m)^{re.escape(name)}:.*\n(?:[ \t-].*\n)*", "", text)
    file.write_text(text + yaml.safe_dump(settings), encoding="utf-8")
    return project
