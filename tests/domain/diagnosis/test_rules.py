"""Rules that hold for every text: a login is never tried again, and no text takes long."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN, class_named
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.kafka_errors import BY_EXCEPTION
from connector.domain.diagnosis.one_line import MAX_LENGTH
from connector.domain.diagnosis.oracle_codes import LOGIN_CODES, POSITIONS, WRAPPERS, by_code

LOGINS = sorted({*LOGIN_CODES, 1005, 1017, 28000, 28001})
OTHERS = [
    "java.sql.SQLException: ORA-03113: end-of-file on communication channel",
    "java.lang.OutOfMemoryError: Java heap space",
    "org.apache.kafka.common.errors.TimeoutException: Topic x not present in metadata after 60000 ms.",
    "java.net.ConnectException: Connection refused",
    "io.debezium.DebeziumException: Failed to resolve Oracle database version",
    "org.apache.kafka.common.errors.SaslAuthenticationException: [x]: Too many connects",
    "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials",
    "ORA-00604: error occurred at recursive SQL level 1\nORA-06512: at line 1",
]
PLACES = [
    "{other}\nCaused by: java.sql.SQLException: {code}: denied\n\tat a.B.c(B.java:1)",
    "java.sql.SQLException: {code}: denied\nCaused by: {other}",
    "{code}\n{other}",
    "{other} | {code}, TNS: no",
    "{other}\n\tSuppressed: java.sql.SQLException: {code}: denied",
    '{other}\nupdate "T" set "A" = \'{code}\'',
    "\tat a.B.c({code})\n{other}",
    "{other}\nhttps://docs.oracle.com/error-help/db/{code}/",
]


@pytest.mark.parametrize("number", LOGINS)
def test_a_refused_login_is_never_retried_whatever_stands_around_it(number: int) -> None:
    for code in (f"ORA-{number:05d}", f"ORA-{number}", f"ora-{number:05d}", f"TNS-{number:05d}"):
        for place in PLACES:
            for other in OTHERS:
                found = diagnose(place.format(code=code, other=other))
                assert not found.restart
                assert found.login


texts = st.text(max_size=200)


@given(texts, st.sampled_from(LOGINS), texts)
@example("x" * 40_000, 1017, "y" * 40_000)
def test_a_login_code_anywhere_in_any_text_forbids_a_restart(before: str, number: int, after: str) -> None:
    assert not diagnose(f"{before}ORA-{number:05d}{after}").restart


def test_a_password_that_will_expire_is_no_refused_login() -> None:
    assert not diagnose("ORA-28002: the password will expire within 7 days").login


def test_every_number_and_exception_has_a_class_that_exists() -> None:
    for name in {*(family.error_class for family in by_code.values()), *BY_EXCEPTION.values()}:
        assert class_named(name) in ERROR_CLASSES


codes = st.sampled_from(sorted(by_code))


@given(codes, st.lists(st.sampled_from(sorted(POSITIONS | WRAPPERS)), max_size=3), codes)
def test_a_position_or_a_wrapper_is_never_the_cause_where_there_is_another(
    code: int, around: list[int], other: int
) -> None:
    """Wherever they stand; and the innermost exception is the cause."""
    if {code, other} & (POSITIONS | WRAPPERS):
        return
    stack = "\n".join(f"ORA-{number:05d}: somewhere" for number in around)
    text = (
        f"a.b.XException: ORA-{other:05d}: outside\nCaused by: java.sql.SQLException: {stack}\n"
        f"ORA-{code:05d}: this\n{stack}"
    )
    found = diagnose(text)
    assert re.fullmatch(r"ORA-\d{5}: (?:this|outside)", found.cause)


@given(st.text())
def test_any_text_has_a_class_and_a_short_cause(text: str) -> None:
    found = diagnose(text)
    assert found.error_class in (*ERROR_CLASSES, UNKNOWN)
    assert 0 < len(found.cause) <= MAX_LENGTH
    assert len(found.cause.splitlines()) == 1


#: What the parser looks for, or once took long over.
TOKENS = (
    *(
        "[",
        "x=[",
        "x=[]",
        "]",
        "{",
        "(",
        '"',
        "'",
        "_",
        "9",
        "a.",
        "a=",
        '"a"=',
        "- ",
        "\n",
        "\t",
        " " * 8,
        " | ",
    ),
    *(
        "Caused by: ",
        "Caused by: a.b.CException: ",
        "[Caused by a.b.CException: ",
        "Suppressed: a.b.CError\n",
    ),
    *("a.b.CException", "a.b.CException: ", "a.B: ", "\tat a.b(c)\n", "... 5 more\n", "at "),
    *(
        "ORA-",
        "ORA-01017 ",
        "ORA-00604: x\n",
        "SQLSTATE ",
        "PLS-",
        "(CONNECTION_ID=",
        "https://docs.oracle.com/",
    ),
    *(
        "update ",
        'update "',
        "select ",
        "values (",
        "alter table ",
        "begin a",
        "where ",
        "DateTimeParseException: Text '",
    ),
    *(
        "2026-06-08 17:49:51 ERROR [",
        "archive destination ",
        "b-1",
        "x.kafka.",
        "security token ",
        "No name matching ",
    ),
)


def _seconds(text: str) -> float:
    """CPU time, so that other work on the machine does not count."""
    began = time.process_time()
    diagnose(text)
    return time.process_time() - began


@pytest.mark.parametrize("token", TOKENS)
def test_a_text_of_one_token_again_and_again_takes_no_time(token: str) -> None:
    """It takes 0.05 s; the parser before this one took half a minute for brackets."""
    assert _seconds((token * 16_000)[:16_000]) < 1


@pytest.mark.parametrize(
    "text", ["x=[" * 16_000 + "]" * 16_000, "value '" * 50_000, "_" * 300_000, "(CONNECTION_ID=" * 30_000]
)
def test_a_text_of_any_length_takes_as_long_as_its_head_and_tail(text: str) -> None:
    """Kind: parsing is never cubic, as in nested brackets."""
    assert _seconds(text) < 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12), st.integers(1, 400))
def test_a_mixture_takes_no_time(parts: list[str], times: int) -> None:
    assert _seconds(("".join(parts) * times)[:16_000]) < 1
