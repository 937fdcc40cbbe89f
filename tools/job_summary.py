"""Run a command in a workflow, and write what it printed into the job's summary too.

    python3 -m tools.job_summary "What the launch changes" -- sceptre diff main

The exit status is the command's. Outside of GitHub there is no summary, and only the command runs.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: GitHub refuses a step's summary above 1 MiB.
_MOST = 500_000
_USAGE = 'usage: python3 -m tools.job_summary "Title" -- command ...'


def section(title: str, status: int, output: str) -> str:
    """A part of a summary: the title with how it ended, and the output as text, whatever is in it."""
    ended = "" if status == 0 else f": failed with exit status {status}"
    text = output.strip() or "(nothing was printed)"
    if len(text) > _MOST:
        text = f"{text[:_MOST]}\n... cut off; the job's log has it all"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"### {title}{ended}\n\n{fence}text\n{text}\n{fence}\n\n"


def run(title: str, command: Sequence[str]) -> int:
    """Run the command; its output appears line by line in the log, as it comes."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(section(title, process.returncode, "".join(lines)))
    return process.returncode


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        sys.exit(_USAGE)
    sys.exit(run(sys.argv[1], sys.argv[3:]))
