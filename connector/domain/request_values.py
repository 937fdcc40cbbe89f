"""Values of a request to the admin function, each checked before anything is done with it.

Each raises `OperatorError` for what the request may not have.
"""

from connector.domain.errors import OperatorError

#: An event of a worker's log: its time in milliseconds since 1970, and its text.
LogEvent = tuple[int, str]
#: How long an operator's reason may be, in characters.
WHY_LENGTH = 200


def since(value: object) -> float:
    """A time in seconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11:
        return float(value)
    raise OperatorError(f"the request's since {value!r} is no time in seconds since 1970")


def why(value: object) -> str:
    """An operator's reason, which mails and `status` show."""
    if isinstance(value, str) and len(value) <= WHY_LENGTH and (value.isprintable() or not value):
        return value
    raise OperatorError(f"the reason (why) is no line of at most {WHY_LENGTH} characters")


def remind_seconds(value: object) -> int:
    """After how many seconds people are reminded; 0: as the stage has it."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise OperatorError(f"the request's remind_seconds {value!r} is not a whole number from 0")


def log_events(content: object) -> tuple[LogEvent, ...] | None:
    """Events as a request carries them; an error does not show them, since they may hold a row's values."""
    if content is None:
        return None
    if not isinstance(content, list):
        raise OperatorError("the request's log is not a list of events")
    try:
        return tuple((int(at), str(message)) for at, message in content)
    except (TypeError, ValueError):
        raise OperatorError("the request's log has an event that is not a time and a message") from None
