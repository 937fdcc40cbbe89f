"""The stock `sceptre`, run as a user runs it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.local.state import ROOT

_SCEPTRE = Path(sys.executable).with_name("sceptre")


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
        [str(_SCEPTRE), *words],
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
