"""Filter patterns of the local CloudWatch Logs, by the examples of AWS's own page."""

import pytest

from connector.local.aws_shims.log_filters import matcher

BAD = "[ERROR 400] BAD REQUEST"
UNAUTHORIZED = "[ERROR 401] UNAUTHORIZED REQUEST"
TIMEOUT = "[WARN 419] MISSING ARGUMENTS"


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("", (True, True, True)),
        ("ERROR", (True, True, False)),
        ("error", (False, False, False)),
        ("ERROR ARGUMENTS", (False, False, False)),
        ("ERROR REQUEST", (True, True, False)),
        ('"BAD REQUEST"', (True, False, False)),
        ('"ERROR REQUEST"', (False, False, False)),
        ("?ERROR ?WARN", (True, True, True)),
        ('?"BAD REQUEST" ?"MISSING ARGUMENTS"', (True, False, True)),
        ("?ERROR ?WARN -401", (True, False, True)),
        ("ERROR -UNAUTHORIZED", (True, False, False)),
        ("?WARN REQUEST", (True, True, False)),
        (r'"say \"hi\""', (False, False, False)),
    ],
)
def test_a_pattern_finds_what_aws_says_it_finds(pattern: str, wanted: tuple[bool, ...]) -> None:
    assert tuple(matcher(pattern)(line) for line in (BAD, UNAUTHORIZED, TIMEOUT)) == wanted


def test_quotes_in_a_phrase_are_escaped() -> None:
    assert matcher(r'"say \"hi\""')('they say "hi" there')
