"""A confidential text that cannot be printed by accident."""

from typing import NoReturn

MASK = "***"


class Redacted:
    """Holds a confidential text; `repr`, `str`, formatting and `asdict` show only that there is one.

    The value is taken out with `reveal()`, which is easy to search for in a review. Not a dataclass:
    `dataclasses.asdict` of an owner would take the text out.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The confidential text itself: for the client that needs it, never for a message."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __repr__(self) -> str:
        return f"Redacted({MASK!r})"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Redacted) else NotImplemented

    def __hash__(self) -> int:
        return hash((Redacted, self._value))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a confidential value cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a confidential value cannot be changed")

    def __copy__(self) -> "Redacted":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Redacted":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a confidential value cannot be serialized")
