"""Look: which secrets have changed since the connector was verified, and what that means.

No login is tried.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.domain.errors import DeniedSecret, SecretError
from connector.domain.health.refused import RefusedCredentials, rotate_again
from connector.domain.health.rotation_state import Rotation
from connector.domain.secrets.brokers import KafkaAuth, only_by_launch
from connector.domain.secrets.fallback import candidate_paths, find_secret
from connector.domain.secrets.injected import VARIABLES, PinnedSecret, names_for
from connector.domain.secrets.rotation import ChangedSecret, FoundSecret, Meaning, RotationPlan, plan
from connector.domain.secrets.secrets import ALB_TLS, BROKER_STRING, KAFKA_TLS
from connector.domain.secrets.shapes import check_shape
from connector.domain.stage.record import StageRecord
from connector.domain.stage.stage import Stage
from lambda_src.clients.state_table import read_record, read_refused, read_rotation
from lambda_src.clients.task_definitions import injected_in, read_definition
from lambda_src.session import Session

#: Secrets that a stage need not have.
_OPTIONAL = (KAFKA_TLS,)
#: Variable of the worker -> how the path of the secret behind it ends.
_ENDS = {name: f"/{secret}" for secret, names in VARIABLES.items() for name in names}


@dataclass(frozen=True)
class Glance:
    """What a check sees before it looks at the stage; `session` has the versions that it works with."""

    session: Session
    rotation: Rotation = field(default_factory=Rotation)
    plan: RotationPlan = field(default_factory=RotationPlan)
    #: Paths of which the service's task definition names another version than the record.
    behind: Sequence[str] = ()

    @property
    def changed(self) -> Sequence[ChangedSecret]:
        """The secrets that changed."""
        return self.plan.changed

    @property
    def mistaken(self) -> bool:
        """Whether a secret has a form that cannot be used, and nobody was told of it yet."""
        return any(not self.rotation.knows(each.key) for each in self.plan.of(Meaning.MALFORMED))

    @property
    def due(self) -> bool:
        """Whether there is something to go on with."""
        known = self.rotation.knows
        new = any(each.meaning is Meaning.TRY or not known(each.key) for each in self.changed)
        wanted = bool(self.behind) or (new and self.plan.blocked is None)
        return self.rotation.under_way or not self.rotation.mailed or wanted


def glance(session: Session) -> Glance:
    """Compare the secrets with the record, and choose what a check works with. No login is tried.

    Raises `WmsError` when table or secrets cannot be read.
    """
    table = session.aws.table(session.environment.table)
    record, rotation = read_record(table), read_rotation(table)
    if record is None or record.retiring:
        return Glance(session)
    found = look(session, record, read_refused(table), rotation)
    pinned = pinned_in_service(session)
    if found.blocked is not None:
        session = session.with_versions(rotation.kept if keeps(pinned, rotation) else record.secret_versions)
    return Glance(session, rotation, found, behind(pinned, record, rotation))


def pinned_in_service(session: Session) -> Mapping[str, PinnedSecret]:
    """Variable -> the version of a secret that new workers get for it; empty while ECS replaces workers."""
    service = session.observe_service()
    if service is None or not service.definition or service.rolling_out:
        return {}
    injected = injected_in(read_definition(session.aws.ecs(), service.definition))
    pinned = {name: PinnedSecret.of(reference) for name, reference in injected.items()}
    return {name: each for name, each in pinned.items() if name in _ENDS and each.version}


def keeps(pinned: Mapping[str, PinnedSecret], rotation: Rotation) -> bool:
    """Whether the service has the versions that it kept when a rotation failed."""
    return bool(pinned) and all(rotation.kept.get(each.path) == each.version for each in pinned.values())


def behind(pinned: Mapping[str, PinnedSecret], record: StageRecord, rotation: Rotation) -> Sequence[str]:
    """Paths of which new workers get another version than the one that the record names.

    CloudFormation does not know a rotation's task definition: a launch that fails goes back to the one of the
    launch before, whose password may be over. What a failed rotation left on purpose is not behind: there the
    record names the password that is over.
    """
    if keeps(pinned, rotation):
        return ()
    found: dict[str, None] = {}
    for name, each in pinned.items():
        for path, version in record.secret_versions.items():
            if path.endswith(_ENDS[name]) and (each.path, each.version) != (path, version):
                found[path] = None
    return tuple(found)


def look(
    session: Session, record: StageRecord, refused: RefusedCredentials, rotation: Rotation
) -> RotationPlan:
    """Compare the secrets with the record. Raises `WmsError` when one cannot be read now."""
    found = [_for_launch(session, record, each) for each in found_secrets(session)]
    return plan(record.secret_versions, found, _refusal(session.stage, refused, rotation))


def found_secrets(session: Session) -> Sequence[FoundSecret]:
    """The secrets that the connector depends on, as the lookup finds them now, with their shapes checked."""
    env = session.environment
    names = [*names_for(env.auth, private_ca=env.auth is not KafkaAuth.PLAINTEXT)]
    if env.connect_url is not None:
        names.append(ALB_TLS)
    return [_found(session, name) for name in names]


def _found(session: Session, name: str) -> FoundSecret:
    """What is wrong with a secret is part of what is found; a missing right is not the secret's mistake."""
    prefix, stage = session.environment.secret_prefix, session.stage
    own, default = candidate_paths(prefix, stage.name, name)
    try:
        stored = find_secret(prefix, stage, name, session.secrets.fetch)
        if stored is None:
            missing = "" if name in _OPTIONAL else f"neither {own} nor {default} exists; create one of them"
            return FoundSecret(name, problem=missing)
        check_shape(name, stored)
    except DeniedSecret:
        raise
    except SecretError as error:
        versions: Mapping[str, str] = session.secrets.versions
        # One that cannot be read has no version that is known: then it is the first that stands in the way.
        path = next((path for path in (own, default) if path in versions), own)
        return FoundSecret(name, path, versions.get(path, ""), str(error))
    return FoundSecret(name, stored.path, stored.version)


def _for_launch(session: Session, record: StageRecord, found: FoundSecret) -> FoundSecret:
    """A broker string, compared with the one in use: ports and the way of authenticating are a launch's."""
    known = record.secret_versions
    if found.name != BROKER_STRING or found.problem or known.get(found.path) == found.version:
        return found
    try:
        before = session.with_versions(known).brokers
    except SecretError:
        # The version before is gone: there is nothing to compare with, and the try will show.
        return found
    return replace(found, launch=only_by_launch(session.environment.auth, before, session.brokers))


def _refusal(stage: Stage, refused: RefusedCredentials, rotation: Rotation) -> Callable[[str, str], str]:
    def reason(path: str, version: str) -> str:
        login = refused.refusal_of({path: version})
        if login is not None:
            why = f"its login was refused (class {login.error_class})"
        elif rotation.knows((path, version)):
            why = "a rotation to it has failed"
        else:
            return ""
        return f"{why}, so it is not tried again; {rotate_again(stage)}"

    return reason
