"""`make bench`: measures part by part, keeps what was measured, and writes docs/benchmarks.md.

Each part's rows are kept in `.bench/<part>.json` with date and machine, so that one part can be measured
anew.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine, page
from tests.bench.parts import PARTS, say

KEPT = Path(__file__).parents[2] / ".bench"


def main() -> int:
    """Measure, print the page's tables and goals; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which parts (all of them): {', '.join(PARTS)}")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its pictures")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    KEPT.mkdir(exist_ok=True)
    for name in options.parts or PARTS:
        _measure(name)
    found = {name: json.loads(file.read_text("utf-8")) for name in PARTS if (file := _file(name)).exists()}
    missed = [goal for goal in page.goals_of(found) if not goal.met]
    if options.write:
        page.write(found)
    for goal in missed:
        say(f"MISSED: {goal.what}: {goal.value:.3g}{goal.unit}, wanted {goal.wanted}")
    return int(bool(missed))


def _measure(name: str) -> None:
    say(f"==> {name}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        rows = PARTS[name](Path(directory))
    kept = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine.describe(),
        "load": os.getloadavg()[0],
    }
    _file(name).write_text(json.dumps({**kept, "rows": rows}, indent=1) + "\n", "utf-8")
    say(f"    {time.monotonic() - began:.0f} s")


def _file(name: str) -> Path:
    return KEPT / f"{name}.json"


if __name__ == "__main__":
    sys.exit(main())
