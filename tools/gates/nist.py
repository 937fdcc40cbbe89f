"""cdk-nag's pack of rules for NIST 800-53, revision 5, over all templates."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.gates.judge import CDK_NAG, GateError, GateFinding, excepted, problems

_PROGRAM = Path(__file__).with_name("locked") / "nist" / "nag.js"


def run(packages: Path, templates: Mapping[str, str]) -> list[str]:
    """What the pack has against the templates, one line each; `packages` holds the installed npm packages."""
    node = shutil.which("node")
    if node is None:
        raise GateError("make nist needs Node.js 20 or later and npm; install them, then run it again")
    with tempfile.TemporaryDirectory() as place:
        for name, text in templates.items():
            path = Path(place, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [node, str(_PROGRAM), place, *templates],
            env={**os.environ, "NODE_PATH": str(packages.resolve())},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "Error" in line] or ["no output"]
        raise GateError(f"cdk-nag failed with status {done.returncode}: {lines[0].strip()}")
    report = json.loads(done.stdout)
    bare, left = ([GateFinding(**finding) for finding in report[kind]] for kind in ("bare", "left"))
    return list(problems(bare, left, excepted(templates, CDK_NAG)))
