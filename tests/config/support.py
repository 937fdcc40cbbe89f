"""The real config/, as Sceptre reads it."""

from pathlib import Path

from sceptre.config.reader import ConfigReader
from sceptre.context import SceptreContext
from sceptre.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
STAGES = ("default", "main", "val", "production")


def stacks(group: str, project: Path = ROOT) -> dict[str, Stack]:
    """Component -> stack, read with the real resolvers and hooks."""
    _, found = ConfigReader(SceptreContext(str(project), group)).construct_stacks()
    return {stack.name.rpartition("/")[2]: stack for stack in found}
