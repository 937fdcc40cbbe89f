"""Read what is on the clusters of deployed stages, through their admin Lambdas; nothing is changed."""

from collections.abc import Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.aws import calls
from connector.aws.admin_function import invoke
from connector.domain.admin_api import Operation, Request, State
from connector.domain.errors import ServerError, WmsError
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import orphans
from connector.operations import deployed

#: How many clusters are asked at the same time.
_AT_ONCE = 8


def topics(port: calls.Port, stage: Stage) -> frozenset[str]:
    """Every topic of the stage's cluster; raises `ServerError` when they cannot be listed."""
    answer = invoke(port, stage, Request(Operation.TOPIC_NAMES, stage=stage.name))
    if answer.state is not State.DONE:
        raise ServerError(answer.summary)
    return frozenset(answer.details["topics"])


def orphan_topics(
    port: calls.Port, stacks: Iterable[Mapping[str, Any]]
) -> tuple[Mapping[str, tuple[str, ...]], list[str]]:
    """Stage -> its topics that exist although no stack of it does, on the clusters of all deployed stages.

    The second part has one line for each cluster that could not be read.
    """
    names = {stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"}
    watched = [stage for stage in deployed.known(stacks) if stage.names.stack("functions") in names]
    found, errors = _clusters_topics(port, watched)
    if not watched:
        errors.append(
            "no stage with an admin Lambda is deployed, so the topics of no cluster could be listed"
        )
    owners = orphans(found, ())
    return {
        name: owned for name, owned in owners.items() if not names & {*Stage(name).names.stacks.values()}
    }, errors


def _clusters_topics(port: calls.Port, watched: Iterable[Stage]) -> tuple[set[str], list[str]]:
    """The topics of the clusters that these stages use, and a line for each stage that could not say them.

    A cluster's list is as long as its stages are many, so each cluster is asked for it, not each stage: a
    branch whose Connect group has its topic on a list is on that cluster. One that does not answer is no
    reason not to ask the next. Named stages are all asked: they leave topics behind when they leave a
    cluster (docs/stages.md). A branch that has moved counts as being where it was first.
    """
    found: set[str] = set()
    errors: list[str] = []
    waves = _Waves(watched)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while asked := waves.next(found):
            for stage, listing in [(stage, pool.submit(topics, port, stage)) for stage in asked]:
                try:
                    found |= listing.result()
                except WmsError as error:
                    errors.append(f"the cluster of stage {stage.name} could not be read: {error}")
    return found, errors


class _Waves:
    """Which stages to ask next: the named ones, then one branch, then twice as many in each wave.

    Branches usually share one cluster; of many clusters several are asked at the same time.
    """

    def __init__(self, watched: Iterable[Stage]) -> None:
        stages = sorted(watched, key=lambda stage: stage.name)
        self._named = [stage for stage in stages if not stage.ephemeral]
        self._branches = [stage for stage in stages if stage.ephemeral]
        self._size = 1

    def next(self, found: Container[str]) -> list[Stage]:
        """The next stages, given the topics that were found; none when every cluster is known."""
        if self._named:
            asked, self._named = self._named, []
            return asked
        rest = [stage for stage in self._branches if not _is_on(stage, found)]
        asked, self._branches = rest[: self._size], rest[self._size :]
        self._size = min(2 * self._size, _AT_ONCE)
        return asked


def _is_on(stage: Stage, found: Container[str]) -> bool:
    return any(f"{group}.config" in found for group in stage.topics.connect_groups)
