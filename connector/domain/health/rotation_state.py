"""A rotation of secrets under way, and how the last one ended: one item of the state table. Pure.

Each step is claimed by one conditional write before anything is done, so that two runs at once do it once. A
run that dies leaves a phase, and the next run goes on from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connector.domain.health.item_version import read_version
from connector.domain.health.moments import moment
from connector.domain.secrets.rotation import ChangedSecret, SecretChange

#: Partition key of the item in the state table.
ROTATION_KEY = "rotation"
#: How many changes are remembered that failed, the newest last.
_KEPT = 20
#: What stands in a key in place of a version: it may happen again, and is another matter then.
_CHANGES = frozenset(change.value for change in SecretChange)


class Phase(StrEnum):
    """How far a rotation is."""

    NONE = "none"
    #: The new login is being tried.
    TRYING = "trying"
    #: ECS starts workers with the new versions.
    ROLLING = "rolling"
    #: The new workers run; the connector is to stream.
    VERIFYING = "verifying"

    @property
    def seconds(self) -> float:
        """How long it may take before the rotation has failed.

        ECS replaces one worker after the other, each in some minutes; CloudFormation waits longer. A try ends
        within the invocation that makes it.
        """
        return {Phase.TRYING: 120.0, Phase.ROLLING: 1500.0, Phase.VERIFYING: 420.0}.get(self, 0.0)


class Ending(StrEnum):
    """How the last rotation ended."""

    NONE = ""
    DONE = "done"
    FAILED = "failed"
    #: A launch has begun, which gives the workers the secrets by itself.
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Rotation:
    """The rotation that is under way, or `Phase.NONE`. Times are seconds since 1970.

    `versions` are those that the workers get (path -> version id), `changed` the paths among them that
    changed. `definition` is the task definition with them, `previous` the one before; `go_back`: whether the
    service gets the one before if the new one does not stream. `reason` and `error_class` are of the last
    ending, or say what a rotation waits for.
    """

    phase: Phase = Phase.NONE
    began: int = 0
    since: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    definition: str = ""
    previous: str = ""
    go_back: bool = False
    #: Whether the service was given the new definition.
    deployed: bool = False
    #: Whether the workers only get what the record names, which was tried before.
    catch_up: bool = False
    ending: Ending = Ending.NONE
    ended: int = 0
    reason: str = ""
    error_class: str = ""
    #: Whether people know of the failure.
    mailed: bool = True
    #: Path and version (or what else there is to tell) of each change that failed, the newest last.
    failed: tuple[tuple[str, str], ...] = ()
    #: The versions that the workers have kept after a rotation that failed, because the password from before
    #: is over; empty after one that went well.
    kept: Mapping[str, str] = field(default_factory=dict)
    #: The item's own version, 0 without an item.
    number: int = 0
    #: The number in the table if none of ours can have written it; it is replaced all the same.
    replaced_version: tuple[Any, ...] = field(default=(), compare=False)

    @property
    def under_way(self) -> bool:
        """Whether a rotation is under way."""
        return self.phase is not Phase.NONE

    def late(self, now: float) -> bool:
        """Whether the phase has lasted for too long."""
        return now - self.since > self.phase.seconds

    def begun(self, now: float, versions: Mapping[str, str], changed: Iterable[ChangedSecret]) -> "Rotation":
        """The claim of a new one: its login is tried next."""
        return self._claimed(now, versions, (each.path for each in changed), catch_up=False)

    def resumed(self, now: float, versions: Mapping[str, str], changed: Iterable[str]) -> "Rotation":
        """The claim of one to the recorded versions, of which none is tried; `changed` are their paths."""
        return self._claimed(now, versions, changed, catch_up=True)

    def _claimed(
        self, now: float, versions: Mapping[str, str], paths: Iterable[str], *, catch_up: bool
    ) -> "Rotation":
        at = int(now)
        return self._next(
            phase=Phase.TRYING, began=at, since=at, versions=dict(versions), changed=tuple(paths),
            definition="", previous="", go_back=False, deployed=False, catch_up=catch_up, reason="",
            error_class="",
        )  # fmt: skip

    def rolling(self, now: float, definition: str, previous: str, *, go_back: bool) -> "Rotation":
        """The login was accepted, and the definition is made that the service gets next."""
        return self._next(
            phase=Phase.ROLLING, since=int(now), definition=definition, previous=previous, go_back=go_back
        )

    def given(self) -> "Rotation":
        """The service has the new definition."""
        return self._next(deployed=True)

    def verifying(self, now: float) -> "Rotation":
        """All workers are new."""
        return self._next(phase=Phase.VERIFYING, since=int(now))

    def waiting(self, reason: str) -> "Rotation":
        """Given up before anything was tried; the next check begins anew."""
        return self._next(phase=Phase.NONE, reason=reason)

    def done(self, now: float) -> "Rotation":
        """The connector streams with the new versions."""
        others = tuple(key for key in self.failed if not self._settles(key))
        return self._next(
            phase=Phase.NONE, ending=Ending.DONE, ended=int(now), reason="", error_class="", mailed=True,
            failed=others, kept={},
        )  # fmt: skip

    def _settles(self, key: tuple[str, str]) -> bool:
        """Whether the versions in use end a failure; another version that failed is still not to be tried."""
        path, failed = key
        return path in self.versions and failed in (self.versions[path], *_CHANGES)

    def superseded(self, now: float) -> "Rotation":
        """A launch has begun; the same object where no rotation is under way."""
        if not self.under_way:
            return self
        return self._next(phase=Phase.NONE, ending=Ending.SUPERSEDED, ended=int(now), reason="")

    def keeping(self) -> "Rotation":
        """The same, whose versions the workers keep although it fails; it is not written by itself."""
        return replace(self, kept=dict(self.versions))

    def failure(
        self, now: float, reason: str, error_class: str, keys: Iterable[tuple[str, str]], *, mailed: bool
    ) -> "Rotation":
        """It failed for these changes, which are not tried again; `mailed`: whoever asked is told already."""
        new = tuple(keys)
        kept = (*(each for each in self.failed if each not in new), *new)[-_KEPT:]
        return self._next(
            phase=Phase.NONE, ending=Ending.FAILED, ended=int(now), reason=reason, error_class=error_class,
            mailed=mailed, failed=kept,
        )  # fmt: skip

    def forgetting(self) -> "Rotation":
        """An operator wants what failed to be tried once more."""
        return self._next(failed=()) if self.failed else self

    def with_mail(self, *, sent: bool) -> "Rotation":
        """Whether people know of the failure."""
        return self._next(mailed=sent)

    def knows(self, key: tuple[str, str]) -> bool:
        """Whether a change has failed before."""
        return key in self.failed

    def describe(self) -> str:
        """What is under way, as a clause; empty when nothing is."""
        what = {
            Phase.TRYING: "the new login is being tried",
            Phase.ROLLING: "ECS replaces the workers",
            Phase.VERIFYING: "the new workers run, and the connector is to stream",
        }.get(self.phase)
        if what is None:
            return ""
        if self.catch_up and self.phase is Phase.TRYING:
            what = "the workers are to get the recorded version"
        return f"a rotation of {', '.join(self.changed)} is under way since {moment(self.began)}: {what}"

    def _next(self, **changes: Any) -> "Rotation":
        return replace(self, number=self.number + 1, replaced_version=(), **changes)

    def to_item(self) -> dict[str, Any]:
        """A plain item for DynamoDB's resource API."""
        return {
            "id": ROTATION_KEY,
            "version": self.number,
            "phase": self.phase.value,
            "began": self.began,
            "since": self.since,
            "versions": dict(self.versions),
            "changed": list(self.changed),
            "definition": self.definition,
            "previous": self.previous,
            "go_back": self.go_back,
            "deployed": self.deployed,
            "catch_up": self.catch_up,
            "ending": self.ending.value,
            "ended": self.ended,
            "reason": self.reason,
            "class": self.error_class,
            "mailed": self.mailed,
            "failed": [list(key) for key in self.failed],
            "kept": dict(self.kept),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Rotation":
        """The inverse of `to_item`. A damaged item means that no rotation is under way."""
        number, replaced_version = read_version(item)
        try:
            return cls(
                phase=Phase(item["phase"]),
                began=int(item["began"]),
                since=int(item["since"]),
                versions={str(path): str(version) for path, version in item["versions"].items()},
                changed=tuple(map(str, item["changed"])),
                definition=str(item["definition"]),
                previous=str(item["previous"]),
                go_back=bool(item["go_back"]),
                deployed=bool(item["deployed"]),
                catch_up=bool(item.get("catch_up")),
                ending=Ending(item["ending"]),
                ended=int(item["ended"]),
                reason=str(item["reason"]),
                error_class=str(item["class"]),
                mailed=bool(item["mailed"]),
                failed=tuple((str(path), str(version)) for path, version in item["failed"]),
                kept={str(path): str(version) for path, version in item.get("kept", {}).items()},
                number=number,
                replaced_version=replaced_version,
            )
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            return cls(number=number, replaced_version=replaced_version)
