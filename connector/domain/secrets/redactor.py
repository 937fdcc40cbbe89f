"""Redacts confidential values in texts of other programs: Connect, a driver, a broker, a traceback."""

import json
import re
from collections.abc import Iterable
from typing import Any

from connector.domain.secrets.brokers import Brokers
from connector.domain.secrets.database import Database
from connector.domain.secrets.redacted import Redacted

_MASK = "***"


class Redactor:
    """Knows the confidential values of one invocation, as they become known, and redacts them.

    A password is redacted everywhere. A user name or a broker's host is redacted only as a whole word: a user
    called `wms` must not blank the first part of every topic name.
    """

    def __init__(self) -> None:
        self._anywhere: set[str] = set()
        self._words: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, *values: Redacted) -> None:
        """Redact these values everywhere."""
        for value in values:
            plain = value.reveal()
            # A value with quotes or backslashes looks different inside a JSON text.
            self._anywhere |= {plain, json.dumps(plain)[1:-1]} if plain.strip() else set()
        self._pattern = None

    def add_words(self, *values: Redacted) -> None:
        """Redact these values where they are a whole word."""
        self._words |= {value.reveal() for value in values if value.reveal().strip()}
        self._pattern = None

    def add_brokers(self, brokers: Brokers) -> None:
        """Redact the broker string, each of its entries and each host."""
        self.add(brokers.text)
        self.add_words(*map(Redacted, (*brokers.bootstrap, *brokers.hosts.reveal().split(","))))

    def add_database(self, database: Database) -> None:
        """Redact the database's user and password; its address is not confidential."""
        self.add(database.password)
        self.add_words(database.user)

    def redact(self, text: str) -> str:
        """`text` with every known confidential value replaced by `***`."""
        if self._pattern is None:
            self._pattern = _pattern(self._anywhere, self._words)
        return self._pattern.sub(_MASK, text)

    def redact_values(self, value: Any) -> Any:
        """A JSON-like value with every text in it redacted, keys included."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {self.redact(str(key)): self.redact_values(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_values(item) for item in value]
        return value


def _pattern(anywhere: Iterable[str], words: Iterable[str]) -> re.Pattern[str]:
    """Longest first, so that a value inside another one never leaves the rest of that one visible."""
    parts = [
        *((len(text), re.escape(text)) for text in anywhere),
        # A full stop ends a sentence as well as it joins two parts of a name.
        *((len(text), rf"(?<![\w.-]){re.escape(text)}(?![\w-]|\.\w)") for text in words),
    ]
    ordered = [part for _, part in sorted(parts, key=lambda part: (-part[0], part[1]))]
    return re.compile("|".join(ordered) or r"(?!)")
