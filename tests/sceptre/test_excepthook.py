"""What Sceptre would tell in a traceback, and what is left to it."""

import sys

import pytest

from connector.sceptre import excepthook
from connector.sceptre.excepthook import explain


def raised(error: Exception) -> Exception:
    """`error` with a traceback of ours."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_endpoint_that_is_no_url_is_explained():
    words = explain(ValueError("Invalid endpoint: foo\nbar"))
    assert words is not None
    assert words.startswith("the AWS endpoint 'foo\\nbar' is no URL; set AWS_ENDPOINT_URL to one like")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("not an Invalid endpoint: foo"),
        UnicodeError("Invalid endpoint: foo"),
        AttributeError("'str' object has no attribute 'update'"),
        KeyError("child_config"),
    ],
)
def test_a_mistake_of_ours_is_not_explained_away(error: Exception):
    assert explain(raised(error)) is None


def test_what_is_explained_is_printed_in_one_line_and_the_rest_is_left_to_the_hook_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    left: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: left.append(error))
    excepthook.install()
    excepthook.install()
    ours = KeyError("x")
    for error in (ValueError("Invalid endpoint: foo"), ours):
        sys.excepthook(type(error), error, None)
    assert capsys.readouterr().err.startswith("error: the AWS endpoint 'foo' is no URL")
    assert left == [ours]
