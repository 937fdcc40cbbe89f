"""One local world for all end-to-end tests, with the foundation and the stage main launched once."""

from collections.abc import Iterator

import pytest

from connector.local.world import World
from tests.support.sceptre_cli import Run, sceptre

#: Rows in each table before main is launched: the initial snapshot.
SEEDED = 5


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with the default secrets and rows, and nothing launched."""
    with World.up(tmp_path_factory.mktemp("world")) as made:
        made.database.seed(SEEDED)
        yield made


@pytest.fixture(scope="session")
def foundation(world: World) -> Run:
    """`sceptre launch foundation`, once."""
    run = sceptre(world.env(), "launch", "foundation", "--yes")
    assert run.status == 0, run.output
    return run


@pytest.fixture(scope="session")
def main(world: World, foundation: Run) -> Run:
    """`sceptre launch main`, once."""
    run = sceptre(world.env(), "launch", "main", "--yes")
    assert run.status == 0, run.output
    return run
