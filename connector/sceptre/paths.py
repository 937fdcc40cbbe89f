"""What a path meant that Sceptre knows nothing of: Sceptre's own words do not say what to write instead."""

import difflib
import os
import re
from pathlib import Path

from sceptre.exceptions import ConfigFileNotFoundError
from sceptre.plan.plan import SceptrePlan

from connector.domain.stage.stage import NAMED_STAGES, refusal

_EPHEMERAL, _FOUNDATION = "ephemeral", "foundation"
#: From which likeness on a name is taken for a slip of the pen (`difflib`).
_ALIKE = 0.75


def install() -> None:
    """Add to Sceptre's error for a path without stacks what to write instead; a second call changes nothing.

    Sceptre 4.7 raises it in one method, after it has loaded this project's plugins, and prints it itself.
    """
    original = SceptrePlan._raise_no_launch_order_error  # noqa: SLF001 - there is no hook for it
    if getattr(original, "explains", False):
        return

    def explained(plan: SceptrePlan) -> None:
        try:
            original(plan)
        except ConfigFileNotFoundError as error:
            path, project = str(plan.context.command_path), Path(plan.context.project_path)
            raise ConfigFileNotFoundError(f"{error} {meaning(path, project)}".strip()) from None

    explained.explains = True  # type: ignore[attr-defined]
    SceptrePlan._raise_no_launch_order_error = explained  # noqa: SLF001


def meaning(path: str, project: Path) -> str:
    """What to write instead of a path that names no stack, in one sentence."""
    wanted = os.path.normpath(path).removeprefix("config/").removesuffix(".yaml")
    directories = _directories(project)
    if Path(wanted).parent.as_posix() in directories:
        return ""  # a stack file, and Sceptre lists those that there are
    below = f"{_EPHEMERAL}/{wanted}"
    if below in directories:
        return f"Did you mean {below}?"
    name = wanted.removeprefix(f"{_EPHEMERAL}/")
    if name in NAMED_STAGES:
        return f"Did you mean {name}?"
    # By the names alone: what all paths of branches begin with makes every two of them alike.
    names = {found.removeprefix(f"{_EPHEMERAL}/").lower(): found for found in directories}
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=_ALIKE)
    meant = f"Did you mean {names[close[0]]}? " if close else ""
    reason = refusal(name)
    if reason is not None:
        plain = re.sub(r"[^a-zA-Z0-9._-]+", "-", name).strip("-")
        instead = f" {plain!r} would be one." if plain != name and refusal(plain) is None else ""
        return f"{meant}No stage can have the name {name!r}: {reason}.{instead}"
    make = f"`wms-connector ephemeral create {name}`, then `sceptre launch {_EPHEMERAL}/{name}`"
    return f"{meant}A branch's stage of that name is made with {make}."


def _directories(project: Path) -> list[str]:
    """The paths that there are: of the foundation, the named stages and the branches' stages."""
    ephemeral = project / "config" / _EPHEMERAL
    branches = (
        sorted(found.name for found in ephemeral.iterdir() if found.is_dir()) if ephemeral.is_dir() else []
    )
    return [_FOUNDATION, *NAMED_STAGES, *(f"{_EPHEMERAL}/{name}" for name in branches)]
