"""Events of ECS's as AWS documents them and as people have reported them, each with its source."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[1] / "templates" / "ecs_events.json"


@dataclass(frozen=True)
class Sample:
    """An event of stage `main`, or of what looks like it. `rule`: which it sets off, empty for none.

    `error_class`: what it is to be mailed as, where it sets off a rule.
    """

    what: str
    rule: str
    error_class: str
    content: dict[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        """A copy that a test may change."""
        return copy.deepcopy(self.content)


SAMPLES = tuple(
    Sample(entry["what"], entry["rule"] or "", entry.get("class", ""), entry["event"])
    for entry in json.loads(_FILE.read_text(encoding="utf-8"))
)
MAILED = tuple(sample for sample in SAMPLES if sample.rule)


def event(what: str, **changes: Any) -> dict[str, Any]:
    """The event of one sample; `changes` to its detail."""
    found = next(sample for sample in SAMPLES if sample.what == what).event
    found["detail"].update(changes)
    return found


def stopped(task: str, at: str = "2020-01-23T17:57:58Z", **changes: Any) -> dict[str, Any]:
    """A worker that exited by itself, in a task of this id, at this time."""
    found = event("the worker exits by itself", **changes)
    found["detail"]["taskArn"] = found["detail"]["taskArn"].rpartition("/")[0] + f"/{task}"
    return {**found, "time": at, "id": f"event-{task}"}
