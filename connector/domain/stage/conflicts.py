"""Whether a stage may use a cluster, given what is on the cluster already. Pure.

Named stages have the same topic names, so a cluster can hold only one of them: two would write the changes of
two databases to the same topics and corrupt each other's schema history.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from connector.domain.stage.group_owner import GroupConnector, foreign_connector, joining
from connector.domain.stage.ownership import MIGRATION
from connector.domain.stage.stage import NAMED_STAGES, Stage
from connector.domain.stage.topics import twins

#: The section of docs/stages.md for a cluster that its stage has left.
LEFT_CLUSTER = "When a named stage has left its cluster"
_STAYS = "stacks that exist stay, and the next launch continues from them"
_CONNECT_ROLES = ("connect_config", "connect_offsets", "connect_status")


@dataclass(frozen=True)
class Cluster:
    """What was seen of a cluster.

    `registered` says whether the stage's own record names this cluster; `foreign_worker` whether the stage's
    Connect group has a worker that does not belong to this stage's service; `connectors` which
    connectors the group's config topic has, where the stage is not registered.
    """

    topics: frozenset[str]
    registered: bool = False
    foreign_worker: bool = False
    connectors: tuple[GroupConnector, ...] = ()


def conflict(stage: Stage, cluster: Cluster, prefix: str) -> str | None:
    """Why the stage cannot use the cluster, with the next step; None if it can. `prefix`: of secret paths."""
    pairs = twins(stage.topics, cluster.topics)
    if pairs:
        ours, theirs = pairs[0]
        return (
            f"topic {ours} of stage {stage.name} and the existing topic {theirs} differ only in '.' and '_', "
            "and one cluster cannot hold both; give the stage a cluster of its own in the secret "
            f"{prefix}/{stage.name}/brokerString and launch again ({_STAYS}), or delete it and choose "
            "another name"
        )
    # A stage that is registered there came first: what a refused stage left behind is no reason to refuse it.
    if cluster.registered:
        return None
    if cluster.foreign_worker:
        return (
            f"a stage {stage.name} of another account uses this cluster already, or the predecessor does: "
            f"its Connect group {stage.topics.connect_group} has members, and this stage has no worker; "
            f"{_way_out(stage, prefix)}. If it is the predecessor, read {MIGRATION}"
        )
    foreign = foreign_connector(stage.topics, cluster.connectors)
    if foreign is not None:
        return joining(stage, foreign)
    if stage.ephemeral:
        return None
    for other, sign in _others(stage):
        if sign in cluster.topics:
            return (
                f"stage {other.name} uses this cluster already (topic {sign}), and stages {stage.name} "
                f"and {other.name} have the same data topics; {_way_out(stage, prefix)}. Has {other.name} "
                f"left this cluster for good? Read {LEFT_CLUSTER!r} in docs/stages.md before you "
                "touch its topics: they hold its position in the database"
            )
    return None


def named_stages_on(stage: Stage, topics: AbstractSet[str]) -> tuple[str, ...]:
    """The named stages, other than this one, that have Connect topics among `topics`."""
    return tuple(dict.fromkeys(other.name for other, sign in _others(stage) if sign in topics))


def _others(stage: Stage) -> Iterator[tuple[Stage, str]]:
    """The other named stages, and the topics by which each is known, whatever account it is in."""
    for name in NAMED_STAGES:
        other = Stage.parse(name)
        if other != stage:
            for role in _CONNECT_ROLES:
                yield other, other.topics.one(role)


def _way_out(stage: Stage, prefix: str) -> str:
    return (
        f"{'each stage of one name' if stage.ephemeral else 'each named stage'} needs a cluster of its own: "
        f"put {stage.name}'s own into the secret "
        f"{prefix}/{stage.name}/brokerString and launch again ({_STAYS})"
    )
