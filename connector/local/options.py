"""What the commands of the local world share: their options, and where the world is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.domain.errors import OperatorError
from connector.local import state as states
from connector.local.state import WorldState

if TYPE_CHECKING:
    from connector.local.world import World

directory_option = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="State directory. [default: .local in the checkout]",
)
NOT_RUNNING = "the local world is not running: run `wms-connector local up`"

json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def target(directory: Path | None) -> Path:
    """The state directory that an option names, or the usual one."""
    return (directory or states.DEFAULT).resolve()


def demo_of(place: Path) -> Path:
    """Where `demo` keeps its world while it runs."""
    return place / "demo"


def remembered(directory: Path | None) -> WorldState:
    """The remembered world; raises OperatorError where there is none."""
    state = states.load(target(directory))
    if state is None:
        raise OperatorError(NOT_RUNNING)
    return state


def worlds() -> "type[World]":
    """The class `World`, imported only when a command needs it: its Kafka and AWS clients take a second."""
    from connector.local.world import World  # noqa: PLC0415

    return World
