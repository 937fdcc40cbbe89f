"""What a stage is: the rule, the slug, the refusals.

A stage is always given explicitly and never normalised. Anything that is not a named stage is
ephemeral and owns a namespace on Kafka, `<stage>.`; named stages own the bare names.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from connector.domain.errors import RefusedStage
from connector.domain.stage import aws_names, topics
from connector.domain.stage.aws_names import Names
from connector.domain.stage.topics import Catalogue

NAMED_STAGES = ("main", "val", "production")

#: Words with a meaning of their own in `config/` and in secret paths.
RESERVED_STAGES = ("default", "foundation", "ephemeral")

#: The file that lies beside the directories of ephemeral stages; a file system may ignore case.
SCEPTRE_FILE = "config.yaml"

#: What `config/default` renders as: it is the pattern for stages, not a stage.
EXAMPLE_STAGE = "example"

RULE = "1 to 64 characters, each a letter a-z or A-Z, a digit, '.', '_' or '-'"

_STAGE = re.compile(r"[a-zA-Z0-9._-]{1,64}")
#: How Sceptre's paths of stages look: as a command line has them, and as a shell completes them.
_PATH = re.compile(
    r"(?:\./)?(?:config/)?(?P<ephemeral>ephemeral/)?(?P<stage>[a-zA-Z0-9._-]{1,64})(?:/|/[\w-]+\.yaml)?"
)
_LEGAL_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HASH_DIGITS = 10
_HASHED_SLUG = re.compile(rf"(?:.*-)?[0-9a-f]{{{_HASH_DIGITS}}}")


@dataclass(frozen=True)
class Stage:
    """A stage that the rule allows. Creating one with a refused name raises `RefusedStage`."""

    name: str

    def __post_init__(self) -> None:
        reason = refusal(self.name)
        if reason is not None:
            raise RefusedStage(f"stage {_shown(self.name)} is refused: {reason}")

    @classmethod
    def parse(cls, text: str) -> "Stage":
        """The stage called `text`; raises `RefusedStage` with the rule that refuses it."""
        return cls(text)

    @property
    def ephemeral(self) -> bool:
        """Whether the stage is a developer's, with a namespace of its own, to be deleted one day."""
        return self.name not in NAMED_STAGES

    @property
    def namespace(self) -> str:
        """What every topic and group of the stage starts with; empty for a named stage."""
        return f"{self.name}." if self.ephemeral else ""

    @cached_property
    def slug(self) -> str:
        """The stage in a form that is legal in every AWS name."""
        return slug(self.name)

    @property
    def names(self) -> Names:
        """The stage's AWS names."""
        return Names(self.slug)

    @property
    def topics(self) -> Catalogue:
        """The stage's topics and consumer groups."""
        return _catalogue(self.namespace, self.name)


def slug(stage: str) -> str:
    """`stage` where it is legal in every AWS name and short enough, else a short form with a hash.

    A stage that itself looks hashed is hashed too, so a plain slug never equals a hashed one; upper case
    is hashed because DNS and several AWS names ignore case.
    """
    plain = _LEGAL_SLUG.fullmatch(stage) and len(stage) <= aws_names.MAX_SLUG
    if plain and not _HASHED_SLUG.fullmatch(stage):
        return stage
    digest = hashlib.sha256(stage.encode()).hexdigest()[:_HASH_DIGITS]
    body = re.sub(r"[^a-z0-9]+", "-", stage.lower()).strip("-")
    body = body[: aws_names.MAX_SLUG - _HASH_DIGITS - 1].strip("-") or "x"
    return f"{body}-{digest}"


def refusal(text: str) -> str | None:
    """Why `text` cannot be a stage, as a phrase that names the rule; None when it can."""
    if not _STAGE.fullmatch(text):
        return _a_path(text) or f"a stage has {RULE}, and is used exactly as written"
    if text in (".", ".."):
        return "'.' and '..' are directories, not stages"
    if text in NAMED_STAGES:
        return None
    lower = text.lower()
    if lower in RESERVED_STAGES:
        return f"the words {', '.join(RESERVED_STAGES)} are reserved; choose another name"
    if lower == SCEPTRE_FILE:
        return f"{SCEPTRE_FILE} is Sceptre's own file in the stages' directory; choose another name"
    if lower in NAMED_STAGES:
        return (
            f"it differs from the named stage {lower!r} only in case; write {lower!r} or choose another name"
        )
    clash = _mistakable(text)
    if clash is not None:
        return (
            f"its namespace '{text}.' could be mistaken for the start of {clash!r} "
            "(case is ignored, and Kafka treats '.' and '_' alike), "
            "which belongs to no ephemeral stage; choose another name"
        )
    return None


def _a_path(text: str) -> str | None:
    """What to write instead of a path of Sceptre's, as a phrase; None unless it is one of a stage's.

    A path is not taken for its stage: `ephemeral/main` would be `main`.
    """
    found = _PATH.fullmatch(text)
    if found is None or refusal(found["stage"]) is not None:
        return None
    stage = found["stage"]
    if stage in NAMED_STAGES and found["ephemeral"]:
        return f"{stage!r} is a named stage: write {stage!r}, to sceptre too"
    path = stage if stage in NAMED_STAGES else f"ephemeral/{stage}"
    return f"that is a path; write {stage!r} (only sceptre takes the path {path})"


def from_group_path(path: str) -> str:
    """The stage that a Sceptre stack group path stands for: `main` -> main, `ephemeral/x` -> x.

    A path of any other form comes back as it is, so that it is refused where stages are parsed (a
    stage has no slash) and never while Sceptre reads YAML. `ephemeral/main` is such a path: it would
    deploy over `main` with the sizes of a branch.
    """
    head, _, rest = path.partition("/")
    if head == "ephemeral" and rest and rest not in NAMED_STAGES:
        return rest
    return path


def _catalogue(namespace: str, stage: str) -> Catalogue:
    """Kafka's names have the stage as written; AWS's names, and earlier Connect groups, have the slug."""
    written, slugged = (
        f"{namespace}mgmt.connect.{aws_names.PRODUCT}-{text}" for text in (stage, slug(stage))
    )
    return Catalogue(namespace, written, slugged if slugged != written else "")


def _mistakable(stage: str) -> str | None:
    """A name without namespace that starts like this stage's namespace, compared as Kafka folds names.

    Case is ignored as well: people who read a list of topics at night do not see it.
    """
    start = topics.fold(f"{stage}.").lower()
    return next((name for name in _bare_names() if topics.fold(name).lower().startswith(start)), None)


def bare_names() -> frozenset[str]:
    """Every topic and group that belongs to no namespace: the named stages' and Kafka's own."""
    return frozenset(_bare_names())


@lru_cache(maxsize=1)
def _bare_names() -> tuple[str, ...]:
    found = [
        name
        for stage in NAMED_STAGES
        for catalogue in (_catalogue("", stage),)
        for name in (*catalogue, *catalogue.groups)
    ]
    return (*found, *topics.BROKER_TOPICS)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
