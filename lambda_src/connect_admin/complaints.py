"""What Connect and the plugin complain about a config, in one line that names the next step. Pure."""

import re
from collections.abc import Sequence

from connector.domain.causes import explain_database, root_cause
from lambda_src.connect_rest import FieldError

#: What Connect writes around the errors when it refuses a config.
_HEAD = re.compile(r"Connector configuration is invalid and contains the following \d+ error\(s\):\s*")
_TAIL = re.compile(r"\s*You can also find the above list of errors at the endpoint.*", re.DOTALL)
_NEXT = "mend the stage's settings or secrets, then launch again"


def about_fields(errors: Sequence[FieldError], database: str) -> str:
    """The validate endpoint's errors; one about the database explains them all."""
    for error in errors:
        told = explain_database(error.message, database)
        if told is not None:
            return told
    told = "; ".join(f"{error.field}: {error.message.rstrip('.')}" for error in errors)
    return f"Connect refuses the config: {told}; {_NEXT}"


def about_reply(words: str, database: str) -> str:
    """The text of a 400 to a config."""
    told = explain_database(words, database)
    if told is not None:
        return told
    inner = _TAIL.sub("", _HEAD.sub("", words)).strip()
    lines = [line.strip().rstrip(".") for line in inner.splitlines() if line.strip()]
    return f"Connect refuses the config: {'; '.join(lines) or root_cause(words)}; {_NEXT}"
