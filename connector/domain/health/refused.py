"""The versions of secrets with which a login was refused, as one item of the state table. Pure.

A version that was refused is never tried again: each try counts against the account's limit. The item holds
paths, version ids, error classes and times, and nothing confidential.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.domain.health.item_version import read_version
from connector.domain.health.moments import moment
from connector.domain.stage.stage import Stage

#: Partition key of the item in the state table.
REFUSED_KEY = "refused-credentials"
#: How many versions are remembered, of all secrets together; the oldest is forgotten first.
KEPT = 40
#: How much of a version's id a message shows: enough to find it in Secrets Manager.
SHOWN = 8
#: The commands that try what was refused once more: by the workers that have it, by a rotation to it.
RETRY = "wms-connector resume {stage} --retry-login"
RETRY_ROTATION = "wms-connector rotate {stage} --retry-login"


def rotate_again(stage: Stage) -> str:
    """The next step where the workers have another version than the one that was refused."""
    retry = RETRY_ROTATION.format(stage=stage.name)
    return f"write the right value into the secret; if it is right by now: {retry}"


@dataclass(frozen=True)
class RefusedVersion:
    """One version that was refused. `at` is in seconds since 1970; `error_class` is the class's name."""

    path: str
    version: str
    error_class: str
    at: int

    def describe(self) -> str:
        """Path and the version's first characters, for messages."""
        return f"{self.path} (version {self.version[:SHOWN]}...)"

    def refusal(self, stage: Stage) -> str:
        """Why the version is not tried, and what to do."""
        return (
            f"the login with secret {self.describe()} was refused {moment(self.at)} "
            f"(class {self.error_class}) and is not tried again; write the right value into that secret: a "
            "stage that has streamed takes it by itself, any other by a launch; if this version is right by "
            f"now, as of an unlocked account: {RETRY.format(stage=stage.name)} if the workers have it, "
            f"{RETRY_ROTATION.format(stage=stage.name)} if they have another"
        )


@dataclass(frozen=True)
class RefusedCredentials:
    """Every version that was refused, the oldest first; `number` is the item's version, 0 without an item."""

    refused: tuple[RefusedVersion, ...] = ()
    number: int = 0
    #: The number in the table if none of ours can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = ()

    def refusal_of(self, in_force: Mapping[str, str]) -> RefusedVersion | None:
        """The version that must not be tried, of those in force (path -> version id); None if all may be."""
        found = (each for each in self.refused if each.version and in_force.get(each.path) == each.version)
        return next(found, None)

    def remembering(self, found: Iterable[RefusedVersion]) -> "RefusedCredentials":
        """With these versions too, one number on; the same object if all were known."""
        known = {(each.path, each.version) for each in self.refused}
        new = tuple(each for each in found if (each.path, each.version) not in known)
        return self._next((*self.refused, *new)[-KEPT:]) if new else self

    def forgetting(self, in_force: Mapping[str, str]) -> "RefusedCredentials":
        """Without the versions in force, which an operator wants to try; the same object if all may be."""
        kept = tuple(each for each in self.refused if in_force.get(each.path) != each.version)
        return self if kept == self.refused else self._next(kept)

    def _next(self, refused: tuple[RefusedVersion, ...]) -> "RefusedCredentials":
        return replace(self, refused=refused, number=self.number + 1)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": REFUSED_KEY,
            "version": self.number,
            "refused": [
                {"path": e.path, "version": e.version, "class": e.error_class, "at": e.at}
                for e in self.refused
            ],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "RefusedCredentials":
        """The inverse of `to_item`. A damaged entry is left out: its version is tried once more at worst."""
        number, replaced_version = read_version(item)
        entries = item.get("refused")
        found = map(_entry, entries if isinstance(entries, list) else [])
        return cls(tuple(each for each in found if each is not None), number, replaced_version)


def _entry(item: Any) -> RefusedVersion | None:
    try:
        return RefusedVersion(str(item["path"]), str(item["version"]), str(item["class"]), int(item["at"]))
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
