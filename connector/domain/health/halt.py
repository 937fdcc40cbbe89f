"""Who has halted the connector, as one item of the state table: an operator, or the system. Pure.

Connect's state says only that a connector is PAUSED or STOPPED. Nothing heals a halted connector, whoever
halted it. The system halts it after a refused login, a launch if the stage's config says so. A mark says
nothing by itself: `connector.domain.health.at_rest` compares it with the connector's state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from connector.domain.health.item_version import read_version
from connector.domain.health.moments import moment
from connector.domain.health.refused import SHOWN, RefusedCredentials

#: Partition key of the item in the state table.
HALT_KEY = "halt"


class HaltedBy(StrEnum):
    """Who has halted the connector."""

    #: The system: a database or a broker refused the worker's login.
    LOGIN = "login"
    #: An operator, by `pause` or `stop`.
    OPERATOR = "operator"
    #: A launch, because `connector.state` in the stage's config says so.
    DECLARED = "declared"


@dataclass(frozen=True)
class Halt:
    """A halt, or that there is none: then `by` is None. `at` is in seconds since 1970.

    Of a refused login: `secret` is the secret's name (`dbInfo` or `kafkaCredentials`), `task` the id of the
    worker's ECS task; `path` and `version` are what that worker had, empty when they cannot be known;
    `error_class` is the class's name.

    Of an operator's halt: `why` is what the operator says, one line; `remind_at` is when people are reminded
    of it first, 0: after a day; `reminded_at` is when they last were.

    When a halt has ended, `at` is when: a line of the log from before tells nothing new.
    """

    by: HaltedBy | None = None
    at: int = 0
    why: str = ""
    secret: str = ""
    path: str = ""
    version: str = ""
    task: str = ""
    error_class: str = ""
    remind_at: int = 0
    reminded_at: int = 0
    #: The item's own version, 0 without an item.
    number: int = 0
    #: The number in the table if none of ours can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = ()

    def next(self, **changes: Any) -> "Halt":
        """The item to write in place of this one: nothing of this one stays but its number, one on."""
        return replace(Halt(**changes), number=self.number + 1)

    def ended_by(self, path: str, version: str, refused: RefusedCredentials) -> bool:
        """Whether the secret that is in force now (`path`, `version`) ends a halt after a refused login.

        It does if it is another version than the worker had, and one that was never refused. Where the
        worker's version is not known, only the second can be said. A secret never ends an operator's halt.
        New workers must be started with it: those that run have what was refused.
        """
        if self.by is not HaltedBy.LOGIN or (path, version) == (self.path, self.version):
            return False
        return refused.refusal_of({path: version}) is None

    def describe(self) -> str:
        """Who has halted the connector and why, as a clause. Without a mark it was an operator, by hand."""
        if self.by is HaltedBy.LOGIN:
            path = self.path or self.secret
            known = f"{path} (version {self.version[:SHOWN]}...)" if self.version else path
            return f"the system did that {moment(self.at)}, because the login with secret {known} was refused"
        if self.by is HaltedBy.DECLARED:
            return f"a launch did that {moment(self.at)}, as connector.state in the stage's config says"
        since = f" {moment(self.at)}" if self.by else ""
        return f"an operator did that{since}{f': {self.why}' if self.why else ''}"

    def reminded(self, now: float) -> "Halt":
        """The item to write once people have been reminded of this halt."""
        return replace(self, reminded_at=int(now), number=self.number + 1, replaced_version=())

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": HALT_KEY,
            "version": self.number,
            "by": "" if self.by is None else self.by.value,
            "at": self.at,
            "why": self.why,
            "secret": self.secret,
            "path": self.path,
            "secret_version": self.version,
            "task": self.task,
            "class": self.error_class,
            "remind_at": self.remind_at,
            "reminded_at": self.reminded_at,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Halt":
        """The inverse of `to_item`. A damaged item means that nobody is known to have halted anything."""
        number, replaced_version = read_version(item)
        try:
            return cls(
                by=HaltedBy(item["by"]) if item["by"] else None,
                at=int(item["at"]),
                why=str(item["why"]),
                secret=str(item["secret"]),
                path=str(item["path"]),
                version=str(item["secret_version"]),
                task=str(item["task"]),
                error_class=str(item["class"]),
                # An earlier version wrote neither.
                remind_at=int(item.get("remind_at", 0)),
                reminded_at=int(item.get("reminded_at", 0)),
                number=number,
                replaced_version=replaced_version,
            )
        except (LookupError, TypeError, ValueError, OverflowError):
            return cls(number=number, replaced_version=replaced_version)
