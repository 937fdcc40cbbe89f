"""How long `wms-connector --help` takes, and `wms-connector status` of a healthy stage.

Run as `python -m tests.bench.answer_time` (`make bench`). The stage is launched in a local world of its own.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connector.local.state import ROOT
from connector.local.world import World
from tests.bench.worker_memory import launch, say
from tests.support.project import copy_project
from tests.support.wms_cli import PROGRAM

#: Words of the command -> the most that is promised, in seconds.
PROMISED = {("--help",): 0.4, ("status", "main"): 2.0}
_TIMES = 7


def measure(environment: dict[str, str], words: tuple[str, ...]) -> float:
    """Seconds, the median of a few runs. RuntimeError if one of them fails."""
    took = []
    for _ in range(_TIMES):
        began = time.monotonic()
        done = subprocess.run([PROGRAM, *words], cwd=ROOT, env=environment, capture_output=True, check=False)
        took.append(time.monotonic() - began)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.decode()}")
    return statistics.median(took)


def main() -> int:
    """Print each median; 1 if one is above what is promised."""
    late = 0
    with tempfile.TemporaryDirectory() as directory, World.up(Path(directory) / "world") as world:
        project = copy_project(Path(directory) / "project")
        launch(world, project, "foundation")
        launch(world, project, "main")
        for words, seconds in PROMISED.items():
            took = measure({**os.environ, **world.env()}, words)
            late += took > seconds
            say(f"  wms-connector {' '.join(words):12} {took:.2f} s, at most {seconds} s are promised")
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
