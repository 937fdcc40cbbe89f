"""Which rights of a stage's own list the brokers do not give it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
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
    may not be created. `every_topic`, `cluster`: what may be done with all topics and with the cluster.
    Nobody can ask about groups and transactional ids.
    """

    topics: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    not_creatable: Collection[str] = ()
    every_topic: AbstractSet[str] = frozenset()
    cluster: AbstractSet[str] = frozenset()


def refused_rights(wanted: Iterable[Acl], allowed: AllowedRights) -> tuple[Acl, ...]:
    """What of the wanted rights is not allowed, as far as the brokers were asked."""
    found = ((acl, tuple(_refused(acl, allowed))) for acl in wanted)
    return tuple(Acl(acl.resource, acl.name, operations) for acl, operations in found if operations)


def _refused(acl: Acl, allowed: AllowedRights) -> Iterator[str]:
    if acl.resource is Resource.CLUSTER:
        yield from (each for each in acl.operations if each not in allowed.cluster)
    elif acl.resource is not Resource.TOPIC:
        return
    elif acl.name == EVERY:
        yield from (each for each in acl.operations if each not in allowed.every_topic)
    elif acl.name in allowed.topics:
        yield from (each for each in acl.operations if each not in allowed.topics[acl.name])
    elif acl.name in allowed.not_creatable and "Create" in acl.operations:
        yield "Create"


def refusal_of(stage: Stage, refused: Collection[Acl]) -> str:
    """What a launch says of rights that are missing, with the next step."""
    named = "; ".join(str(acl) for acl in list(refused)[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return (
        f"the brokers do not give stage {stage.name} all of its rights; missing: {named}{more}. Let the "
        f"cluster's owners grant what `wms-connector broker-script {stage.name}` prints, then launch again"
    )
