"""A confidential text that cannot be printed by accident."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Redacted:
    """Holds a confidential text; `repr`, `str` and formatting show only that there is one.

    The value is taken out with `reveal()`, which is easy to search for in a review.
    """

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The confidential text itself: for the client that needs it, never for a message."""
        return self._value

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __repr__(self) -> str:
        return "Redacted('***')"

    def __bool__(self) -> bool:
        return bool(self._value)


def redact(text: str, *confidential: Redacted) -> str:
    """`text` with every confidential value in it replaced by `***`, longest value first."""
    for value in sorted((c.reveal() for c in confidential if c), key=len, reverse=True):
        text = text.replace(value, "***")
    return text
