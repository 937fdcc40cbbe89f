"""The plugin of the kind `jdbc`, which the image holds only if `connector/image/jdbc-plugin.env` names it."""

import re
from dataclasses import dataclass
from pathlib import Path

from connector.domain.errors import OperatorError

#: The Dockerfile's build arguments.
URL, SHA256 = "JDBC_PLUGIN_URL", "JDBC_PLUGIN_SHA256"
FILE = "jdbc-plugin.env"
LICENCE = "Confluent Community License 1.0"

_URL = re.compile(r"https://[^\s\"'$`\\]+\.zip")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class JdbcPlugin:
    """Where its zip is, and the zip's SHA-256."""

    url: str
    sha256: str

    @property
    def arguments(self) -> dict[str, str]:
        """As the Dockerfile takes them."""
        return {URL: self.url, SHA256: self.sha256}

    def describe(self) -> str:
        """For people, with the licence under which it is."""
        return f"{self.url} ({LICENCE})"


def parse(text: str, place: str) -> JdbcPlugin | None:
    """What the file's lines `NAME=value` name; None if both values are empty."""
    lines = (line.strip() for line in text.splitlines())
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    if set(given) != {URL, SHA256} or len(pairs) != len(given):
        raise OperatorError(f"{place} must name {URL} and {SHA256}, once each, and nothing else")
    if not given[URL] and not given[SHA256]:
        return None
    if not _URL.fullmatch(given[URL]):
        raise OperatorError(f"{place}: {URL} {given[URL]!r} is not the https address of a zip")
    if not _SHA256.fullmatch(given[SHA256]):
        raise OperatorError(
            f"{place}: {SHA256} {given[SHA256]!r} is not a SHA-256 of 64 hex digits; compute it from the zip"
        )
    return JdbcPlugin(given[URL], given[SHA256])


def read(image: Path) -> JdbcPlugin | None:
    """The plugin that the image's sources name; None if none, as in a checkout without the file."""
    file = image / FILE
    if not file.exists():
        return None
    try:
        return parse(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from None
