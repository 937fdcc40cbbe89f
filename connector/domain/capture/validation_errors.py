"""Validation errors of a config by Connect and the plugin, in one line that names the next step. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.diagnosis.redaction import without_values
from connector.domain.health.error_classes import database_error, explain_database


@dataclass(frozen=True)
class FieldError:
    """What Connect's validation says about one field of a connector config."""

    field: str
    message: str


#: What Connect writes around the errors when it refuses a config, and Debezium in front of each.
_HEAD = re.compile(r"Connector configuration is invalid and contains the following \d+ error\(s\):\s*")
_TAIL = re.compile(r"\s*You can also find the above list of errors at the endpoint.*", re.DOTALL)
_FRONT = re.compile(r"^(?:Error while validating connector config|Unable to connect(?: \(\w+\))?): ")
_NEXT = "fix the stage's settings or secrets, then launch again"


def about_fields(errors: Sequence[FieldError], database: str) -> str:
    """The validate endpoint's errors; one about the database explains them all."""
    return _message([(f"{error.field}: ", error.message) for error in errors], database)


def hides_cause(errors: Sequence[FieldError]) -> bool:
    """Whether the plugin does not report why the database gives it no session."""
    found = [database_error(error.message) for error in errors]
    return any(error is not None and error.name == "no-session" for error in found)


def about_reply(message: str, database: str) -> str:
    """The text of a 400 to a config."""
    lines = [("", line) for line in _TAIL.sub("", _HEAD.sub("", message)).splitlines() if line.strip()]
    return _message(lines or [("", message)], database)


def _message(errors: Sequence[tuple[str, str]], database: str) -> str:
    """`errors`: what each is about, as a prefix, and its message."""
    cleaned = [(about, _FRONT.sub("", without_values(words).strip()).rstrip(".")) for about, words in errors]
    for _, text in cleaned:
        explained = explain_database(text, database)
        if explained is not None:
            return explained
    message = "; ".join(f"{about}{words}" for about, words in cleaned)
    return f"Connect refuses the config: {message}; {_NEXT}"
