"""What an error class is, and who can own one. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.stage.stage import Stage

LAUNCH = "sceptre launch {target} --yes"
LOGS = "wms-connector logs {stage} --errors --since 1h"
STATUS = "wms-connector status {stage}"
ORACLE_SCRIPT = "wms-connector oracle-script {stage}"
BROKER_SCRIPT = "wms-connector broker-script {stage}"


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
    stage.

    `of_database` completes "the database at host:port …" if the source database causes the error.
    """

    name: str
    retry: bool
    owner: Owner
    meaning: str
    next_step: str
    command: str
    of_database: str = ""

    def command_for(self, stage: Stage) -> str:
        """The command for one stage."""
        target = f"ephemeral/{stage.name}" if stage.ephemeral else stage.name
        return self.command.format(stage=stage.name, target=target)


def observed(name: str, owner: Owner, meaning: str, next_step: str, command: str) -> ErrorClass:
    """An error that no text reports: it is seen from outside, and no restart of a task fixes it."""
    return ErrorClass(name, False, owner, meaning, next_step, command)
