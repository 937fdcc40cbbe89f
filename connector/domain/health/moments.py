"""Times as people read them. Pure."""

from datetime import UTC, datetime


def moment(at: float) -> str:
    """A time in seconds since 1970, to the minute."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
