"""What a stage's templates change against those of another commit. Contacts nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.domain.errors import OperatorError
from connector.domain.stage import cost
from connector.domain.stage.launch_plan import LaunchPlan, stack_changes
from connector.domain.stage.stage import NAMED_STAGES
from connector.sceptre.jinja import stack_name
from connector.sceptre.render import render


def plan_offline(group: str, base: Path) -> LaunchPlan:
    """Compare the templates of this checkout with those that `wms-connector render` wrote to `base`.

    `group` is a stage, `foundation` or `default`. One that `base` does not have is new. Connector, topics and
    rights are not in it but for the settings that the templates hand on.
    """
    ((name, texts),) = render([group]).items()
    if not any(base.glob("*/*.json")):
        raise OperatorError(
            f"--base {base} has no templates as <stage>/<component>.json; write those of the other commit in "
            "its checkout with `wms-connector render --out DIR`"
        )
    after: Mapping[str, Mapping[str, Any]] = {part: json.loads(text) for part, text in texts.items()}
    before = {path.stem: _read(path) for path in sorted((base / name).glob("*.json"))}
    ephemeral = name not in NAMED_STAGES
    secrets = 0 if ephemeral else cost.SECRETS_OF_NAMED
    return LaunchPlan(
        name,
        tuple(
            change
            for part in sorted({*before, *after})
            for change in stack_changes(stack_name(name, part), before.get(part, {}), after.get(part, {}))
        ),
        cost.counted(before.values(), secrets, ephemeral=ephemeral),
        cost.counted(after.values(), secrets, ephemeral=ephemeral),
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OperatorError(f"--base: {path} is no template; render it again")
    return found
