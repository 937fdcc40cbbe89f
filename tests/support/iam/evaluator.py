"""Whether IAM policies allow a request, by the rules that AWS documents. Nothing of the product is used here.

Sources, all in the IAM user guide: "Policy evaluation logic" with "Policy evaluation for requests within a
single account" (explicit deny, union of identity and resource policies, boundary as an upper limit), "IAM
JSON policy elements: Resource" and "... Condition operators" (wildcards, absent keys, `IfExists`),
"Multivalued context keys" (`ForAllValues`, `ForAnyValue`), "IAM policy elements: Variables and tags"; and in
the KMS developer guide "Key policies" (a key's policy must allow, or leave it to IAM).

What is not known here raises `UnsupportedPolicy`: an element that were passed over would prove nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.support.iam.conditions import Context, ContextValue, check_conditions, holds
from tests.support.iam.patterns import UnsupportedPolicy, action_matches, as_list, resource_matches

__all__ = ["ContextValue", "Decision", "IamRequest", "ResourcePolicy", "UnsupportedPolicy", "decide"]

Document = Mapping[str, Any]

_STATEMENT = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}
_DOCUMENT = {"Version", "Id", "Statement"}


class Decision(Enum):
    """What IAM decides; everything but `ALLOWED` is a refusal."""

    ALLOWED = "allowed"
    IMPLICITLY_DENIED = "implicitly denied"
    EXPLICITLY_DENIED = "explicitly denied"


@dataclass(frozen=True)
class IamRequest:
    """One question: may `principal` do `action` on `resource`?

    `resource` is a whole ARN, or `*` for a call that names none. `principal` is a role's or user's ARN, or a
    service such as `events.amazonaws.com`; it matters for resource policies only.
    """

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)
    principal: str = ""

    def __post_init__(self) -> None:
        if self.resource != "*" and len(self.resource.split(":", 5)) != 6:
            raise ValueError(f"{self.resource!r} is neither an ARN nor '*'")
        if ":" not in self.action or "*" in self.action:
            raise ValueError(f"{self.action!r} is not one action")


@dataclass(frozen=True)
class ResourcePolicy:
    """The policy of the resource that is asked for.

    `required`: the resource's own policy must allow, or name the account and so leave it to IAM, as a key's
    policy in KMS and a role's trust policy do. Else (SNS, SQS, S3, Lambda) either side's allow is enough.
    """

    document: Document
    required: bool = False


def decide(
    request: IamRequest,
    identity: Sequence[Document] = (),
    *,
    boundary: Document | None = None,
    resource_policy: ResourcePolicy | None = None,
) -> Decision:
    """The decision over all policies of one account that apply to the request.

    A resource policy that names the role's own ARN does not lift its boundary ("an implicit deny in a
    permissions boundary" limits what is granted to a role's ARN).
    """
    context = Context.of(request.context)
    by_identity = [_effects(document, request, context) for document in identity]
    by_boundary = None if boundary is None else _effects(boundary, request, context)
    by_resource = (
        _Effects() if resource_policy is None else _resource_effects(resource_policy, request, context)
    )
    every = [*by_identity, by_resource, *([] if by_boundary is None else [by_boundary])]
    if any(effects.denies for effects in every):
        return Decision.EXPLICITLY_DENIED
    identity_allows = any(effects.allows for effects in by_identity)
    if resource_policy is not None and resource_policy.required:
        allowed = by_resource.allows or (by_resource.leaves_to_iam and identity_allows)
    else:
        allowed = by_resource.allows or identity_allows
    bounded = by_boundary is not None and not by_boundary.allows
    return Decision.ALLOWED if allowed and not bounded else Decision.IMPLICITLY_DENIED


@dataclass(frozen=True)
class _Effects:
    """What the statements of one policy say to a request."""

    allows: bool = False
    denies: bool = False
    leaves_to_iam: bool = False


def _effects(document: Document, request: IamRequest, context: Context) -> _Effects:
    allows = denies = False
    for statement in _statements(document):
        if "Principal" in statement:
            raise UnsupportedPolicy("an identity policy has no Principal")
        if not {"Resource", "NotResource"} & set(statement):
            raise UnsupportedPolicy("a statement of an identity policy needs Resource or NotResource")
        if _applies(statement, request, context):
            allows |= statement["Effect"] == "Allow"
            denies |= statement["Effect"] == "Deny"
    return _Effects(allows, denies)


def _resource_effects(policy: ResourcePolicy | None, request: IamRequest, context: Context) -> _Effects:
    if policy is None:
        return _Effects()
    allows = denies = leaves = False
    for statement in _statements(policy.document):
        if "Principal" not in statement:
            raise UnsupportedPolicy("a statement of a resource policy needs a Principal")
        named = _named(statement["Principal"], request)
        if named is None or not _applies(statement, request, context):
            continue
        denies |= statement["Effect"] == "Deny"
        if statement["Effect"] == "Allow":
            allows |= named == "itself"
            leaves |= named == "account"
    return _Effects(allows, denies, leaves)


def _statements(document: Document) -> Iterable[Mapping[str, Any]]:
    unknown = set(document) - _DOCUMENT
    if unknown:
        raise UnsupportedPolicy(f"unknown policy element {sorted(unknown)}")
    if document.get("Version") != "2012-10-17":
        raise UnsupportedPolicy(f"Version {document.get('Version')!r}: only 2012-10-17 has policy variables")
    found = document["Statement"]
    for statement in [found] if isinstance(found, Mapping) else found:
        _check(statement)
        yield statement


def _check(statement: Mapping[str, Any]) -> None:
    unknown = set(statement) - _STATEMENT
    if unknown:
        raise UnsupportedPolicy(f"unknown statement element {sorted(unknown)}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise UnsupportedPolicy(f"Effect {statement.get('Effect')!r}: it is Allow or Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise UnsupportedPolicy("a statement has either Action or NotAction")
    if "Resource" in statement and "NotResource" in statement:
        raise UnsupportedPolicy("a statement has either Resource or NotResource")
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if element in statement and not as_list(statement[element]):
            raise UnsupportedPolicy(f"{element} is empty")
    check_conditions(statement.get("Condition", {}))


def _applies(statement: Mapping[str, Any], request: IamRequest, context: Context) -> bool:
    if "Action" in statement:
        fits = any(action_matches(pattern, request.action) for pattern in as_list(statement["Action"]))
    else:
        fits = not any(action_matches(pattern, request.action) for pattern in as_list(statement["NotAction"]))
    if fits and "Resource" in statement:
        fits = _resource_named(statement["Resource"], request, context)
    elif fits and "NotResource" in statement:
        fits = not _resource_named(statement["NotResource"], request, context)
    return fits and holds(statement.get("Condition", {}), context)


def _resource_named(patterns: object, request: IamRequest, context: Context) -> bool:
    return any(resource_matches(context.filled(text), request.resource) for text in as_list(patterns))


def _named(principal: object, request: IamRequest) -> str | None:
    """How a Principal element names the caller: `itself`, by its `account`, or not at all (None)."""
    if principal == "*":
        return "itself"
    if not isinstance(principal, Mapping):
        raise UnsupportedPolicy(f"Principal {principal!r}")
    unknown = set(principal) - {"AWS", "Service"}
    if unknown:
        raise UnsupportedPolicy(f"Principal of type {sorted(unknown)}")
    if request.principal in as_list(principal.get("Service", [])):
        return "itself"
    # `{"AWS": "*"}` is everyone, services included ("Specifying all principals").
    named = as_list(principal.get("AWS", []))
    if "*" in named or request.principal in named:
        return "itself"
    parts = request.principal.split(":")
    if len(parts) >= 6 and (parts[4] in named or f"arn:{parts[1]}:iam::{parts[4]}:root" in named):
        return "account"
    return None
