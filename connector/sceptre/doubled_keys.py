"""A key that stands twice in a file below config/: YAML forbids it, but PyYAML and Sceptre take the last one.

YAML 1.2.2, 3.2.1.1: the keys of a mapping are unique.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from connector.domain.errors import OperatorError

#: What Jinja fills in: a text in place of it, and nothing in place of a line that is nothing else.
_LINE, _JINJA = re.compile(r"(?m)^[ \t]*\{\{.*\}\}[ \t]*$"), re.compile(r"\{\{.*?\}\}")
#: A key may stand in both branches of an `if`.
_BLOCK = "{%"


def refuse(project: Path, group: str) -> None:
    """Raise `OperatorError` for the first such key in the group's files and those that it inherits from."""
    own = project / "config" / group
    above = [each for each in own.parents if each.is_relative_to(project / "config")]
    for path in (path for directory in (*reversed(above), own) for path in sorted(directory.glob("*.yaml"))):
        for key, first, second in doubled(path.read_text(encoding="utf-8")):
            raise OperatorError(
                f"{path.relative_to(project)} says {key!r} twice, in lines {first} and {second}, and only "
                "the second would count; remove one of them"
            )


def doubled(text: str) -> Iterator[tuple[str, int, int]]:
    """Each key that stands twice in one mapping, with its two lines.

    Nothing for what is no YAML, and where Jinja decides what is there.
    """
    if _BLOCK in text:
        return
    try:
        root = yaml.compose(_JINJA.sub("x", _LINE.sub("", text)), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return
    yield from _in(root)


def _in(node: yaml.Node | None) -> Iterator[tuple[str, int, int]]:
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _in(each)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key.value, seen[key.value], line
                seen[key.value] = line
            yield from _in(value)
