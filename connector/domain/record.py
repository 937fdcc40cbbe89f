"""The stage record: one item that says what a stage has registered, and on which cluster.

Hook, health check and teardown read it; registration writes it. It holds no confidential value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from connector.domain.errors import ServerError

#: Partition key of the item in the state table (`Names.table`).
RECORD_KEY = "stage-record"


@dataclass(frozen=True)
class StageRecord:
    """What the last successful registration did."""

    stage: str
    cluster_id: str
    account: str
    topics: tuple[str, ...]
    config_hash: str
    #: Secret path -> version id that was in force when the connector was verified.
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    #: Set by a teardown that has begun: registration, health and rotation then stand back.
    retiring: bool = False

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {"topics": list(self.topics), "secret_versions": dict(self.secret_versions)}
        return {"id": RECORD_KEY, **values, **plain}

    def changed_secrets(self, versions: Mapping[str, str]) -> tuple[str, ...]:
        """Of the secrets in force now, path -> version, those that are newer than the registration."""
        if not self.secret_versions:
            return ()
        return tuple(path for path, version in versions.items() if self.secret_versions.get(path) != version)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "StageRecord":
        """The inverse of `to_item`; attributes of a newer version are ignored."""
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in item.items() if key in known}
        try:
            values["topics"] = tuple(values["topics"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ServerError(f"the stage record is incomplete ({error}); launch the stage again") from None
