"""The connector's offsets as Connect gives and takes them, and a backup of them as a file. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import OperatorError

Pair = Mapping[str, Any]
_FORM = 'expected a list of objects with "partition" and "offset", as `offsets STAGE backup` writes them'


def pairs(content: object) -> tuple[Pair, ...]:
    """Offsets as `GET /connectors/NAME/offsets` has them; anything else is an `OperatorError`."""
    if not isinstance(content, list):
        raise OperatorError(f"the offsets are no list; {_FORM}")
    for pair in content:
        known = isinstance(pair, Mapping) and set(pair) == {"partition", "offset"}
        if not known or not all(isinstance(part, Mapping) and part for part in pair.values()):
            raise OperatorError(f"the offsets cannot be read; {_FORM}")
    return tuple(content)


@dataclass(frozen=True)
class Backup:
    """The offsets of a stage's connector, and when they were read, as ISO 8601. Nothing in it is secret."""

    stage: str
    connector: str
    taken_at: str
    offsets: Sequence[Pair]

    def to_text(self) -> str:
        """As it is written to a file."""
        content = {
            "stage": self.stage,
            "connector": self.connector,
            "taken_at": self.taken_at,
            "offsets": [dict(pair) for pair in self.offsets],
        }
        return json.dumps(content, indent=2) + "\n"

    @classmethod
    def from_text(cls, text: str) -> "Backup":
        """The inverse of `to_text`; raises `OperatorError` for anything else."""
        try:
            content = json.loads(text)
            found = cls(
                str(content["stage"]),
                str(content["connector"]),
                str(content["taken_at"]),
                pairs(content["offsets"]),
            )
        except (ValueError, LookupError, TypeError):
            raise OperatorError(f"the file is no backup of offsets; {_FORM}") from None
        if not found.offsets:
            raise OperatorError("the backup holds no offset; `offsets STAGE reset` deletes them")
        return found
