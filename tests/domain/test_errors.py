import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import (
    DeadlineExceeded,
    OperatorError,
    RefusedStage,
    SecretError,
    ServerError,
    WmsError,
)


@given(st.text(st.characters()))
def test_every_message_is_one_printable_line(text: str) -> None:
    message = str(WmsError(text))
    assert message.isprintable()
    assert "\n" not in message
    message.encode()


def test_a_message_that_is_one_line_already_is_not_changed() -> None:
    assert str(WmsError("stage 'ü' → no")) == "stage 'ü' → no"
    assert str(WmsError("a\n  b\tc\x1b[31m")) == r"a b c\x1b[31m"


@pytest.mark.parametrize(
    ("kind", "status"),
    [(OperatorError, 2), (RefusedStage, 2), (SecretError, 2), (ServerError, 1), (DeadlineExceeded, 1)],
)
def test_the_exit_status_reports_who_must_act(kind: type[WmsError], status: int) -> None:
    assert kind("x").exit_status == status


def test_a_server_error_says_whether_to_try_again() -> None:
    error = ServerError("busy", status=409, retriable=True)
    assert (str(error), error.status, error.retriable) == ("busy", 409, True)
    assert not ServerError("no").retriable
