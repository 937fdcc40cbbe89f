"""What a changed secret means for a stage that runs: nothing, a try, a mistake, or a launch. Pure.

The stage record says which versions the connector was verified with. Whatever differs from it has changed:
a version, or which of the two places a secret is found in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.secrets.secrets import ALB_TLS, KAFKA_TLS


class SecretChange(StrEnum):
    """How a secret differs from the one that the connector was verified with."""

    VERSION = "has a new version"
    OTHER_PLACE = "takes the place of the one in use"
    GONE = "is gone"


class Meaning(StrEnum):
    """What a change asks for."""

    #: Its login is tried, and new workers start with it.
    TRY = "try"
    #: It cannot be used as it is: nothing is touched.
    MALFORMED = "malformed"
    #: It was tried, or the workers did not run with it: nothing is tried again.
    REFUSED = "refused"
    #: It changes what only a launch makes.
    LAUNCH = "launch"


@dataclass(frozen=True)
class FoundSecret:
    """A secret as the lookup finds it now.

    `path` and `version` are empty where there is none. `problem`: why it cannot be used; empty if it can.
    `launch`: why only a launch can take it; empty if a rotation can.
    """

    name: str
    path: str = ""
    version: str = ""
    problem: str = ""
    launch: str = ""


@dataclass(frozen=True)
class ChangedSecret:
    """One secret that changed. `path` is where it is now, or was. `reason` is a clause for people."""

    name: str
    path: str
    version: str
    change: SecretChange
    meaning: Meaning
    reason: str

    @property
    def key(self) -> tuple[str, str]:
        """What is remembered of it: another version is another matter."""
        return self.path, self.version or self.change.value

    def describe(self) -> str:
        """One clause: which secret, how it changed, what that means."""
        return f"secret {self.path} {self.change.value}: {self.reason}"


@dataclass(frozen=True)
class RotationPlan:
    """Everything that changed, and which versions would be in use after a rotation (path -> version id)."""

    changed: tuple[ChangedSecret, ...] = ()
    versions: Mapping[str, str] | None = None

    def of(self, meaning: Meaning) -> tuple[ChangedSecret, ...]:
        """The changes that mean this."""
        return tuple(each for each in self.changed if each.meaning is meaning)

    @property
    def blocked(self) -> ChangedSecret | None:
        """The change for which nothing at all is tried; None where there is none."""
        return next(iter((*self.of(Meaning.MALFORMED), *self.of(Meaning.REFUSED))), None)

    def tries(self, *names: str) -> bool:
        """Whether a secret of one of these names is to be tried."""
        return any(each.name in names for each in self.of(Meaning.TRY))

    def describe(self) -> str:
        """What would happen, in one line."""
        if not self.changed:
            return "no secret has changed since the connector was verified: nothing would be done"
        return "; ".join(each.describe() for each in self.changed)


#: Only a launch gives it to the load balancer, or puts the variable and the trust store into the definition.
_FOR_LAUNCH = {
    ALB_TLS: "only a launch changes the load balancer's certificate",
    KAFKA_TLS: "whether there is such a secret changes the workers' settings: only a launch does that",
}


def plan(
    recorded: Mapping[str, str], found: Sequence[FoundSecret], refusal: Callable[[str, str], str]
) -> RotationPlan:
    """Compare what is found with the record's versions (path -> version).

    `refusal`: why a path's version is not tried again; empty if it may be. A record that names no version is
    one of a release that wrote none: nothing is known to have changed.
    """
    if not recorded:
        return RotationPlan()
    changed: list[ChangedSecret] = []
    versions: dict[str, str] = {}
    for secret in found:
        change = _changed(recorded, secret, refusal)
        changed += [change] if change else []
        if change is not None and change.meaning is Meaning.LAUNCH:
            versions |= {path: recorded[path] for path in _paths(recorded, secret.name)}
        elif secret.path:
            versions[secret.path] = secret.version
    return RotationPlan(tuple(changed), versions)


def _changed(
    recorded: Mapping[str, str], secret: FoundSecret, refusal: Callable[[str, str], str]
) -> ChangedSecret | None:
    before = _paths(recorded, secret.name)
    if not secret.path:
        if secret.problem:
            return _made(secret, before[0] if before else secret.name, SecretChange.GONE, Meaning.MALFORMED)
        if not before:
            return None
        return _made(secret, before[0], SecretChange.GONE, Meaning.LAUNCH)
    if recorded.get(secret.path) == secret.version and not secret.problem:
        return None
    change = SecretChange.VERSION if secret.path in recorded else SecretChange.OTHER_PLACE
    if secret.problem:
        return _made(secret, secret.path, change, Meaning.MALFORMED)
    if secret.launch or secret.name == ALB_TLS or (secret.name == KAFKA_TLS and not before):
        return _made(secret, secret.path, change, Meaning.LAUNCH)
    refused = refusal(secret.path, secret.version)
    if refused:
        return ChangedSecret(secret.name, secret.path, secret.version, change, Meaning.REFUSED, refused)
    return _made(secret, secret.path, change, Meaning.TRY)


def _made(secret: FoundSecret, path: str, change: SecretChange, meaning: Meaning) -> ChangedSecret:
    reasons = {
        Meaning.TRY: "its login is tried once, then new workers start with it",
        Meaning.MALFORMED: secret.problem,
        Meaning.LAUNCH: secret.launch or _FOR_LAUNCH.get(secret.name, "only a launch changes that"),
    }
    return ChangedSecret(secret.name, path, secret.version, change, meaning, reasons[meaning])


def _paths(recorded: Iterable[str], name: str) -> list[str]:
    """The recorded paths of a secret: a name may have a slash in it, so it is the path's end."""
    return [path for path in recorded if path.endswith(f"/{name}")]
