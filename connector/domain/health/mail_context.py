"""What a mail needs to be acted on: account, region, links, the full names of the secrets. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.health.alarm import runbook_link
from connector.domain.secrets.fallback import candidate_paths
from connector.domain.secrets.secrets import SECRET_NAMES
from connector.domain.stage.aws_names import dashboard_link
from connector.domain.stage.stage import Stage

_SECRET = re.compile(rf"\bsecret ({'|'.join(SECRET_NAMES)})(?![\w/])")

#: Of a connector that keeps a position in the database's log.
_KEPT = (
    "nothing is lost: the connector goes on from its position, as long as the database keeps the log "
    "since then"
)
_UNKNOWN = "; for how long is not known here (connector.archived_log_hours)"
_POLLED = (
    "rows that are inserted meanwhile follow; the kind jdbc never sees rows that are deleted, nor the states "
    "between two changes of a row"
)


@dataclass(frozen=True)
class MailContext:
    """Of which stage a mail is, and where to look. What is empty is not known.

    `docs_url` is the address of the directory `docs`, without it a mail names the file in the repository.
    `secret_paths`: the secrets that the stage uses, which may be the default ones.
    """

    stage: Stage
    account: str = ""
    region: str = ""
    partition: str = "aws"
    docs_url: str = ""
    secret_prefix: str = "wms"  # noqa: S105 - the first part of paths
    secret_paths: tuple[str, ...] = ()
    kind: str = "debezium"

    def text(self, text: str) -> str:
        """A text with the full names of the stage's secrets and transactional ids."""
        return _SECRET.sub(lambda found: f"secret {self.secret(found[1])}", with_names(text, self.stage))

    def secret(self, name: str) -> str:
        """The full name of a secret: the one in use, or both that it may be."""
        own, default = candidate_paths(self.secret_prefix, self.stage.name, name)
        used = [path for path in self.secret_paths if path in (own, default)]
        return used[0] if used else f"{own} (or {default}, if the stage has none of its own)"

    def steps(self, cause: ErrorClass) -> list[str]:
        """Who acts, and what to do: the lines of one class."""
        edit = cause.edit_for(self.stage)
        return [
            f"Owner:        {cause.owner.value}",
            f"Next step:    {self.text(cause.next_step)}",
            *([f"First edit:   {self.text(edit)}"] if edit else []),
            f"{'Then run:' if edit else 'Command:':<13} {cause.command_for(self.stage)}",
        ]

    def data(self, cause: ErrorClass, *, log_known: bool = False) -> str:
        """The line that says whether data is at risk. `log_known`: another line says how long log is kept."""
        usual = _POLLED if self.kind == "jdbc" else _KEPT + ("" if log_known else _UNKNOWN)
        return f"Data:         {cause.data or usual}"

    def links(self, section: str) -> list[str]:
        """Where to read on: the runbook's section, the dashboard, the account."""
        names = self.stage.names
        board = (
            dashboard_link(names.dashboard, self.region, self.partition) if self.region else names.dashboard
        )
        return [
            f"Runbook:      {runbook_link(section, self.docs_url)}",
            f"Dashboard:    {board}",
            f"Account:      {self.account or 'not known'}, region {self.region or 'not known'}",
        ]


def context_in(
    topic: str, stage: Stage, *, docs_url: str, secret_prefix: str, kind: str, paths: Iterable[str] = ()
) -> MailContext:
    """The context of mails through a topic of SNS, whose ARN names account and region."""
    _, partition, _, region, account, *_ = topic.split(":")
    return MailContext(stage, account, region, partition, docs_url, secret_prefix, tuple(paths), kind)
