"""What the cluster's owner does with `broker-script`: allow a user exactly what it prints."""

from collections.abc import Iterable
from contextlib import closing

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from connector.domain.capture.acls import Acl, Resource
from connector.domain.errors import OperatorError

_TYPES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
    Resource.CLUSTER: ResourceType.CLUSTER,
}
#: Kafka's name for the one resource of its type.
_CLUSTER = "kafka-cluster"


def grant(owner: str, user: str, wanted: Iterable[Acl]) -> None:
    """Allow `user` what the ACLs say; `owner` is where the cluster's owner connects. Idempotent."""
    with closing(KafkaAdminClient(bootstrap_servers=owner)) as admin:
        answer = admin.create_acls([each for acl in wanted for each in bindings(user, acl)])
    if answer["failed"]:
        raise OperatorError(f"Kafka did not take {len(answer['failed'])} ACLs: {answer['failed'][0][1]}")


def bindings(user: str, acl: Acl) -> list[ACL]:
    """One binding for each operation, as Kafka keeps them."""
    resource = ResourcePattern(_TYPES[acl.resource], acl.name or _CLUSTER, ACLResourcePatternType.LITERAL)
    return [
        ACL(f"User:{user}", "*", ACLOperation[_spelt(operation)], ACLPermissionType.ALLOW, resource)
        for operation in acl.operations
    ]


def _spelt(operation: str) -> str:
    """AlterConfigs -> ALTER_CONFIGS."""
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in operation).strip("_").upper()
