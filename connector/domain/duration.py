"""A duration as an operator writes it. Pure."""

import re

from connector.domain.errors import OperatorError

_SECONDS = {"m": 60, "h": 3600, "d": 24 * 3600}
_PART = re.compile(r"([0-9]{1,5})([mhd])")
#: The longest duration, in days.
MOST_DAYS = 90


def seconds(text: str, option: str, most_days: int = MOST_DAYS) -> int:
    """`30m`, `2h`, `1d12h` in seconds; anything else is an `OperatorError` that names `option`."""
    parts = _PART.findall(text)
    found = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != text or not 0 < found <= most_days * _SECONDS["d"]:
        raise OperatorError(
            f"{option} {text!r} is no duration: write it as 30m, 2h or 1d12h, at most {most_days}d"
        )
    return found
