"""Templates of ours, and the places at which two of them differ. Pure."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

#: A place, such as `/Resources/Task/Properties/Cpu`, and its value in either template.
Difference = tuple[str, Any, Any]
#: Whether the values under a key may differ without a word.
MayDiffer = Callable[[str, Any, Any], bool]


class Absent:
    """Stands for a value that is in one template only."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()


def differences(
    before: Any, after: Any, place: str = "", may_differ: MayDiffer = lambda *_: False
) -> Iterator[Difference]:
    """The smallest parts that differ; a list of another length differs as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            old, new = before.get(key, ABSENT), after.get(key, ABSENT)
            if not may_differ(key, old, new):
                yield from differences(old, new, f"{place}/{key}", may_differ)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{place}/{index}", may_differ)
    elif type(before) is not type(after) or before != after:
        yield place, before, after


def parse_template(text: object) -> Mapping[str, Any] | None:
    """A template of ours, which is JSON with YAML's marker before it; None for anything else."""
    try:
        found = json.loads(str(text).removeprefix("---"))
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None
