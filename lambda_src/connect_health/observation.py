"""What one health check saw: facts without judgement."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.budget import Budget
from lambda_src.connect_health.memory import Memory
from lambda_src.connect_rest import ConnectorStatus
from lambda_src.metrics_page import Source
from lambda_src.tasks import Service


@dataclass(frozen=True)
class Canary:
    """What the brokers say. `trouble`: why they do not answer, empty when they do.

    `newest`: when the newest heartbeat record was written, in seconds since 1970; None without one.
    `newest_of_table`: the same for the heartbeat table's changes, where the stage has such a table.
    `missing`: which of their topics do not exist.
    """

    trouble: str = ""
    newest: float | None = None
    newest_of_table: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What was seen. A probe that could not see leaves its field as it is and its reason in `blind`.

    `no_service`: why there is no service to see; empty where there is one, or nobody knows.
    `connect_answers`: why no worker answers, empty when one does, None when nobody could be asked.
    `connector`: None when Connect knows no such connector and nothing is in `blind` under "connector".
    `database`: listener -> why it accepts no connection, empty when it does.
    """

    service: Service | None = None
    no_service: str = ""
    connect_answers: str | None = None
    connector: ConnectorStatus | None = None
    source: Source | None = None
    #: What a running task logged last, when its source is not connected; of a connected one, that the
    #: database refuses the statement of its heartbeat. Empty when nothing is known.
    words: str = ""
    database: Mapping[str, str] = field(default_factory=dict)
    canary: Canary | None = None
    retiring: bool = False
    #: Paths of secrets that have another version now than when the stage was last launched.
    secrets_changed: tuple[str, ...] = ()
    #: None when it, or whether the stage retires, could not be read: then nothing may be restarted.
    budget: Budget | None = None
    memory: Memory | None = None
    #: Probe -> why it saw nothing, although it should have.
    blind: Mapping[str, str] = field(default_factory=dict)
