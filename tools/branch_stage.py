"""Whether a push launches an ephemeral stage of its branch's name. Off until a repository variable is set.

    python3 -m tools.branch_stage asked <labels    # env: BRANCH, PREFIX, LABEL; labels: one a line
    python3 -m tools.branch_stage room <stages     # env: STAGE, CAP; stages: of `ephemeral list --json`
    python3 -m tools.branch_stage kept <stages     # and BEFORE: the file that `room` was given

Each prints `yes` or `no`; why it is not launched is a notice of the run, on the error output. Where the cap
is broken, `kept` fails.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connector.domain.stage.stage import refusal

#: Each stage is one more reader of the database's log.
DEFAULT_CAP = 5


def asked(branch: str, prefix: str, label: str, labels: Sequence[str]) -> tuple[bool, str]:
    """Whether the branch asks for a stage, and why not, if it asked and cannot have one."""
    by_prefix = bool(prefix) and branch.startswith(prefix)
    by_label = bool(label) and label in labels
    if not by_prefix and not by_label:
        return False, ""
    reason = refusal(branch)
    if reason is None:
        return True, ""
    return (
        False,
        f"Branch {branch!r} asks for a stage and gets none, as no stage can have its name: {reason}.",
    )


def room(stage: str, stages: Sequence[Mapping[str, Any]], cap: int) -> tuple[bool, str]:
    """Whether one more ephemeral stage may be deployed; one that stands may always be launched again."""
    living = _living(stages)
    if stage in living or len(living) < cap:
        return True, ""
    return False, (
        f"Stage {stage!r} is not launched: {len(living)} ephemeral stages stand, and EPHEMERAL_CAP is {cap} "
        f"({', '.join(living)}). Delete one (its branch, or with the workflow Destroy), or raise the cap."
    )


def kept(
    stage: str, before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], cap: int
) -> tuple[bool, str]:
    """Whether the cap holds after a launch: several that asked at once may each have found room.

    A stage that stood before has not broken it.
    """
    living = _living(now)
    if stage in _living(before) or len(living) <= cap:
        return True, ""
    return False, (
        f"Stage {stage!r} stands, but {len(living)} ephemeral stages do now, and EPHEMERAL_CAP is {cap} "
        f"({', '.join(living)}): others were launched at the same time. Delete one (its branch, or with the "
        "workflow Destroy), or raise the cap."
    )


def _living(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(row["stage"] for row in stages if row["stacks"])


def _asked(given: Mapping[str, str]) -> tuple[bool, str]:
    return asked(given["BRANCH"], given["PREFIX"], given["LABEL"], sys.stdin.read().splitlines())


def _room(given: Mapping[str, str]) -> tuple[bool, str]:
    return room(given["STAGE"], json.load(sys.stdin), _cap(given))


def _kept(given: Mapping[str, str]) -> tuple[bool, str]:
    before = json.loads(Path(given["BEFORE"]).read_text(encoding="utf-8"))
    well, why = kept(given["STAGE"], before, json.load(sys.stdin), _cap(given))
    if not well:
        sys.exit(f"::error::{why}")
    return True, ""


def _cap(given: Mapping[str, str]) -> int:
    cap = given["CAP"].strip() or str(DEFAULT_CAP)
    if not cap.isdecimal():
        sys.exit(f"error: EPHEMERAL_CAP is {cap!r}, not a whole number; correct the repository's variable")
    return int(cap)


_COMMANDS: Mapping[str, Callable[[Mapping[str, str]], tuple[bool, str]]] = {
    "asked": _asked,
    "room": _room,
    "kept": _kept,
}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in _COMMANDS:
        sys.exit(f"usage: python3 -m tools.branch_stage {'|'.join(_COMMANDS)}")
    wanted, why = _COMMANDS[sys.argv[1]](os.environ)
    if why:
        sys.stderr.write(f"::notice::{why}\n")
    sys.stdout.write("yes\n" if wanted else "no\n")
