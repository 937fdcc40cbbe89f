"""A deployer's IAM policies, made of the table of calls. Pure.

A managed policy has at most 6,144 characters, white space not counted ("IAM and AWS STS quotas"), and a role
takes ten of them by default: statements are packed into as few documents as they need.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.access import deployer_boundary, deployer_protection, deployer_resources
from connector.domain.access.deployer import Deployer, Target, arns, condition
from connector.domain.access.deployer_calls import CALLS, Use, uses_of
from connector.domain.access.deployer_resources import Actions
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import NAMED_STAGES, Stage

Statement = Mapping[str, Any]

#: Characters of a managed policy, white space not counted.
MAX_CHARACTERS = 6_144

#: What only who publishes images needs, in a document of its own.
_IMAGE = "image"


@dataclass(frozen=True)
class Policy:
    """One document, and what to call it in IAM."""

    name: str
    document: Mapping[str, Any]


def policies(deployer: Deployer, *, uses: Use | None = None, balancer: bool = False) -> tuple[Policy, ...]:
    """The documents that a deployer needs, and no more. `uses` limits them, as to what `verify` calls.

    The right to push images is a document of its own, `…-image`: whoever has it decides which image a launch
    finds under a tag that nobody has published yet.
    """
    wanted = uses_of(deployer) if uses is None else uses
    found = list(_allowed(deployer, wanted, balancer=balancer))
    if deployer.stage is None and not deployer.foundation:
        found += protection(deployer)
    base = f"wms-deployer-{deployer.title}"
    documents = [Policy(f"{base}-{number}", made) for number, made in enumerate(_packed(found), 1)]
    if uses is None:
        # Names of their own: IAM takes no document with two statements of one name.
        pushing = [_document([{**s, "Sid": f"Push{s['Sid']}"} for s in _allowed(deployer, Use.PUBLISH)])]
        documents += [Policy(f"{base}-{_IMAGE}", document) for document in pushing]
    return tuple(documents)


def boundary(deployer: Deployer) -> Policy:
    """A permissions boundary that keeps the roles of ephemeral stages off the named ones."""
    if deployer.foundation or deployer.stage is not None:
        raise OperatorError(
            "a boundary is printed for ephemeral stages only: give --ephemeral with --boundary-policy"
        )
    document = _document(list(deployer_boundary.statements(deployer.scope, deployer.secret_prefix)))
    return Policy("wms-boundary-ephemeral", document)


def protection(deployer: Deployer) -> list[Statement]:
    """The denials that protect the named stages."""
    stages = [Stage.parse(name) for name in NAMED_STAGES]
    return list(deployer_protection.statements(deployer.scope, stages, deployer.secret_prefix))


def size(document: Mapping[str, Any]) -> int:
    """Characters of a document as IAM counts them."""
    return sum(not char.isspace() for char in json.dumps(document))


def _allowed(deployer: Deployer, uses: Use, *, balancer: bool = False) -> Iterator[Statement]:
    """One statement for each kind of resource, with all actions on it."""
    actions: dict[Target, set[str]] = defaultdict(set)
    for call in CALLS:
        if call.uses & uses:
            for target in call.targets:
                actions[target].add(call.action)
    for made in _resource_types(uses, balancer=balancer):
        for target, names in made.items():
            actions[target].update(names.split())
    merged: dict[str, tuple[list[str], set[str], Mapping[str, Any]]] = {}
    for target in Target:
        if target is not Target.ANYTHING:
            # What is allowed on "*" is allowed on everything.
            actions[target] -= actions[Target.ANYTHING]
        resources = list(arns(target, deployer))
        if not actions[target] or not resources:
            continue
        bound = condition(target, deployer)
        key = json.dumps([resources, bound], sort_keys=True)
        # Kinds that differ in nothing are one statement: no role has so many branches that it matters which.
        sid, together, _ = merged.setdefault(key, ([target.value], set(), bound))
        together |= actions[target]
        merged[key] = (sid, together, {"Resource": resources, **({"Condition": bound} if bound else {})})
    for sid, together, rest in merged.values():
        yield {"Sid": sid[0], "Effect": "Allow", "Action": sorted(together), **rest}


def _resource_types(uses: Use, *, balancer: bool) -> Iterable[Actions]:
    if uses & Use.FOUNDATION:
        yield from deployer_resources.FOUNDATION.values()
    if uses & Use.LAUNCH:
        yield from deployer_resources.STAGE.values()
        if balancer:
            yield from deployer_resources.BALANCER.values()


def _packed(statements: Iterable[Statement]) -> list[Mapping[str, Any]]:
    """The statements in as few documents as they need: the longest first, each where it still fits."""
    bins: list[list[Statement]] = []
    for statement in sorted(statements, key=size, reverse=True):
        for content in bins:
            if size(_document([*content, statement])) <= MAX_CHARACTERS:
                content.append(statement)
                break
        else:
            bins.append([statement])
    return [_document(content) for content in bins]


def _document(statements: list[Statement]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
