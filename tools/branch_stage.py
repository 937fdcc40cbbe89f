"""Whether a push launches an ephemeral stage of its branch's name. Off until a repository variable is set.

    python3 -m tools.branch_stage asked <labels    # env: BRANCH, PREFIX, LABEL; labels: one a line
    python3 -m tools.branch_stage room <stages     # env: STAGE, CAP; stages: of `ephemeral list --json`

Each prints `yes` or `no`; why it is not launched is a notice of the run, on the error output.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
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
    living = sorted(row["stage"] for row in stages if row["stacks"])
    if stage in living or len(living) < cap:
        return True, ""
    return False, (
        f"Stage {stage!r} is not launched: {len(living)} ephemeral stages stand, and EPHEMERAL_CAP is {cap} "
        f"({', '.join(living)}). Delete one (its branch, or with the workflow Destroy), or raise the cap."
    )


def _asked(given: Mapping[str, str]) -> tuple[bool, str]:
    return asked(given["BRANCH"], given["PREFIX"], given["LABEL"], sys.stdin.read().splitlines())


def _room(given: Mapping[str, str]) -> tuple[bool, str]:
    cap = given["CAP"].strip() or str(DEFAULT_CAP)
    if not cap.isdecimal():
        sys.exit(f"error: EPHEMERAL_CAP is {cap!r}, not a whole number; correct the repository's variable")
    return room(given["STAGE"], json.load(sys.stdin), int(cap))


_COMMANDS: Mapping[str, Callable[[Mapping[str, str]], tuple[bool, str]]] = {"asked": _asked, "room": _room}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in _COMMANDS:
        sys.exit(f"usage: python3 -m tools.branch_stage {'|'.join(_COMMANDS)}")
    wanted, why = _COMMANDS[sys.argv[1]](os.environ)
    if why:
        sys.stderr.write(f"::notice::{why}\n")
    sys.stdout.write("yes\n" if wanted else "no\n")
