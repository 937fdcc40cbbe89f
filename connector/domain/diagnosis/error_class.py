"""What an error class is, and who can own one. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.stage.stage import Stage

LAUNCH = "sceptre launch {target} --yes"
LOGS = "wms-connector logs {stage} --errors --since 1h"
STATUS = "wms-connector status {stage}"
ORACLE_SCRIPT = "wms-connector oracle-script {stage}"
BROKER_SCRIPT = "wms-connector broker-script {stage}"
RESTART = "wms-connector restart {stage}"
#: Gives the workers a changed secret; a version that was refused before is not tried again.
ROTATE = "wms-connector rotate {stage}"
#: Shows the position that the DBA needs.
OFFSETS = "wms-connector offsets {stage} show"

#: What becomes of the data, where it is not the usual: nothing is lost, the connector keeps its position.
LOST = "changes may be lost: the log between the connector's position and now may be gone"
HELD = (
    "no change is skipped, but the connector cannot get past this place by itself; a way round it may lose "
    "changes or send rows again"
)


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
    #: What has to be changed before the command is of any use, such as a setting or a secret; `{config}` in
    #: it stands for the stage's config file. Empty where the command comes first.
    edit: str = ""
    #: What becomes of the data; empty: nothing is lost as long as the database has its log.
    data: str = ""

    def edit_for(self, stage: Stage) -> str:
        """What has to be changed first for one stage."""
        return self.edit.format(config=f"config/{self._target(stage)}/config.yaml")

    def command_for(self, stage: Stage) -> str:
        """The command for one stage."""
        return self.command.format(stage=stage.name, target=self._target(stage))

    def _target(self, stage: Stage) -> str:
        """The stage's directory in `config/`, which is what sceptre launches."""
        return f"ephemeral/{stage.name}" if stage.ephemeral else stage.name


def observed(
    name: str, owner: Owner, meaning: str, next_step: str, command: str, *, edit: str = "", data: str = ""
) -> ErrorClass:
    """An error that no text reports: it is seen from outside, and no restart of a task fixes it."""
    return ErrorClass(name, False, owner, meaning, next_step, command, edit=edit, data=data)
