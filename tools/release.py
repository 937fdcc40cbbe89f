"""Prepare a release from the commits since the last one, which are plain sentences.

A sentence does not say whether it breaks something, so a person names the kind of release: patch, minor or
major. The rest is derived: the version from the last tag, the changelog from the subjects of the commits.

    python3 -m tools.release prepare minor    # rewrite the files that hold the version; print the version
    python3 -m tools.release unpublished      # print the version that is ready and has no tag yet, if any
    python3 -m tools.release notes 0.2.0      # print the changelog's section of a version
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

PROJECT = "wms-connector"
KINDS = ("major", "minor", "patch")
#: The subject of the commit that this program prepares; the next changelog leaves it out.
SUBJECT = "Release {version}"

#: No sentence about a change: the commit of a release, and commits that were meant to be squashed.
_NOT_A_CHANGE = re.compile(r"Release \d+\.\d+\.\d+( \(#\d+\))?$|WIP\b|fixup!|squash!")
_TITLE = "# Changes\n\nOne section for each release, one line for each commit; the newest is first.\n"


class ReleaseError(Exception):
    """A release cannot be made; the message says why."""


@dataclass(frozen=True, order=True)
class ReleaseVersion:
    """Three numbers, as semantic versioning has them."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`1.2.3` or the tag `v1.2.3`."""
        found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text)
        if found is None:
            raise ReleaseError(f"{text!r} is not a version of three numbers")
        return cls(*(int(number) for number in found.groups()))

    def raised(self, kind: str) -> "ReleaseVersion":
        """The next version of a kind."""
        if kind == "major":
            return ReleaseVersion(self.major + 1, 0, 0)
        if kind == "minor":
            return ReleaseVersion(self.major, self.minor + 1, 0)
        return ReleaseVersion(self.major, self.minor, self.patch + 1)

    @property
    def tag(self) -> str:
        """The tag of this version."""
        return f"v{self}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def tagged(root: Path) -> list[ReleaseVersion]:
    """The versions that have a tag in the history of HEAD, the oldest first."""
    tags = _git(root, "tag", "--merged", "HEAD", "--list", "v*")
    return sorted(ReleaseVersion.parse(tag) for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+", tag))


def subjects(root: Path, since: ReleaseVersion | None) -> list[str]:
    """What was done since a version, the newest first. A merge only repeats what its commits say."""
    if _git(root, "rev-parse", "--is-shallow-repository") == ["true"]:
        raise ReleaseError("the clone is shallow, so its history says nothing about the last release")
    span = "HEAD" if since is None else f"{since.tag}..HEAD"
    found = _git(root, "log", "--no-merges", "--format=%s", span)
    return [subject for subject in found if subject and not _NOT_A_CHANGE.match(subject)]


def next_version(root: Path, kind: str) -> ReleaseVersion:
    """The version to release. The first release is the version that pyproject.toml has already."""
    if kind not in KINDS:
        raise ReleaseError(f"{kind!r} is no kind of release; choose from {', '.join(KINDS)}")
    released = tagged(root)
    return released[-1].raised(kind) if released else current(root)


def current(root: Path) -> ReleaseVersion:
    """The version in pyproject.toml."""
    found = re.search(r'^version = "([^"]+)"$', _read(root / "pyproject.toml"), re.MULTILINE)
    if found is None:
        raise ReleaseError("pyproject.toml has no version")
    return ReleaseVersion.parse(found[1])


def prepare(root: Path, kind: str, today: date) -> ReleaseVersion:
    """Write the next version wherever it stands, and its section into the changelog."""
    released = tagged(root)
    done = subjects(root, released[-1] if released else None)
    if not done:
        raise ReleaseError(f"nothing was committed since {released[-1].tag}" if released else "no commit yet")
    version = next_version(root, kind)
    _replace(root / "pyproject.toml", r'^(version = )"[^"]+"$', version)
    _replace(root / "uv.lock", rf'^(name = "{PROJECT}"\nversion = )"[^"]+"$', version)
    _write_inventory(root / "code.json", version, today)
    _write_changelog(root / "CHANGELOG.md", version, today, done)
    return version


def unpublished(root: Path) -> ReleaseVersion | None:
    """The version of pyproject.toml, if the changelog describes it and it has no tag yet."""
    version = current(root)
    if version in tagged(root) or _section(_changelog(root), version) is None:
        return None
    return version


def notes(root: Path, version: ReleaseVersion) -> str:
    """The changelog's section of a version, without its heading."""
    found = _section(_changelog(root), version)
    if found is None:
        raise ReleaseError(f"CHANGELOG.md has no section for {version}")
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _replace(path: Path, pattern: str, version: ReleaseVersion) -> None:
    text, count = re.subn(pattern, rf'\g<1>"{version}"', _read(path), flags=re.MULTILINE)
    if count != 1:
        raise ReleaseError(f"{path.name} holds the version of {PROJECT} {count} times instead of once")
    path.write_text(text, encoding="utf-8")


def _write_inventory(path: Path, version: ReleaseVersion, today: date) -> None:
    inventory = json.loads(_read(path))
    (release,) = inventory["releases"]
    release["version"] = str(version)
    release["date"] |= {"lastModified": today.isoformat(), "metadataLastUpdated": today.isoformat()}
    path.write_text(json.dumps(inventory, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _changelog(root: Path) -> str:
    path = root / "CHANGELOG.md"
    return _read(path) if path.exists() else _TITLE


def _write_changelog(path: Path, version: ReleaseVersion, today: date, done: Sequence[str]) -> None:
    text = _changelog(path.parent)
    if _section(text, version) is not None:
        raise ReleaseError(f"CHANGELOG.md has a section for {version} already")
    lines = "".join(f"- {_plain(subject)}\n" for subject in done)
    head, mark, rest = text.partition("\n## ")
    section = f"\n## {version} ({today.isoformat()})\n\n{lines}"
    path.write_text(head + section + mark + rest, encoding="utf-8")


def _plain(subject: str) -> str:
    """A subject as Markdown shows it, letter by letter; an `@name` notifies nobody."""
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", subject).replace("@", "&#64;")


def _section(text: str, version: ReleaseVersion) -> str | None:
    heading = rf"^## {re.escape(str(version))} \([^)]*\)\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found else None


def _version(text: str) -> ReleaseVersion:
    """A version as argparse asks for it: only its own error makes it print one line."""
    try:
        return ReleaseVersion.parse(text)
    except ReleaseError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main(arguments: Sequence[str] | None = None, root: Path | None = None) -> int:
    """Run one subcommand in `root`, by default the working directory. Exit status 2: it is refused."""
    parser = argparse.ArgumentParser(prog="tools.release")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare").add_argument("kind", choices=KINDS)
    commands.add_parser("unpublished")
    commands.add_parser("notes").add_argument("version", type=_version)
    given = parser.parse_args(arguments)
    root = root or Path.cwd()
    try:
        if given.command == "prepare":
            answer = str(prepare(root, given.kind, datetime.now(UTC).date()))
        elif given.command == "unpublished":
            answer = str(unpublished(root) or "")
        else:
            answer = notes(root, given.version).rstrip("\n")
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(answer + "\n" if answer else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
