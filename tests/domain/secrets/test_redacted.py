import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secrets.redacted import Redacted

SECRET = "hunter2-Ω-secret"


@dataclasses.dataclass(frozen=True)
class Owner:
    name: str
    password: Redacted


def ways_of_printing(value: Redacted) -> list[str]:
    owner = Owner("x", value)
    return [
        str(value),
        repr(value),
        f"{value} {value!r} {value!s} {value!a} {value:>30}",
        "%s %r" % (value, value),  # noqa: UP031 - one of the ways
        "{}".format(value),  # noqa: UP032 - another
        repr(owner),
        repr([value, {"k": value}]),
        pprint.pformat(owner),
        pprint.pformat(dataclasses.asdict(owner)),
        str(dataclasses.astuple(owner)),
        repr(dataclasses.replace(owner, name="y")),
        logging.LogRecord("x", logging.INFO, "f", 1, "%s and %r", (value, owner), None).getMessage(),
        json.dumps({"password": value}, default=str),
        repr(copy.deepcopy(owner)),
        repr(copy.copy(value)),
    ]


@given(st.text(min_size=12))
def test_no_way_of_printing_shows_the_value(text: str) -> None:
    for printed in ways_of_printing(Redacted(f"<{text}>")):
        assert f"<{text}>" not in printed


def test_neither_json_nor_pickle_nor_vars_take_the_value_out() -> None:
    value = Redacted(SECRET)
    with pytest.raises(TypeError):
        json.dumps(value)
    with pytest.raises(TypeError, match="cannot be serialized"):
        pickle.dumps(value)
    assert not hasattr(value, "__dict__")


def test_an_exception_with_the_value_in_it_prints_the_mask() -> None:
    def fail(password: Redacted) -> None:
        raise ValueError(password)

    try:
        fail(Redacted(SECRET))
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert SECRET not in shown.replace(f"SECRET = {SECRET!r}", "")


def test_the_value_is_taken_out_on_purpose_only() -> None:
    value = Redacted(SECRET)
    assert value.reveal() == SECRET
    assert value == Redacted(SECRET)
    assert value != Redacted("other")
    assert value != SECRET
    assert len({value, Redacted(SECRET)}) == 1
    assert bool(value)
    assert not Redacted("")


def test_a_confidential_value_does_not_change() -> None:
    value = Redacted(SECRET)
    with pytest.raises(AttributeError):
        value._value = "other"
    with pytest.raises(AttributeError):
        del value._value
    assert value.reveal() == SECRET
