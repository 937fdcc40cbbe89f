"""Mistakes in `config/` that Sceptre 4.7 answers with a traceback, told in one line.

Sceptre raises a bare ValueError for a file that is no YAML or has a tag that nobody knows, takes whatever
YAML a file holds for a mapping, and stumbles in its graph over the path `.`; all before any hook runs and
before any stack is touched. Nor does it expect what botocore raises for an endpoint that is no URL.
"""

import re
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType

import yaml
from sceptre.helpers import logging_level

from connector.domain.errors import bad_endpoint, one_line
from connector.sceptre.settings import likely

_UNKNOWN_TAG = re.compile(r"could not determine a constructor for the tag '!(\w+)'")
_DEBUG = 10
#: Where Sceptre reads config/.
_READER = "sceptre.config.reader"
#: How much of a wrong value is shown.
_SHOWN = 60

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def install() -> None:
    """Put `explain` before the hook that is there; a second call changes nothing."""
    if not isinstance(sys.excepthook, _Explaining):
        sys.excepthook = _Explaining(sys.excepthook)


class _Explaining:
    def __init__(self, otherwise: Hook) -> None:
        self._otherwise = otherwise

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = None if logging_level() == _DEBUG else explain(error)
        if text is None:
            self._otherwise(kind, error, trace)
        else:
            sys.stderr.write(f"error: {text}\n")


def explain(error: BaseException, project: Path | None = None) -> str | None:
    """What `error` means, if it is one of Sceptre's that stand for an operator's mistake; else None.

    `project` is the directory that holds `config/`, by default the one that Sceptre was called for.
    """
    text = one_line(str(error))
    if type(error) is ValueError and text.startswith("Error parsing "):
        place, _, problem = text.removeprefix("Error parsing ").partition(".yaml: ")
        tag = _UNKNOWN_TAG.search(problem)
        known = f"; known: {', '.join(_tags())}{likely(f'!{tag[1]}', _tags())}" if tag else ""
        problem = problem.replace('in "<unicode string>", ', "")
        return f"{_path(f'{place}.yaml')} cannot be read: {problem}{known}; nothing was touched"
    if type(error).__name__ == "NetworkXError" and "is not in the graph" in text:
        return (
            "the path must be a stage as it is called below config/, for example main or ephemeral/<branch>"
        )
    found = _no_mapping(error, project) if isinstance(error, AttributeError) else None
    if found is not None:
        place, content = found
        shown = repr(content if len(str(content)) <= _SHOWN else f"{str(content)[:_SHOWN]}...")
        return one_line(
            f"{place} holds {shown}, which is no setting; expected lines like desired_count: 2 "
            "(a colon and a space behind the name); nothing was touched"
        )
    return bad_endpoint(error)


def _no_mapping(error: BaseException, project: Path | None) -> tuple[str, object] | None:
    """The file of `config/` that is YAML and no mapping, and what it holds.

    Sceptre's reader does not say which file it was reading, so all of them are read again.
    """
    if not _raised_in(error, _READER):
        return None
    config = (project or Path(_directory(sys.argv))) / "config"
    for path in sorted(config.rglob("*.yaml")):
        content = _content(path)
        if not isinstance(content, dict):
            return str(path), content
    return None


def _raised_in(error: BaseException, module: str) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__") == module for frame, _ in frames)


def _directory(arguments: Sequence[str]) -> str:
    """Sceptre's option `--dir`; without it, the working directory."""
    for option, value in zip(arguments, (*arguments[1:], ""), strict=True):
        if option == "--dir":
            return value
        if option.startswith("--dir="):
            return option.removeprefix("--dir=")
    return "."


def _content(path: Path) -> object:
    """What a file holds; an empty mapping where it is empty, or no YAML before Jinja has made it one."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _AnyTag)  # noqa: S506 - no tag constructs anything
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return {} if content is None else content


class _AnyTag(yaml.SafeLoader):
    """Takes every tag for nothing: hooks and resolvers are not asked."""


_AnyTag.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def _path(text: str) -> str:
    """Sceptre writes directory and file name without a slash in between."""
    splits = ((text[:at], text[at:]) for at in range(1, len(text)))
    found = (Path(directory, name) for directory, name in splits if Path(directory, name).is_file())
    return str(next(found, text))


def _tags() -> tuple[str, ...]:
    """The tags of this project, and of Sceptre's the one that config/ uses."""
    groups = (entry_points(group=f"sceptre.{kind}") for kind in ("hooks", "resolvers"))
    ours = (entry for group in groups for entry in group if entry.module.startswith(("hooks.", "resolvers.")))
    return (*sorted(f"!{entry.name}" for entry in ours), "!stack_output_external")
