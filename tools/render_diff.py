"""Compare two directories of rendered templates: only texts for people and the Lambda zip's key may differ.

    python -m tools.render_diff BEFORE AFTER

Prints each other difference as `file: place: before -> after`, and ends with status 1 if there is one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from connector.domain.stage.template_diff import differences

#: Keys whose value people read and no service acts on. Not `GroupDescription`: a new one replaces its group.
TEXTS = frozenset({"Description", "AlarmDescription"})
#: Where a function's code is; its name is its content.
ZIP_KEYS = frozenset({"S3Key"})
#: Keys inside a dashboard that are texts. All else in it says what is shown: metrics, periods, places.
DASHBOARD_TEXTS = frozenset({"title", "label", "markdown"})


def _may_differ(key: str, before: Any, after: Any) -> bool:
    """Whether two values under a key are texts, or keys of the zip; what is on one side only is neither."""
    if key == "DashboardBody":
        return bool(_shown(before) == _shown(after))
    if not (isinstance(before, str) and isinstance(after, str)):
        return False
    return key in TEXTS or key in ZIP_KEYS


def _shown(body: Any) -> Any:
    """A dashboard without its texts. It is JSON in a string, perhaps within `Fn::Sub`."""
    if isinstance(body, dict):
        return {key: _shown(value) for key, value in body.items()}
    if isinstance(body, list):
        return [_shown(value) for value in body]
    try:
        return _without_texts(json.loads(body))
    except (TypeError, ValueError):
        return body


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_texts(item) for key, item in value.items() if key not in DASHBOARD_TEXTS}
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return value


def compare(before: Path, after: Path) -> list[str]:
    """A line for each difference that is more than a text."""
    names = sorted({path.relative_to(root) for root in (before, after) for path in root.rglob("*.json")})
    lines = [] if names else [f"no templates below {before} and {after}"]
    for name in names:
        if not (before / name).is_file() or not (after / name).is_file():
            lines.append(f"{name}: is below {after if (after / name).is_file() else before} only")
            continue
        old, new = (json.loads((root / name).read_text(encoding="utf-8")) for root in (before, after))
        found = differences(old, new, may_differ=_may_differ)
        lines += [f"{name}: {place}: {was!r} -> {now!r}" for place, was, now in found]
    return lines


def main(arguments: list[str]) -> int:
    """The command."""
    if len(arguments) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    lines = compare(Path(arguments[0]), Path(arguments[1]))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
