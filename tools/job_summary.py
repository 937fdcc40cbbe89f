"""Run a command in a workflow, and write what it printed into the job's summary too.

    python3 -m tools.job_summary "What the launch changes" -- sceptre diff main
    python3 -m tools.job_summary "Verification" --attempts 6 --pause 120 -- wms-connector verify main

The exit status is the command's: of its last attempt, if there are several. Outside of GitHub there is no
summary, and only the command runs.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

#: GitHub refuses a step's summary above 1 MiB: bytes, not characters.
_MOST = 500_000
_USAGE = 'python3 -m tools.job_summary "Title" [--attempts N --pause SECONDS] -- command ...'


def section(title: str, status: int, output: str) -> str:
    """A part of a summary: the title with how it ended, and the output as text, whatever is in it."""
    ended = "" if status == 0 else f": failed with exit status {status}"
    text = output.strip() or "(nothing was printed)"
    encoded = text.encode()
    if len(encoded) > _MOST:
        text = f"{encoded[:_MOST].decode(errors='ignore')}\n... cut off; the job's log has it all"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"### {title}{ended}\n\n{fence}text\n{text}\n{fence}\n\n"


def run(
    title: str,
    command: Sequence[str],
    attempts: int = 1,
    pause: float = 0,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """Run the command until it succeeds, at most so often; `pause` in seconds. Write the last attempt."""
    for attempt in range(1, attempts + 1):
        status, output = _once(command)
        if status == 0 or attempt == attempts:
            break
        _say(f"Attempt {attempt} of {attempts} failed. Trying again in {pause:.0f} s.\n")
        sleep(pause)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(section(title, status, output))
    return status


def _once(command: Sequence[str]) -> tuple[int, str]:
    """Exit status and output, which appears line by line in the log as it comes."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            _say(line)
            lines.append(line)
    return process.returncode, "".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _main(arguments: Sequence[str]) -> int:
    own, marker, command = _parted(arguments)
    parser = argparse.ArgumentParser(usage=_USAGE)
    parser.add_argument("title")
    parser.add_argument("--attempts", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0)
    given = parser.parse_args(own)
    if not marker or not command or given.attempts < 1:
        parser.error("a title, at least one attempt, and a command after --")
    return run(given.title, command, given.attempts, given.pause)


def _parted(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    if "--" not in arguments:
        return arguments, False, ()
    place = list(arguments).index("--")
    return arguments[:place], True, arguments[place + 1 :]


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
