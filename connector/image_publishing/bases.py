"""The two base images, pinned by digest in `connector/image/bases.env`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.domain.errors import OperatorError

#: The Dockerfile's build arguments.
NAMES = ("JRE_IMAGE", "MAVEN_IMAGE")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(
    r"(?P<repository>[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)+)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Base:
    """One base image: a repository with its registry, the tag that people read, the digest that counts."""

    name: str
    repository: str
    tag: str
    digest: str

    @property
    def by_tag(self) -> str:
        """The reference that may mean another image tomorrow."""
        return f"{self.repository}:{self.tag}" if self.tag else self.repository

    @property
    def by_digest(self) -> str:
        """The reference that is built on; without the tag, since not every tool takes both."""
        return f"{self.repository}@{self.digest}"


def is_digest(text: str) -> bool:
    """Whether `text` is a SHA-256 digest as registries write it."""
    return _DIGEST.fullmatch(text) is not None


def parse(text: str, place: str) -> tuple[Base, ...]:
    """The bases that a file of `NAME=reference` lines names; `place` is what an error calls the file."""
    lines = (line.strip() for line in text.splitlines())
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    given = {name.strip(): reference.strip() for name, _, reference in pairs}
    if tuple(sorted(given)) != NAMES or len(pairs) != len(NAMES):
        raise OperatorError(f"{place} must name {' and '.join(NAMES)}, once each, and nothing else")
    return tuple(_base(name, given[name], place) for name in NAMES)


def _base(name: str, reference: str, place: str) -> Base:
    match = _REFERENCE.fullmatch(reference)
    if match is None or not (match["tag"] or match["digest"]):
        raise OperatorError(
            f"{place}: {name} {reference!r} is not an image reference; "
            "expected <registry>/<repository>:<tag>@sha256:<digest>"
        )
    return Base(name, match["repository"], match["tag"] or "", match["digest"] or "")


def read(file: Path) -> tuple[Base, ...]:
    """The bases in `file`."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(
            f"{file} is not UTF-8 text; expected lines like {NAMES[0]}=<registry>/<repository>:<tag>"
        ) from None
    return parse(text, file.name)


def require_pinned(bases: tuple[Base, ...], place: str) -> None:
    """Raise for bases without a digest: a tag may mean another image tomorrow."""
    loose = [base.name for base in bases if not base.digest]
    if loose:
        raise OperatorError(
            f"{place} has no digest for {' and '.join(loose)}; run `wms-connector image pin`, which reads "
            "it from the registry, and commit the file"
        )


def pinned(text: str, digests: Mapping[str, str], source: str) -> str:
    """The file's text with each base's digest replaced, and the line above it that says where it is from.

    A base whose digest stays keeps its line. Other comments stay.
    """
    for name, digest in digests.items():
        entry = re.compile(rf"(?m)(?:^# {name}: .*\n)?^({name}=[^@\s]*)(?:@(\S*))?.*$")
        found = entry.search(text)
        if found is not None and found[2] != digest:
            new = f"# {name}: {source}\n{found[1]}@{digest}"
            text = text[: found.start()] + new + text[found.end() :]
    return text
