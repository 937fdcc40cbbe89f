"""What is set up when Sceptre imports the plugins."""

import gc
import sys
from collections.abc import Iterator

import pytest
from sceptre.config.reader import ConfigReader

from connector.sceptre import run


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threshold, hook = gc.get_threshold(), sys.excepthook
    yield
    gc.set_threshold(*threshold)
    sys.excepthook = hook


def test_a_run_collects_seldom_explains_mistakes_and_remembers_the_stacks() -> None:
    run.begin()
    hook, reader = sys.excepthook, ConfigReader.construct_stacks
    assert gc.get_threshold()[0] == run.OBJECTS_BETWEEN_COLLECTIONS
    assert hasattr(reader, "__wrapped__")
    run.begin()
    assert (sys.excepthook, ConfigReader.construct_stacks) == (hook, reader)
