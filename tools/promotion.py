"""The pull requests that carry a release from one named stage's branch to the next.

Called by the workflow `promote`, without our packages installed:

    python3 -m tools.promotion next main              # print the branch after main; nothing after the last
    python3 -m tools.promotion notes origin/val       # print what HEAD has and that branch does not
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

from connector.domain.stage.stage import NAMED_STAGES

#: More would hide the rest of the page; the pull request itself lists every commit.
_SHOWN = 100
_HOW = "Merge with a merge commit. After a squashed one all these commits would be proposed again."


def following(branch: str) -> str:
    """The branch of the next named stage; empty after the last one, and for a branch that is none."""
    stages = dict(pairwise(NAMED_STAGES))
    return stages.get(branch, "")


def notes(subjects: Sequence[str], base: str) -> str:
    """The pull request's text. Subjects are set as code: one that names a person would notify them."""
    shown = subjects[:_SHOWN]
    lines = [f"Launches stage {base} with {_count(len(subjects))} that it does not have yet:", ""]
    lines += [f"    {subject}" for subject in shown]
    if len(subjects) > len(shown):
        lines.append(f"    ... and {len(subjects) - len(shown)} more")
    return "\n".join([*lines, "", _HOW, ""])


def _count(number: int) -> str:
    return "1 commit" if number == 1 else f"{number} commits"


def _missing(base: str) -> list[str]:
    """The subjects of the commits that HEAD has and `base` does not, newest first; merges say nothing."""
    done = subprocess.run(
        ["git", "log", "--no-merges", "--format=%s", f"{base}..HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def main(arguments: Sequence[str]) -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("next").add_argument("branch")
    commands.add_parser("notes").add_argument("base")
    given = parser.parse_args(arguments)
    if given.command == "next":
        sys.stdout.write(f"{following(given.branch)}\n")
    else:
        subjects = _missing(given.base)
        sys.stdout.write(notes(subjects, given.base.removeprefix("origin/")) if subjects else "")


if __name__ == "__main__":
    main(sys.argv[1:])
