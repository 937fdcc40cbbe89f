"""What a teardown may delete on the cluster, as a pure plan.

A plan can be made for an `EphemeralStage` only, and there is none for a named stage. It names exactly what
the stage's own catalogue yields and the cluster has; a prefix is never enough, because stage `a` does not
own the topics of stage `a.b`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.domain.errors import RefusedStage
from connector.domain.stage import topics
from connector.domain.stage.aws_names import PROJECT
from connector.domain.stage.stage import NAMED_STAGES, Stage, bare_names, refusal

#: The longest namespace of a stage: its name and the dot.
_LONGEST_STAGE = 65


@dataclass(frozen=True)
class EphemeralStage:
    """A stage that may be torn down; raises `RefusedStage` for a named one."""

    stage: Stage

    def __post_init__(self) -> None:
        if type(self.stage) is not Stage:
            raise TypeError(f"a teardown needs a Stage, not a {type(self.stage).__name__}")
        # Parsed again: no object, however it was made, may stand for a named stage.
        stage = Stage.parse(self.stage.name)
        if stage.name in NAMED_STAGES or not stage.ephemeral or not stage.namespace:
            raise RefusedStage(
                f"stage {self.stage.name!r} is a named stage ({', '.join(NAMED_STAGES)}): "
                "its topics and groups are never deleted"
            )


@dataclass(frozen=True)
class Plan:
    """Names on the cluster, each exactly once and sorted: to delete, and to keep with the reason."""

    delete: tuple[str, ...]
    keep: Mapping[str, str]

    def __str__(self) -> str:
        return f"{len(self.delete)} to delete, {len(self.keep)} to keep"


def plan_topics(stage: EphemeralStage, existing: Iterable[str]) -> Plan:
    """Which of the `existing` topics the teardown of `stage` deletes."""
    return _plan(_owner(stage), existing, frozenset(_owner(stage).topics))


def plan_groups(stage: EphemeralStage, existing: Iterable[str]) -> Plan:
    """Which of the `existing` consumer groups the teardown of `stage` deletes."""
    return _plan(_owner(stage), existing, frozenset(_owner(stage).topics.groups))


def namespaced(stage: EphemeralStage, existing: Iterable[str]) -> tuple[str, ...]:
    """Which of the `existing` topics start with the stage's namespace but are not the stage's own.

    They may belong to a stage with a longer name (`a.b` beside `a`), so they are listed, never deleted.
    """
    owner = _owner(stage)
    own = frozenset(owner.topics)
    return tuple(sorted(name for name in set(existing) - own if name.startswith(owner.namespace)))


def owner(topic: str) -> Stage | None:
    """The ephemeral stage whose catalogue names `topic`; None for every other topic."""
    if f".{PROJECT}" not in topic:  # all catalogues' names have it: most topics are ruled out quickly
        return None
    ends = (at for at, character in enumerate(topic[:_LONGEST_STAGE]) if character == "." and at)
    for name in (topic[:at] for at in ends):
        if refusal(name) is None and (stage := Stage(name)).ephemeral and topic in stage.topics:
            return stage
    return None


def orphans(existing: Iterable[str], deployed: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Stage -> those of the `existing` topics that are its own, for stages that are not `deployed`."""
    standing = frozenset(deployed)
    found: dict[str, list[str]] = {}
    for topic in sorted(set(existing)):
        stage = owner(topic)
        if stage is not None and stage.name not in standing:
            found.setdefault(stage.name, []).append(topic)
    return {name: tuple(names) for name, names in sorted(found.items())}


def _owner(stage: EphemeralStage) -> Stage:
    # Python does not enforce the annotation, and this is the one place that must not be wrong.
    if not isinstance(stage, EphemeralStage):
        raise TypeError(f"a teardown plan needs an EphemeralStage, not a {type(stage).__name__}")
    return EphemeralStage(stage.stage).stage


def _plan(stage: Stage, existing: Iterable[str], owned: frozenset[str]) -> Plan:
    # A catalogue that yields a bare name would be our mistake; the namespace is checked all the same.
    deletable = frozenset(name for name in owned if name.startswith(stage.namespace)) - bare_names()
    folded = {topics.fold(name): name for name in deletable}
    present = sorted(set(existing))
    return Plan(
        delete=tuple(name for name in present if name in deletable),
        keep={name: _reason(stage, name, folded) for name in present if name not in deletable},
    )


def _reason(stage: Stage, name: str, folded: Mapping[str, str]) -> str:
    twin = folded.get(topics.fold(name))
    if twin is not None:
        return f"differs from {twin} only in '.' and '_': it belongs to another stage"
    if name in topics.BROKER_TOPICS or name.startswith("__"):
        return "belongs to Kafka itself"
    if name.startswith(stage.namespace):
        return f"starts with {stage.namespace} but is not in the catalogue of this stage"
    return "has another namespace or none"
