"""Read what the predecessor of a stage has, through AWS's API and our own function; nothing is changed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from connector.aws import calls, claims, stacks
from connector.aws.admin_function import NoFunction, invoke
from connector.domain.admin_api import Operation, Request
from connector.domain.errors import ServerError, WmsError
from connector.domain.secrets import fallback
from connector.domain.secrets.adoption import SecretShape, describe_secret
from connector.domain.secrets.secrets import SECRET_NAMES
from connector.domain.stage.adoption import (
    SHOWN_VARIABLES,
    FoundService,
    FoundStack,
    Predecessor,
    shown_config,
)
from connector.domain.stage.ownership import NameClaim, foreign_stack
from connector.domain.stage.stage import Stage
from connector.operations import cluster_view
from connector.sceptre.stack import SecretCache

T = TypeVar("T")

_SERVICE = "AWS::ECS::Service"


def read(
    port: calls.Port,
    stage: Stage,
    prefix: str,
    wanted: Iterable[NameClaim],
    *,
    topics: frozenset[str] | None = None,
    connector: Mapping[str, object] | None = None,
) -> Predecessor:
    """All that can be read; what cannot be is in `unknown`.

    `wanted` are the names that a launch of the stage gives. `topics` and `connector` are what the operator
    gave in files; without them the stage's own function is asked, if there is one.
    """
    unknown: list[str] = []
    found = tuple(_stacks(port, stage))
    theirs = [stack for stack in found if not stack.ours]
    services = _try(unknown, "services", lambda: tuple(_services(port, theirs)))
    taken = _try(unknown, "names", lambda: _taken(port, wanted, found, unknown))
    if topics is None:
        topics = _try(unknown, "topics of the cluster", lambda: _topics(port, stage))
    if connector is None:
        connector = _try(unknown, "connector of the Connect group", lambda: _connector(port, stage))
    fetch = SecretCache().fetcher(port)
    return Predecessor(
        stacks=found,
        services=services or (),
        prefix=prefix,
        secrets=tuple(_secret(fetch, prefix, stage, name) for name in SECRET_NAMES),
        taken=taken or (),
        topics=topics,
        connector=None if connector is None else shown_config(connector),
        unknown=tuple(unknown),
    )


def _stacks(port: calls.Port, stage: Stage) -> Iterable[FoundStack]:
    with calls.errors():
        for name in stage.names.stacks.values():
            description = stacks.describe_stack(port, name)
            if description is None or description["StackStatus"] == "DELETE_COMPLETE":
                continue
            foreign = foreign_stack(stage, description)
            answer = port.call("cloudformation", "describe_stack_resources", {"StackName": name})
            resources = [
                (str(r["ResourceType"]), str(r.get("PhysicalResourceId", "")))
                for r in answer["StackResources"]
            ]
            yield FoundStack(
                name,
                str(description["StackStatus"]),
                ours=foreign is None,
                owner="" if foreign is None else foreign.owner,
                protected=bool(description.get("EnableTerminationProtection")),
                resources=tuple(sorted(resources)),
            )


def _services(port: calls.Port, theirs: Iterable[FoundStack]) -> Iterable[FoundService]:
    """The ECS services of stacks: a service's id is its ARN, `…:service/<cluster>/<name>`."""
    for stack in theirs:
        for kind, identifier in stack.resources:
            cluster, _, name = identifier.rpartition(":service/")[2].rpartition("/")
            if kind != _SERVICE or not name:
                continue
            cluster = cluster or "default"
            query = {"cluster": cluster, "services": [name]}
            with calls.errors():
                for service in port.call("ecs", "describe_services", query)["services"]:
                    yield _service(port, cluster, service)


def _service(port: calls.Port, cluster: str, service: Mapping[str, Any]) -> FoundService:
    arn = str(service["taskDefinition"])
    answer = port.call("ecs", "describe_task_definition", {"taskDefinition": arn})
    task = answer["taskDefinition"]
    container: Mapping[str, Any] = next(iter(task.get("containerDefinitions") or ()), {})
    variables = {str(v["name"]): str(v.get("value", "")) for v in container.get("environment") or ()}
    return FoundService(
        cluster,
        str(service["serviceName"]),
        int(service.get("desiredCount", 0)),
        int(service.get("runningCount", 0)),
        arn.rpartition("/")[2],
        image=str(container.get("image", "")),
        cpu=str(task.get("cpu", "")),
        memory=str(task.get("memory", "")),
        variables={name: variables[name] for name in SHOWN_VARIABLES if name in variables},
        secrets=tuple(sorted(str(s["name"]) for s in container.get("secrets") or ())),
    )


def _taken(
    port: calls.Port, wanted: Iterable[NameClaim], found: Iterable[FoundStack], unknown: list[str]
) -> tuple[NameClaim, ...]:
    """The names that a launch needs and that are in no stack of ours."""
    ours = {identifier for stack in found if stack.ours for _, identifier in stack.resources}
    with calls.errors():
        answer = claims.taken(port, wanted)
    unknown += [f"whether names are taken: these credentials may not call {name}" for name in answer.denied]
    # A topic's, a queue's id is its ARN or URL, which ends with the name.
    own = {identifier.rpartition("/")[2].rpartition(":")[2] for identifier in ours} | ours
    return tuple(claim for claim in answer.claims if claim.name not in own)


def _secret(fetch: fallback.Fetch, prefix: str, stage: Stage, name: str) -> SecretShape:
    try:
        with calls.errors():
            stored = fallback.find_secret(prefix, stage, name, fetch)
    except WmsError as error:
        return SecretShape(name, "", problem=str(error))
    return SecretShape(name, "") if stored is None else describe_secret(name, stored)


def _topics(port: calls.Port, stage: Stage) -> frozenset[str] | None:
    try:
        return cluster_view.topics(port, stage)
    except NoFunction:
        return None


def _connector(port: calls.Port, stage: Stage) -> Mapping[str, object] | None:
    """What the stage's function finds in the Connect group's config topic, for a stage not yet registered."""
    try:
        answer = invoke(port, stage, Request(Operation.CLUSTER))
    except NoFunction:
        return None
    found = answer.details.get("connectors")
    return found[0] if isinstance(found, list) and found else None


def _try(unknown: list[str], what: str, see: Callable[[], T]) -> T | None:
    try:
        return see()
    except ServerError as error:
        unknown.append(f"{what}: {error}")
        return None
