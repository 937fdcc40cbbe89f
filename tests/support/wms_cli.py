"""`wms-connector`, run as an operator runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.local.state import ROOT

PROGRAM = Path(sys.executable).with_name("wms-connector")


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.stdout)


def wms_connector(
    environment: Mapping[str, str], *words: str, project: Path = ROOT, seconds: float = 300
) -> Done:
    """Run `wms-connector <words>` in a world's environment, from `project`; nobody answers its questions."""
    done = subprocess.run(
        [str(PROGRAM), *words],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
