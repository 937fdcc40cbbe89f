"""What a secret of the predecessor is like, told without any of its values, and what must change in it. Pure.

The predecessor keeps the same secrets under the same names below `mmdl/`.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import SecretError
from connector.domain.secrets import secrets
from connector.domain.secrets.database import DATABASE_KEYS
from connector.domain.secrets.secrets import StoredSecret, json_object
from connector.domain.secrets.shapes import check_shape

#: The first part of the paths of the predecessor's secrets.
PREDECESSOR_PREFIX = "mmdl"

#: The keys that may be named in a report; another one is only counted, since it may be anything.
_KEYS: Mapping[str, tuple[str, ...]] = {
    secrets.VPC: ("id", "dataSubnets", "privateSubnets", "publicSubnets"),
    secrets.DB_INFO: DATABASE_KEYS,
    secrets.ALERT_EMAILS: ("emails",),
    secrets.ALB_TLS: ("certificateArn", "certificateAuthorityArn", "certificateAuthorityPem"),
    secrets.KAFKA_CREDENTIALS: ("username", "password"),
}

#: What `db` means is in docs/secrets.md here; in the predecessor, in how it builds its JDBC URL.
_SID = (
    "the predecessor takes 'db' for a SID, this tool for a service name: give the copy the key 'sid' "
    "instead, unless the DBA says that the listener has a service of that name"
)

#: Shorter texts of a secret are hidden only where a message quotes them: they are parts of ordinary words.
_SHORTEST_VALUE = 3


@dataclass(frozen=True)
class SecretShape:
    """One secret of the predecessor: what is there, never what it says."""

    name: str
    #: Where it was found; empty if it does not exist.
    path: str
    #: `text`, `JSON object` or empty.
    kind: str = ""
    keys: tuple[str, ...] = ()
    #: How many more keys it has, whose names are not repeated.
    more_keys: int = 0
    #: Why this tool would refuse it; empty if it would not.
    problem: str = ""
    #: What to change in a copy, beside the problem.
    conversions: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the copy may be the same."""
        return bool(self.path) and not self.problem and not self.conversions

    def describe(self) -> str:
        """What is there, as a text."""
        if not self.path:
            return self.problem or "not there"
        more = f" and {self.more_keys} more" if self.more_keys else ""
        return f"{self.kind} with {', '.join(self.keys) or 'no known key'}{more}" if self.keys else self.kind


def describe_secret(name: str, stored: StoredSecret) -> SecretShape:
    """The shape of one secret; nothing in it repeats a value."""
    try:
        check_shape(name, stored)
        problem = ""
    except SecretError as error:
        problem = _without_values(str(error), stored)
    if name not in _KEYS:
        return SecretShape(name, stored.path, "text", problem=problem)
    try:
        fields = json_object(stored.path, stored.text)
    except SecretError:
        return SecretShape(name, stored.path, "text", problem=problem)
    known = tuple(key for key in _KEYS[name] if key in fields)
    conversions = tuple(_conversions(fields)) if name == secrets.DB_INFO else ()
    return SecretShape(
        name, stored.path, "JSON object", known, len(fields) - len(known), problem, conversions
    )


def _conversions(fields: Mapping[str, Any]) -> Iterator[str]:
    """Of `dbInfo`: what both read, and understand differently."""
    if fields.get("sid") is None and fields.get("db") is not None:
        yield _SID


def _without_values(message: str, stored: StoredSecret) -> str:
    """A refusal without what it quotes of the secret: people put values into wrong places."""
    place, _, rest = message.partition(stored.path)
    for value in sorted(_texts(stored), key=len, reverse=True):
        bare = (repr(value)[1:-1], value) if len(value) >= _SHORTEST_VALUE else ()
        for spelling in (repr(value), *bare):
            rest = rest.replace(spelling, "(not shown)")
    return f"{place}{stored.path}{rest}"


def _texts(stored: StoredSecret) -> set[str]:
    """Every text of a secret: all of it, and each value in its JSON, with the keys that are not known."""
    whole = stored.text.reveal()
    found = {whole, whole.strip()}
    with suppress(SecretError):
        found |= set(_leaves(json_object(stored.path, stored.text)))
    known = {key for keys in _KEYS.values() for key in keys}
    return {text for text in found if text and text not in known}


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
