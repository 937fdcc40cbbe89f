"""The stock `sceptre`, run as a user runs it, but quicker to see what its stacks do."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from connector.local.state import ROOT

#: `-P`: as with the installed command, no directory of ours is before the packages.
SCEPTRE = [sys.executable, "-P", str(Path(__file__).with_name("quick_sceptre.py"))]


@dataclass(frozen=True)
class Run:
    """How a command ended and all that it printed."""

    status: int
    output: str

    @property
    def last_line(self) -> str:
        return self.output.strip().splitlines()[-1]


def sceptre(environment: Mapping[str, str], *words: str, project: Path = ROOT, seconds: float = 600) -> Run:
    """Run `sceptre <words>` in a world's environment, from the root of `project`."""
    done = subprocess.run(
        [*SCEPTRE, *words],
        cwd=project,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def at_once(environment: Mapping[str, str], *commands: Sequence[str], project: Path = ROOT) -> list[Run]:
    """Run several commands side by side, as several people would."""
    with ThreadPoolExecutor(len(commands)) as pool:
        running = [pool.submit(sceptre, environment, *words, project=project) for words in commands]
        return [run.result() for run in running]
