"""Ephemeral stages as CloudFormation knows them: by the tags on their stacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connector.aws import calls
from connector.aws.stacks import describe_stack
from connector.domain.stage.aws_names import PRODUCT
from connector.domain.stage.stage import Stage, refusal


@dataclass(frozen=True)
class DeployedStage:
    """One ephemeral stage: deployed, with its stacks and their tags, or on disk only."""

    stage: str
    owner: str
    expires: str
    created: datetime | None
    #: Stack name -> status; empty when nothing is deployed.
    stacks: Mapping[str, str]

    def age(self, now: datetime) -> str:
        """The age of its oldest stack, in days or hours."""
        if self.created is None:
            return ""
        hours = int((now - self.created).total_seconds() // 3600)
        return f"{hours // 24} d" if hours >= 24 else f"{max(hours, 0)} h"

    def expired(self, today: date) -> bool:
        """Whether its expiry date has passed; a stage without one is not expired."""
        try:
            return date.fromisoformat(self.expires) < today
        except ValueError:
            return False

    def to_json(self, now: datetime) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "stage": self.stage,
            "deployed": bool(self.stacks),
            "owner": self.owner,
            "created": self.created.isoformat() if self.created else None,
            "age": self.age(now),
            "expires": self.expires,
            "expired": self.expired(now.date()),
            "stacks": dict(self.stacks),
        }


def all_stacks(port: calls.Port) -> list[Mapping[str, Any]]:
    """Every stack of the account and region; raises `ServerError` when AWS refuses."""
    with calls.errors():
        pages = calls.pages(port, "cloudformation", "describe_stacks")
        return [stack for page in pages for stack in page["Stacks"]]


def stages(stacks: Iterable[Mapping[str, Any]]) -> dict[str, DeployedStage]:
    """Ephemeral stages of this project among `stacks`, by name."""
    found: dict[str, DeployedStage] = {}
    for stack in stacks:
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        if stack["StackStatus"] == "DELETE_COMPLETE" or tags.get("project") != PRODUCT:
            continue
        if tags.get("ephemeral") != "true" or not tags.get("stage"):
            continue
        name, created = tags["stage"], stack["CreationTime"]
        known = found.get(name) or DeployedStage(name, "", "", None, {})
        found[name] = DeployedStage(
            stage=name,
            owner=known.owner or tags.get("owner", ""),
            expires=known.expires or tags.get("expiry", ""),
            created=min(created, known.created or created),
            stacks={**known.stacks, stack["StackName"]: stack["StackStatus"]},
        )
    return found


def known(stacks: Iterable[Mapping[str, Any]]) -> tuple[Stage, ...]:
    """Every stage of this project, named ones too, that has a stack among `stacks`, by the stacks' tags."""
    found = set()
    for stack in stacks:
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        if stack["StackStatus"] != "DELETE_COMPLETE" and tags.get("project") == PRODUCT:
            found.add(tags.get("stage", ""))
    return tuple(Stage(name) for name in sorted(found) if refusal(name) is None)


def standing(stage: Stage, stacks: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of the stacks of `stage` that exist, whatever their tags are."""
    own = set(stage.names.stacks.values())
    found = (s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE")
    return tuple(sorted(own & set(found)))


def left_of(port: calls.Port, stage: Stage) -> tuple[str, ...]:
    """As `standing`, asked of AWS by name: as many calls as a stage has stacks, however many there are."""
    with calls.errors():
        found = [describe_stack(port, name) for name in stage.names.stacks.values()]
    return standing(stage, [stack for stack in found if stack is not None])
