"""Read what is on the clusters of deployed stages, through their admin Lambdas; nothing is changed."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.aws import calls
from connector.aws.admin_function import invoke
from connector.domain.admin_api import Operation, Request, State
from connector.domain.errors import ServerError, WmsError
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import orphans
from connector.operations import deployed


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
    found: set[str] = set()
    errors: list[str] = []
    if not watched:
        errors.append(
            "no stage with an admin Lambda is deployed, so the topics of no cluster could be listed"
        )
    with ThreadPoolExecutor(8) as pool:
        for stage, listing in [(stage, pool.submit(topics, port, stage)) for stage in watched]:
            try:
                found |= listing.result()
            except WmsError as error:
                errors.append(f"the cluster of stage {stage.name} could not be read: {error}")
    owners = orphans(found, ())
    return {
        name: owned for name, owned in owners.items() if not names & {*Stage(name).names.stacks.values()}
    }, errors
