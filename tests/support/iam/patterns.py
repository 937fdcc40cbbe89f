"""Wildcards in actions, resources and values of IAM policies."""

import re
from dataclasses import dataclass
from functools import cache

#: The parts of an ARN: arn, partition, service, region, account, and all the rest.
ARN_PARTS = 6


class UnsupportedPolicy(Exception):
    """A policy has something that is not evaluated here, or that IAM would refuse."""


@dataclass(frozen=True)
class Literal:
    """A value that came out of a policy variable: its wildcards stand for themselves."""

    text: str


#: A pattern: texts with wildcards, and literals in between.
Pattern = tuple[str | Literal, ...]


def as_list(value: object) -> list[str]:
    """An element that is one text or several; anything else is refused."""
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str) for item in values):
        raise UnsupportedPolicy(f"{value!r} is not a text or a list of texts")
    return list(values)


def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action element covers an action; neither part has regard to case."""
    if pattern == "*":
        return True
    if ":" not in pattern:
        raise UnsupportedPolicy(f"Action {pattern!r}: expected <service>:<Action>, or *")
    # "You can use wildcards in the action name", not in the service's: AWS refuses those when it is stored.
    if set(pattern.partition(":")[0]) & set("*?"):
        raise UnsupportedPolicy(f"Action {pattern!r} has a wildcard in the service")
    return matches((pattern.lower(),), action.lower())


def resource_matches(pattern: Pattern, resource: str) -> bool:
    """Whether a Resource element covers a resource. A call without a resource (`*`) is covered by `*` alone.

    A wildcard stands for anything within its segment of the ARN, and "if the * wildcard is the last character
    of a resource ARN segment, it can expand to match beyond the colon boundaries".
    """
    if pattern == ("*",):
        return True
    regex = _arn_regex(pattern)
    return resource != "*" and regex.fullmatch(resource) is not None


@cache
def _arn_regex(pattern: Pattern) -> re.Pattern[str]:
    parts = split(pattern)
    whole = len(parts) == ARN_PARTS or _ends_open(parts[-1])
    if parts[0] != ("arn",) or not whole:
        raise UnsupportedPolicy(f"Resource {pattern!r} is neither an ARN of six parts nor '*'")
    texts = (
        _regex_text(part, any_character="." if number == ARN_PARTS - 1 else "[^:]")
        for number, part in enumerate(parts)
    )
    return re.compile(":".join(texts), re.DOTALL)


def split(pattern: Pattern) -> list[Pattern]:
    """The pattern's parts at its first five colons."""
    parts: list[list[str | Literal]] = [[]]
    for piece in pattern:
        text = piece.text if isinstance(piece, Literal) else piece
        rest = text.split(":", max(0, ARN_PARTS - len(parts)))
        for number, part in enumerate(rest):
            if number:
                parts.append([])
            if part:
                parts[-1].append(Literal(part) if isinstance(piece, Literal) else part)
    return [tuple(part) for part in parts]


def matches(pattern: Pattern, text: str) -> bool:
    """Whether a pattern with `*` (any characters) and `?` (one) covers the whole text; case counts."""
    return _regex(pattern).fullmatch(text) is not None


@cache
def _regex(pattern: Pattern) -> re.Pattern[str]:
    return re.compile(_regex_text(pattern, any_character="."), re.DOTALL)


def _regex_text(pattern: Pattern, *, any_character: str) -> str:
    """The pattern as a regular expression; its last `*` stands for any characters at all."""
    signs = {"*": f"{any_character}*", "?": any_character}
    texts = [
        re.escape(piece.text)
        if isinstance(piece, Literal)
        else "".join(signs.get(character, re.escape(character)) for character in piece)
        for piece in pattern
    ]
    if _ends_open(pattern):
        texts[-1] = texts[-1].removesuffix(signs["*"]) + ".*"
    return "".join(texts)


def _ends_open(pattern: Pattern) -> bool:
    return bool(pattern) and isinstance(pattern[-1], str) and pattern[-1].endswith("*")
