"""The stages that the end-to-end tests launch beside main, and how."""

from pathlib import Path

from connector.domain.stage.stage import NAMED_STAGES
from connector.local.world import World
from tests.support.sceptre_cli import Run, sceptre

#: As long as a stage may be, and with everything in it that a stage may have.
LONG = ("Feature.LONG_stage-name." * 3)[:64]
#: Two that Kafka does not tell apart.
DOT, UNDERSCORE = "feature.x", "feature_x"
STAGES = ("val", "production", DOT, UNDERSCORE, LONG)


def group(stage: str) -> str:
    """The stage's directory below config/."""
    return stage if stage in NAMED_STAGES else f"ephemeral/{stage}"


def launch(world: World, project: Path, stage: str) -> Run:
    """`sceptre launch` of one stage."""
    return sceptre(world.env(), "launch", group(stage), "--yes", project=project)
