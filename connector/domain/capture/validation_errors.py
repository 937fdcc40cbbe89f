"""What Connect and the plugin complain about a config, in one line that names the next step. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.health.error_classes import database_trouble, explain_database


@dataclass(frozen=True)
class FieldError:
    """What Connect's validation says about one field of a connector config."""

    field: str
    message: str


#: What Connect writes around the errors when it refuses a config, and Debezium in front of each.
_HEAD = re.compile(r"Connector configuration is invalid and contains the following \d+ error\(s\):\s*")
_TAIL = re.compile(r"\s*You can also find the above list of errors at the endpoint.*", re.DOTALL)
_FRONT = re.compile(r"^(?:Error while validating connector config|Unable to connect(?: \(\w+\))?): ")
_NEXT = "mend the stage's settings or secrets, then launch again"


def about_fields(errors: Sequence[FieldError], database: str) -> str:
    """The validate endpoint's errors; one about the database explains them all."""
    return _told([(f"{error.field}: ", error.message) for error in errors], database)


def untold(errors: Sequence[FieldError]) -> bool:
    """Whether the plugin keeps to itself why the database gives it no session."""
    troubles = [database_trouble(error.message) for error in errors]
    return any(trouble is not None and trouble.name == "untold" for trouble in troubles)


def about_reply(words: str, database: str) -> str:
    """The text of a 400 to a config."""
    lines = [("", line) for line in _TAIL.sub("", _HEAD.sub("", words)).splitlines() if line.strip()]
    return _told(lines or [("", words)], database)


def _told(complaints: Sequence[tuple[str, str]], database: str) -> str:
    """`complaints`: whom it is about, as a prefix, and the words."""
    cleaned = [(about, _FRONT.sub("", words.strip()).rstrip(".")) for about, words in complaints]
    for _, words in cleaned:
        explained = explain_database(words, database)
        if explained is not None:
            return explained
    told = "; ".join(f"{about}{words}" for about, words in cleaned)
    return f"Connect refuses the config: {told}; {_NEXT}"
