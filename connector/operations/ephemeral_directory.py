"""Create, list and remove the directories of ephemeral stages below `config/ephemeral/`.

A directory holds `config.yaml` (owner and expiry, written once) and relative links to the stack files in
`config/default/`, nothing else. Any other file belongs to somebody else and is not touched.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.sceptre.settings import OWNER_RULE, is_owner

GROUP = "ephemeral"
_CONFIG = "config.yaml"
_DEFAULT = "default"

_TEXT = """\
# Made by `wms-connector ephemeral create`. The owner and the expiry date of this stage become stack tags.
# To change them, edit this file and launch again. Add other settings of ../../config.yaml below.
owner: "{owner}"
expires: "{expires}"
"""

_WRITTEN = re.compile(r"^(?:owner|expires)\s*:", re.MULTILINE)


@dataclass(frozen=True)
class Created:
    """What `create` did. `made` has the paths that are new or completed; it may be empty."""

    stage: str
    owner: str
    expires: str
    made: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Project:
    """A checkout, as far as its `config/` goes."""

    root: Path

    @classmethod
    def find(cls, given: Path | None, fallback: Path) -> "Project":
        """The project given, else the current directory if it is one, else `fallback`."""
        found = given or (Path.cwd() if (Path.cwd() / "config" / _CONFIG).is_file() else fallback)
        if not (found / "config" / _DEFAULT / _CONFIG).is_file():
            raise OperatorError(
                f"{found} is not a checkout: it has no config/{_DEFAULT}/{_CONFIG}; "
                "run this in the checkout, or give --dir"
            )
        return cls(found)

    @property
    def group(self) -> Path:
        """The directory of all ephemeral stages."""
        return self.root / "config" / GROUP

    @property
    def components(self) -> tuple[str, ...]:
        """File names of the stack files that a stage links to."""
        found = (self.root / "config" / _DEFAULT).glob("*.yaml")
        return tuple(sorted(path.name for path in found if path.name != _CONFIG))

    def create(self, stage: Stage, owner: str, expires: date) -> Created:
        """Make what `sceptre launch ephemeral/<stage>` needs, or complete what is there.

        Owner and expiry of a directory that says them already stay. Raises `OperatorError` for a named
        stage, for an owner that cannot be a tag, and for anything in the way that was not made here.
        """
        _refuse_named(stage, "created")
        if not is_owner(owner):
            raise OperatorError(f"owner {owner!r} cannot be used as a tag; allowed: {OWNER_RULE}")
        directory = self._directory(stage)
        self._refuse_foreign(directory, "the stage was not changed")
        made = [*self._inherit(), *self._write_config(directory, owner, expires), *self._link(directory)]
        old = self.written(stage.name)
        shown = tuple(path.relative_to(self.root).as_posix() for path in made)
        return Created(stage.name, old.get("owner", ""), old.get("expires", ""), shown)

    def remove(self, stage: Stage) -> bool:
        """Remove the stage's directory; False when there is none.

        Raises `OperatorError` for a named stage and for a directory that holds anything that `create` does
        not make. Links are removed, never followed.
        """
        if not self.removable(stage):
            return False
        directory = self._directory(stage)
        # The owner goes last: a run that is cut off leaves a directory that says the owner.
        for path in sorted(directory.iterdir(), key=lambda found: found.name == _CONFIG):
            path.unlink()
        directory.rmdir()
        return True

    def removable(self, stage: Stage) -> bool:
        """Whether there is a directory to remove; raises what `remove` raises."""
        _refuse_named(stage, "removed")
        directory = self._directory(stage)
        if not os.path.lexists(directory):
            return False
        self._refuse_foreign(directory, "nothing was removed")
        return True

    def written(self, stage: str) -> Mapping[str, str]:
        """What a stage's config.yaml says, values as text; nothing when there is none or it is no YAML."""
        try:
            found = yaml.safe_load((self.group / stage / _CONFIG).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def stages(self) -> tuple[str, ...]:
        """Names of the directories there are, also of those that no stage may have."""
        if not self.group.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.group.iterdir() if path.is_dir()))

    def _directory(self, stage: Stage) -> Path:
        directory = self.group / stage.name
        _refuse_link(self.group)
        if os.path.lexists(self.group) and not self.group.is_dir():
            raise OperatorError(f"{self.group} is not a directory; move it away by hand")
        _refuse_link(directory)
        if os.path.lexists(directory):
            listed = [path.name for path in self.group.iterdir()]
            # Only a file system that ignores case finds what is not listed.
            if stage.name not in listed:
                twin = next((name for name in listed if name.lower() == stage.name.lower()), "another")
                raise OperatorError(
                    f"config/{GROUP}/{twin} differs from {stage.name!r} only in case, and this file system "
                    "ignores case; choose another name, or use a case-sensitive file system"
                )
        return directory

    def _refuse_foreign(self, directory: Path, outcome: str) -> None:
        if not os.path.lexists(directory):
            return
        place = directory.relative_to(self.root)
        if not directory.is_dir():
            raise OperatorError(f"{place} is not a directory; {outcome}. Remove it by hand")
        for path in sorted(directory.iterdir()):
            if not (_is_config(path) or _is_ours(path)):
                raise OperatorError(
                    f"{place / path.name} was not made by `ephemeral create`; {outcome}. Check it, then "
                    "remove it by hand"
                )

    def _inherit(self) -> list[Path]:
        """An ephemeral stage has the settings of config/default, by a link beside the stages."""
        link = self.group / _CONFIG
        if os.path.lexists(link):
            return []
        self.group.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            link.symlink_to(f"../{_DEFAULT}/{_CONFIG}")
        return [link]

    def _write_config(self, directory: Path, owner: str, expires: date) -> list[Path]:
        path = directory / _CONFIG
        # One that says neither was cut off, or made by hand: what it says is kept.
        kept = path.read_text(encoding="utf-8") if path.is_file() else ""
        if _WRITTEN.search(kept):
            return []
        directory.mkdir(exist_ok=True)
        path.write_text(_TEXT.format(owner=owner, expires=expires.isoformat()) + kept, encoding="utf-8")
        return [path]

    def _link(self, directory: Path) -> list[Path]:
        wanted = self.components
        changed = []
        for path in directory.iterdir():
            # A stack that default no longer has: the dangling link would break every command.
            if path.is_symlink() and path.name not in wanted:
                path.unlink()
                changed.append(path)
        for name in wanted:
            with suppress(FileExistsError):
                (directory / name).symlink_to(f"../../{_DEFAULT}/{name}")
                changed.append(directory / name)
        return changed


def _refuse_named(stage: Stage, what: str) -> None:
    if not stage.ephemeral:
        raise OperatorError(
            f"stage {stage.name!r} is a named stage: its directory is config/{stage.name} "
            f"and is not {what} here"
        )


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise OperatorError(f"{path} is a symbolic link, which is not followed; remove it by hand")


def _is_config(path: Path) -> bool:
    return path.name == _CONFIG and path.is_file() and not path.is_symlink()


def _is_ours(path: Path) -> bool:
    if not path.is_symlink() or not path.name.endswith(".yaml") or path.name == _CONFIG:
        return False
    return path.readlink() == Path("..", "..", _DEFAULT, path.name)
