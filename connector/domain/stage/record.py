"""The stage record: one item that says what a stage has registered, and on which cluster.

Hook, health check and teardown read it; registration writes it. It holds no confidential value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

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
    #: The Connect group that the workers ran under; empty in a record of a release that did not write it.
    connect_group: str = ""
    #: The form of the messages, `schema` or `plain`; empty in a record of a release that knew only `plain`.
    envelope: str = ""
    #: Set by a teardown that has begun: registration and health check then do nothing.
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
        """The inverse of `to_item`; attributes of a newer version are ignored.

        A missing or invalid attribute counts as not given. The next launch or teardown writes it again, so a
        damaged item blocks neither.
        """
        texts = {
            key: _text(item.get(key))
            for key in ("stage", "cluster_id", "account", "config_hash", "connect_group", "envelope")
        }
        topics, versions = item.get("topics"), item.get("secret_versions")
        return cls(
            **texts,
            topics=tuple(map(str, topics)) if isinstance(topics, list | tuple) else (),
            secret_versions=dict(versions) if isinstance(versions, Mapping) else {},
            # If in doubt, start nothing.
            retiring=item.get("retiring") not in (None, False),
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
