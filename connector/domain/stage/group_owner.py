"""Whose a Connect group is, by the connectors in its config topic. Pure.

A worker that joins a group starts the connectors whose configs are in the group's topic. Source: Apache
Kafka 4.3, KafkaConfigBackingStore: the key `connector-<name>`, the value `{"properties": {...}}` as JSON, no
value for a connector that was deleted; the last record of a key counts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.domain.capture.config import JDBC_CLASS, JDBC_USER_KEY, USER_REFERENCE
from connector.domain.stage.adoption import shown_config
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.ownership import MIGRATION
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TABLES, Catalogue

_CONNECTOR = "connector-"
#: Every Debezium connector: earlier releases read another database in tests.
_DEBEZIUM = "io.debezium.connector."


@dataclass(frozen=True)
class GroupConnector:
    """A connector in a Connect group's config topic; of its config nothing confidential."""

    name: str
    config: Mapping[str, str]
    #: Whether the user name in the config is a reference that only this tool writes.
    refers: bool = False

    def ours(self, catalogue: Catalogue) -> bool:
        """Whether this tool registered it for the stage of this catalogue, in any release."""
        kind, prefix = self.config.get("connector.class", ""), self.config.get("topic.prefix", "")
        if self.name != CONNECTOR:
            return False
        if kind.startswith(_DEBEZIUM):
            return prefix == catalogue.prefix
        schemas = {schema for schema, _ in JDBC_TABLES}
        # The predecessor's has the same class and name, and writes the user into the config.
        return (
            kind == JDBC_CLASS
            and self.refers
            and prefix
            in {catalogue.jdbc_prefix, *(f"{catalogue.jdbc_prefix}{schema}." for schema in schemas)}
        )

    def describe(self) -> str:
        """Name, class and prefix, as a text."""
        kind, prefix = self.config.get("connector.class", ""), self.config.get("topic.prefix", "")
        return f"{self.name!r} (connector.class {kind or 'unknown'}, topic.prefix {prefix or 'unknown'})"


def group_connectors(records: Iterable[tuple[str, str | None]]) -> tuple[GroupConnector, ...]:
    """The connectors that the records of a config topic, key and value in order, leave."""
    last = {key: value for key, value in records if key.startswith(_CONNECTOR)}
    return tuple(
        _connector(key.removeprefix(_CONNECTOR), value)
        for key, value in sorted(last.items())
        if value is not None
    )


def _connector(name: str, value: str) -> GroupConnector:
    try:
        config = json.loads(value)["properties"]
        shown = shown_config(config)
        refers = config.get(JDBC_USER_KEY) == USER_REFERENCE
    except (ValueError, KeyError, TypeError, AttributeError):
        return GroupConnector(name, {})
    return GroupConnector(name, {**shown, "name": name}, refers)


def foreign_connector(catalogue: Catalogue, found: Iterable[GroupConnector]) -> GroupConnector | None:
    """The first connector that is not ours, if any."""
    return next((connector for connector in found if not connector.ours(catalogue)), None)


def joining(stage: Stage, foreign: GroupConnector) -> str:
    """Why no worker of the stage joins its Connect group, and the next step."""
    return (
        f"{_has(stage, foreign)}: a worker that joins would start it, so none does. {MIGRATION} says how to "
        "move from the predecessor; a connector that nobody needs is deleted through the REST API of the "
        "worker that runs it, or with the group's three topics by the cluster's owners"
    )


def deleting(stage: Stage, foreign: GroupConnector) -> str:
    """Why the topics and groups of the stage's names stay, and the next step."""
    return (
        f"{_has(stage, foreign)}: topics and groups of the stage's names may be somebody else's, so none was "
        "deleted"
    )


def _has(stage: Stage, foreign: GroupConnector) -> str:
    return (
        f"the Connect group {stage.topics.connect_group} has the connector {foreign.describe()}, which this "
        f"tool did not register for stage {stage.name}"
    )
