"""The product's own speed, as single figures with their limits."""

import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.local.world import World
from tests.bench import answer_time, package_size, relaunch, start_time, teardown
from tests.bench.worker_memory import launch
from tests.support.project import copy_project


@dataclass(frozen=True)
class Figure:
    """What was measured, and the most that is wanted."""

    what: str
    value: float
    limit: float
    unit: str


def small() -> Iterator[Figure]:
    """The zip, the functions' imports, a rendering, a command."""
    found = package_size.measure()
    yield Figure("zip of the functions", found.zip_bytes / 1e6, package_size.ZIP_BYTES / 1e6, "MB")
    for name, seconds in found.imports.items():
        yield Figure(f"import of {name}", seconds, package_size.IMPORT_SECONDS, "s")
    yield Figure("wms-connector render main, cold", found.render, package_size.RENDER_SECONDS, "s")
    yield Figure("wms-connector --help", found.help, package_size.HELP_SECONDS, "s")


def of_a_stage(directory: Path) -> Iterator[Figure]:
    """A launch that changes nothing, one that changes one stack, and `status`."""
    with World.up(directory / "world") as world:
        project = copy_project(directory / "project")
        launch(world, project, "foundation")
        launch(world, project, relaunch.STAGE)
        words = ("status", relaunch.STAGE)
        took = answer_time.measure({**os.environ, **world.env()}, words)
        yield Figure("wms-connector status main", took, answer_time.PROMISED[words], "s")
        found = relaunch.measure(world, directory / "relaunch")
    yield Figure(
        f"launch of an unchanged stage ({found.unchanged:.2f} s), to stock Sceptre's ({found.floor:.2f} s)",
        found.ratio,
        relaunch.LIMIT,
        "times",
    )
    what = f"launch that changes one stack ({found.changed:.2f} s), to stock Sceptre's"
    yield Figure(f"{what} ({found.changed_floor:.2f} s)", found.changed_ratio, relaunch.LIMIT, "times")


def of_a_worker(directory: Path, runs: int = 5) -> Iterator[Figure]:
    """The start of a worker, to that with Connect's default way of finding plugins."""
    times = start_time.starts(directory, runs)
    ours, theirs = (statistics.median(times[way]["/"]) for way in (start_time.OURS, start_time.DEFAULT))
    what = f"worker answers ({ours:.1f} s), to the default way to find plugins ({theirs:.1f} s)"
    yield Figure(what, ours / theirs, start_time.WANTED, "times")


def of_a_teardown(directory: Path) -> Iterator[Figure]:
    """A teardown among many topics of others."""
    for others, seconds in teardown.measure(directory):
        yield Figure(f"teardown among {others:,} topics", seconds, teardown.LIMITS[others], "s")


def all_figures(directory: Path) -> Iterator[Figure]:
    """Everything."""
    yield from small()
    for part in (of_a_stage, of_a_worker, of_a_teardown):
        with tempfile.TemporaryDirectory(dir=directory) as own:
            yield from part(Path(own))
