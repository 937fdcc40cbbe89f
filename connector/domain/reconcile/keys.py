"""Keys of rows: as a comparison keeps them (JSON), as people write them, and as a condition of SQL. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Any

from connector.domain.capture.snapshot import FORBIDDEN, MOST_CHARACTERS
from connector.domain.errors import OperatorError

#: A name that Oracle reads without quotes around it.
_NAME = re.compile(r"[A-Z][A-Z0-9_$#]{0,127}")


def shown(key: str) -> str:
    """A key as people read it: the value, or `COLUMN=value` of several columns."""
    columns = json.loads(key)
    if len(columns) == 1:
        return str(next(iter(columns.values())))
    return ",".join(f"{name}={value}" for name, value in columns.items())


def conditions(keys: Sequence[str]) -> tuple[str, int]:
    """What chooses the rows with the first of these keys, in SQL, and how many of them it chooses.

    As many as a request for a snapshot takes. Raises `OperatorError` for a key that cannot be written so.
    """
    text = ""
    parts: list[str] = []
    for number, key in enumerate(keys):
        columns = json.loads(key)
        for name in columns:
            if not _NAME.fullmatch(name):
                raise OperatorError(f"the key's column {name!r} has a name that no condition is made of")
        pairs = [f"{name}={_literal(value)}" for name, value in columns.items()]
        if len(pairs) == 1:
            name, _, value = pairs[0].partition("=")
            longer = f"{name} IN ({', '.join([*parts, value])})"
            parts.append(value)
        else:
            parts.append(f"({' AND '.join(pairs)})")
            longer = " OR ".join(parts)
        if len(longer) > MOST_CHARACTERS and text:
            return text, number
        text = longer
    return text, len(keys)


def _literal(value: Any) -> str:
    """A number or a text; texts with a quote or more than a statement should have are refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    plain = isinstance(value, str) and value.isprintable() and len(value) < MOST_CHARACTERS / 2
    if plain and not any(text in value for text in (*FORBIDDEN, "'")):
        return f"'{value}'"
    raise OperatorError("a key has a value that cannot be written into a condition: read the whole table")
