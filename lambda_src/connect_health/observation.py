"""What one health check saw: facts without judgement."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_src.connect_rest import ConnectorStatus
from lambda_src.metrics_page import Source
from lambda_src.tasks import Service


@dataclass(frozen=True)
class Observation:
    """What was seen. A probe that could not see leaves its field as it is and its reason in `blind`.

    `connect_answers`: why no worker answers, empty when one does, None when nobody could be asked.
    `connector`: None when Connect knows no such connector and nothing is in `blind` under "connector".
    `database`: listener -> why it accepts no connection, empty when it does.
    """

    service: Service | None = None
    connect_answers: str | None = None
    connector: ConnectorStatus | None = None
    source: Source | None = None
    database: Mapping[str, str] = field(default_factory=dict)
    retiring: bool = False
    #: Probe -> why it saw nothing, although it should have.
    blind: Mapping[str, str] = field(default_factory=dict)
