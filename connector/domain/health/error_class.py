"""What an error class is, and who can own one. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.stage.stage import Stage


class Owner(StrEnum):
    """Who fixes an error."""

    DATABASE = "database"
    NETWORK = "network"
    #: Brokers, AWS account.
    PLATFORM = "platform"
    #: The WMS application's team, whose tables are captured.
    WMS = "wms"
    #: Whoever runs the connector.
    US = "us"


@dataclass(frozen=True)
class ErrorClass:
    """One kind of error. `meaning` is a clause, `next_step` an instruction, both without a full stop.

    `command` is the command to run next; `{target}` in it stands for what sceptre launches, `{stage}` for the
    stage, `{logs}` for the worker's log group.

    `of_database` completes "the database at host:port …" if the source database causes the error.
    """

    name: str
    pattern: re.Pattern[str]
    retry: bool
    owner: Owner
    meaning: str
    next_step: str
    command: str
    of_database: str = ""

    def command_for(self, stage: Stage) -> str:
        """The command for one stage."""
        target = f"ephemeral/{stage.name}" if stage.ephemeral else stage.name
        return self.command.format(stage=stage.name, target=target, logs=stage.names.connector_log_group)
