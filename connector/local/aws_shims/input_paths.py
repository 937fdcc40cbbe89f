"""EventBridge: array indices in the paths of an input transformer, as in `$.detail.containers[0].exitCode`.

EventBridge knows them; MiniStack finds nothing behind one, and a mail would lack the exit code here.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import re
from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims._ministack import module

_INDEX = re.compile(r"\[(\d+)\]")


def install() -> None:
    """Wrap MiniStack's transformer."""
    eventbridge = module("services.eventbridge")
    eventbridge._apply_input_transformer = with_indices(eventbridge._apply_input_transformer)


def with_indices(original: Any) -> Any:
    """MiniStack's transformer, which walks a path part by part, for lists whose parts have numbers."""

    def apply(transformer: Mapping[str, Any], rule: Any, view: Any) -> Any:
        paths = transformer.get("InputPathsMap") or {}
        dotted = {name: _INDEX.sub(r".\1", path) for name, path in paths.items()}
        return original({**transformer, "InputPathsMap": dotted}, rule, _View(view))

    return apply


class _View:
    """MiniStack's view of an event; only its lists differ."""

    def __init__(self, view: Any) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def event_with_detail(self) -> Any:
        return _numbered(self._view.event_with_detail())


class _Numbered(list[Any]):
    """A list that takes the text of a number as an index."""

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(int(key) if isinstance(key, str) else key)


def _numbered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(item) for key, item in value.items()}
    return _Numbered(map(_numbered, value)) if isinstance(value, list) else value
