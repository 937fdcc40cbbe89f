"""Mistakes in `config/` that Sceptre 4.7 answers with a traceback, explained in one line.

Sceptre raises a bare ValueError for a file that is not YAML or has an unknown tag. It expects a mapping in
every file and fails in its graph for the path `.`. All this happens before any hook runs and before any stack
is changed. Sceptre does not handle the error that botocore raises for an endpoint that is not a URL either.
"""

import os
import re
import sys
import traceback
from argparse import ArgumentError, ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType

import yaml
from sceptre.config import reader
from sceptre.helpers import logging_level

from connector.domain.errors import bad_endpoint, one_line
from connector.sceptre.settings import likely

_UNKNOWN_TAG = re.compile(r"could not determine a constructor for the tag '!(\w+)'")
_DEBUG = 10
#: What Sceptre's reader asks of a file's content, which it takes for a mapping.
_OF_A_MAPPING = ("get", "update")
#: How much of a wrong value is shown.
_SHOWN = 60

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def install() -> None:
    """Put `explain` before the hook that is there; a second call changes nothing.

    What Sceptre says of a path without stacks gets what to write instead, too.
    """
    from connector.sceptre import paths  # noqa: PLC0415 - it imports all of Sceptre; rendering needs `explain`

    paths.install()
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
    """What `error` means, if Sceptre raised it because of an operator's mistake; else None.

    `project` is the directory that holds `config/`; without it, the one that Sceptre's command line names.
    """
    text = one_line(str(error))
    if type(error) is ValueError and text.startswith("Error parsing "):
        place, _, problem = text.removeprefix("Error parsing ").partition(".yaml: ")
        tag = _UNKNOWN_TAG.search(problem)
        known = f"; known: {', '.join(_tags())}{likely(f'!{tag[1]}', _tags())}" if tag else ""
        problem = problem.replace('in "<unicode string>", ', "")
        return f"{_path(f'{place}.yaml')} cannot be read: {problem}{known}; nothing was changed"
    if type(error).__name__ == "NetworkXError" and "is not in the graph" in text:
        return "the path must be a stage's directory below config/, for example main or ephemeral/<branch>"
    if isinstance(error, AttributeError) and _took_for_mapping(error):
        content = error.obj
        places = _files_with(content, (project or _project(sys.argv[1:])) / "config")
        shown = repr(content if len(str(content)) <= _SHOWN else f"{str(content)[:_SHOWN]}...")
        return one_line(
            f"{' and '.join(places) or 'a file below config/'} {'hold' if len(places) > 1 else 'holds'} "
            f"{shown}, which is not a setting; expected lines like desired_count: 2 "
            "(a colon and a space after the name); nothing was changed"
        )
    return bad_endpoint(error)


def _took_for_mapping(error: AttributeError) -> bool:
    """Whether Sceptre's reader raised it, for a file's content that is YAML and no mapping."""
    steps = traceback.extract_tb(error.__traceback__)
    raised_by_reader = bool(steps) and steps[-1].filename == reader.__file__
    return raised_by_reader and error.name in _OF_A_MAPPING and not isinstance(error.obj, Mapping)


def _project(arguments: Sequence[str]) -> Path:
    """The project directory of a `sceptre` command: what `--dir` names, else the current one."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--dir", default="")
    try:
        return Path.cwd() / str(parser.parse_known_args(arguments)[0].dir)
    except ArgumentError:
        return Path.cwd()


def _files_with(content: object, config: Path) -> list[str]:
    """The files below `config` that hold this; where Jinja has made it, those that hold no mapping.

    A file with several links to it is named once.
    """
    found = sorted(
        Path(directory, name)
        for directory, _, files in os.walk(config, followlinks=True)
        for name in files
        if name.endswith(".yaml")
    )
    once = {path.resolve(): path for path in reversed(found)}.values()
    no_mapping = {path: held for path in sorted(once) if not isinstance(held := _held(path), Mapping)}
    same = [path for path, held in no_mapping.items() if type(held) is type(content) and held == content]
    return [str(path) for path in same or no_mapping]


def _held(path: Path) -> object:
    """What a file holds before Jinja has worked on it; an empty mapping where that cannot be said."""
    try:
        return yaml.safe_load(path.read_text()) or {}
    except (OSError, ValueError, yaml.YAMLError, TypeError):
        return {}


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
