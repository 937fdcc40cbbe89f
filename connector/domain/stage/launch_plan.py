"""What a launch of a stage would do, as values that can be shown. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage import cost
from connector.domain.stage.guarded_changes import GuardedChange
from connector.domain.stage.template_diff import ABSENT, Difference, differences

Template = Mapping[str, Any]

#: The key under which a stack's parameters and tags stand beside what its template says.
STACK = "Stack"
_TASK = "AWS::ECS::TaskDefinition"


class PlanPart(StrEnum):
    """What a change is about."""

    STACK = "stack"
    IMAGE = "image"
    CONNECTOR = "connector"
    TOPIC = "topic"
    BROKER_RIGHT = "broker right"
    DATABASE_RIGHT = "database right"


class Act(StrEnum):
    """What is done. A launch does all but the last, which others must have done before it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    GRANT = "grant"


@dataclass(frozen=True)
class PlannedChange:
    """One change. `place` is where in a stack it is; `before` and `after` are JSON, None for nothing."""

    part: PlanPart
    name: str
    action: Act
    place: str = ""
    before: Any = None
    after: Any = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class LaunchPlan:
    """All that a launch would do. `unknown` are the parts that could not be told, each with the reason."""

    stage: str
    changes: tuple[PlannedChange, ...]
    #: The cost of what stands, and of what a launch makes of it.
    cost_before: tuple[cost.CostItem, ...]
    cost_after: tuple[cost.CostItem, ...]
    #: Why the workers are replaced, as the template calls it; empty if they are not, or if there are none.
    replaces_workers: tuple[str, ...] = ()
    #: What cannot be undone, and by which names it is confirmed.
    guarded: tuple[GuardedChange, ...] = ()
    confirmed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it; the cost is USD a month."""
        return {
            "stage": self.stage,
            "changes": [change.to_json() for change in self.changes],
            "replaces_workers": list(self.replaces_workers),
            "cannot_be_undone": [
                {
                    "name": each.name,
                    "effect": each.effect,
                    "loses": each.loses,
                    "confirmed": each.name in self.confirmed,
                }
                for each in self.guarded
            ],
            "cost": {
                "currency": "USD",
                "region": cost.REGION,
                "prices_of": cost.AS_OF,
                "before": round(cost.total(self.cost_before), 2),
                "after": round(cost.total(self.cost_after), 2),
                "items": [
                    {
                        "name": item.name,
                        "count": item.count,
                        "usd": round(item.usd, 2),
                        "page": item.price.url,
                    }
                    for item in self.cost_after
                ],
            },
            "unknown": list(self.unknown),
        }


def announcement(why: Sequence[str]) -> str:
    """What an operator is told before workers are replaced; `why`: what changes, as the template calls it."""
    return (
        f"this launch replaces the workers: {', '.join(why)} changed; the stream pauses until a new one "
        "has started, and goes on from its offset"
    )


def stack_changes(name: str, before: Template, after: Template) -> Iterator[PlannedChange]:
    """What differs between a stack as it stands and as it is wanted; either is empty where there is none."""
    wanted = after.get("Resources", {})
    if not after:
        yield PlannedChange(PlanPart.STACK, name, Act.DELETE)
        return
    if not before:
        yield PlannedChange(PlanPart.STACK, name, Act.CREATE, after=f"{len(wanted)} resources")
        for image in _images(wanted.values()):
            yield PlannedChange(PlanPart.IMAGE, name, Act.CREATE, after=image)
        return
    for place, old, new in _within_texts(differences(before, after)):
        steps = place.strip("/").split("/")
        resource = wanted.get(steps[1], {}) if steps[0] == "Resources" and len(steps) > 1 else {}
        if len(steps) == 2 and steps[0] == "Resources" and ABSENT in (old, new):
            yield _resource(name, steps[1], old, new)
        else:
            image = resource.get("Type") == _TASK and steps[-1] == "Image"
            shown = (None if value is ABSENT else value for value in (old, new))
            part = PlanPart.IMAGE if image else PlanPart.STACK
            yield PlannedChange(part, name, Act.UPDATE, ".".join(steps), *shown)


def _resource(stack: str, name: str, old: Any, new: Any) -> PlannedChange:
    """A resource that is on one side only: of what it is made matters less than that it comes or goes."""
    if old is ABSENT:
        return PlannedChange(PlanPart.STACK, stack, Act.CREATE, name, after=new["Type"])
    return PlannedChange(PlanPart.STACK, stack, Act.DELETE, name, before=old["Type"])


def _within_texts(found: Iterable[Difference]) -> Iterator[Difference]:
    """Texts that are JSON, such as a function's settings, differ by what is in them."""
    for place, old, new in found:
        before, after = _decoded(old), _decoded(new)
        if before is None or after is None:
            yield place, old, new
        else:
            yield from differences(before, after, place)


def _decoded(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _images(resources: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    for resource in resources:
        if resource["Type"] == _TASK:
            yield from (each["Image"] for each in resource["Properties"]["ContainerDefinitions"])


def connector_changes(found: Mapping[str, Iterable[str | None]]) -> Iterator[PlannedChange]:
    """Of key -> the value that Connect has, the value that is wanted; None where there is none."""
    for key, values in found.items():
        before, after = values
        action = Act.CREATE if before is None else Act.DELETE if after is None else Act.UPDATE
        yield PlannedChange(PlanPart.CONNECTOR, key, action, before=before, after=after)


def topic_changes(found: Mapping[str, str]) -> Iterator[PlannedChange]:
    """Of topic -> what is done to it, as `TopicPlan.described` says it."""
    for topic, what in found.items():
        if what.startswith("created"):
            yield PlannedChange(PlanPart.TOPIC, topic, Act.CREATE, after=what)
            continue
        before, after = [], []
        for key, _, values in (each.partition(" ") for each in what.split(", ")):
            have, _, wanted = values.partition(" -> ")
            before.append(f"{key} {have}")
            after.append(f"{key} {wanted}")
        yield PlannedChange(
            PlanPart.TOPIC, topic, Act.UPDATE, before=", ".join(before), after=", ".join(after)
        )


def broker_rights(missing: Iterable[str]) -> Iterator[PlannedChange]:
    """Of ACLs that the cluster's owners must grant."""
    return (PlannedChange(PlanPart.BROKER_RIGHT, each, Act.GRANT) for each in missing)


def database_rights(before: ConnectorSettings | None, after: ConnectorSettings) -> Iterator[PlannedChange]:
    """What the DBA must grant for these settings beyond those that the stage was launched with; None: all.

    Nobody asks the database: it was granted what the launched settings need, else the launch had failed.
    """
    granted = set() if before is None else set(_script(before).grants)
    return (
        PlannedChange(PlanPart.DATABASE_RIGHT, each, Act.GRANT)
        for each in _script(after).grants
        if each not in granted
    )


def _script(settings: ConnectorSettings) -> OracleScript:
    return OracleScript(settings.kind, heartbeat_table=settings.heartbeat_table)
