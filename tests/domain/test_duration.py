"""Durations as operators write them."""

import pytest

from connector.domain.duration import seconds
from connector.domain.errors import OperatorError


@pytest.mark.parametrize(
    ("text", "found"), [("30m", 1800), ("2h", 7200), ("1d12h", 129_600), ("90d", 7_776_000), ("1h1h", 7200)]
)
def test_a_duration_has_minutes_hours_and_days(text: str, found: int):
    assert seconds(text, "--for") == found


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-1h", "0m", "91d", "2s", "2h ", "\u0662h"])
def test_anything_else_is_refused_with_what_is_allowed(text: str):
    with pytest.raises(OperatorError, match="--for .* is no duration: write it as 30m, 2h or 1d12h"):
        seconds(text, "--for")
