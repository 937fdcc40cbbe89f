"""Which rights of a stage's own list the brokers do not give it. Pure."""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from connector.domain.capture.acls import EVERY, Acl, Resource
from connector.domain.stage.stage import Stage

#: How many are named in one message.
_NAMED = 5


@dataclass(frozen=True)
class AllowedRights:
    """What brokers answer when a client asks what it may do, in Kafka's words.

    `topics`: those that exist, with what may be done with each. `not_creatable`: those that do not exist and
    may not be created. `every_topic`, `cluster`: what may be done with all topics and with the cluster; None
    where the brokers do not say. Nobody can ask about groups and transactional ids.
    """

    topics: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    not_creatable: Collection[str] = ()
    every_topic: AbstractSet[str] = frozenset()
    cluster: AbstractSet[str] | None = None


def refused_rights(wanted: Iterable[Acl], allowed: AllowedRights) -> tuple[Acl, ...]:
    """What of the wanted rights is not allowed, as far as the brokers were asked."""
    found = ((acl, _allowed(acl, allowed)) for acl in wanted)
    lacking = (
        Acl(acl.resource, acl.name, tuple(each for each in acl.operations if each not in given))
        for acl, given in found
        if given is not None
    )
    return tuple(acl for acl in lacking if acl.operations)


def _allowed(acl: Acl, allowed: AllowedRights) -> AbstractSet[str] | None:
    """What may be done with the resource of an ACL; None where it is not known."""
    if acl.resource is Resource.CLUSTER:
        return allowed.cluster
    if acl.resource is not Resource.TOPIC:
        return None
    if acl.name == EVERY:
        return allowed.every_topic
    if acl.name in allowed.not_creatable:
        # Of the rest nothing is known before it exists.
        return frozenset(acl.operations) - {"Create"}
    return allowed.topics.get(acl.name)


def refusal_of(stage: Stage, refused: Collection[Acl], auth: str) -> str:
    """What a launch says of rights that are missing, with the next step."""
    named = "; ".join(str(acl) for acl in list(refused)[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return (
        f"the brokers do not give stage {stage.name} all of its rights; missing: {named}{more}. Let the "
        f"cluster's owners grant what `wms-connector broker-script {stage.name} --kafka-auth {auth}` prints, "
        "then launch again"
    )
