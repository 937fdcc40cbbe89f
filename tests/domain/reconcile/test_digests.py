"""What a comparison keeps of records: enough to tell rows apart, and nothing that tells a value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import ServerError
from connector.domain.reconcile.digests import (
    BUCKETS,
    Digester,
    RowState,
    bucket,
    different,
    keep_newest,
    packed,
    unpacked,
)
from tests.support.envelopes import change

SECRET = "00112233445566778899aabbccddeeff"
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ROWS = st.dictionaries(st.sampled_from("ABCDE"), VALUES, min_size=1)


def seen(digester: Digester, row: dict[str, Any] | None, **how: Any) -> Any:
    key, value = change({"ID": 1}, row, **{"scn": 5, "commit_scn": 7, **how})
    return digester.seen(key.encode(), value.encode())


@given(ROWS, ROWS)
def test_two_rows_differ_in_exactly_the_columns_whose_values_differ(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    digester = Digester(SECRET)
    # The source's records have no schema around them, those of the topic may.
    first, second = seen(digester, one, envelope=False), seen(digester, other, envelope=True)
    found = different(first.digest, second.digest, digester.columns, digester.null)
    unlike = {name for name in {*one, *other} if json.dumps(one.get(name)) != json.dumps(other.get(name))}
    assert set(found) == unlike


def test_a_value_that_debezium_left_out_is_not_judged() -> None:
    digester = Digester(SECRET)
    rows = [seen(digester, {"A": 1, "B": text}) for text in ("__debezium_unavailable_value", "x")]
    assert different(rows[0].digest, rows[1].digest, digester.columns, digester.null) == ()


@pytest.mark.parametrize("envelope", [True, False])
def test_a_record_holds_as_of_its_commit_and_a_snapshots_as_of_its_scn(envelope: bool) -> None:
    digester = Digester(SECRET)
    for _ in range(2):  # the second with the schema of the first
        assert seen(digester, {"A": 1}, envelope=envelope).scn == 7
    assert seen(digester, {"A": 1}, envelope=envelope, commit_scn=None).scn == 5
    gone = seen(digester, None, envelope=envelope)
    assert (gone.key, gone.digest) == ('{"ID":1}', None)
    assert digester.seen(b'{"ID":1}', None) is None


def test_a_record_that_is_spelt_otherwise_is_read_all_the_same() -> None:
    digester = Digester(SECRET)
    _, value = change({"ID": 1}, {"A": 1}, scn=5, commit_scn=7)
    spaced = json.dumps(json.loads(value), indent=1)
    assert digester.seen(b'{"ID": 1}', spaced.encode()) == digester.seen(b'{"ID":1}', value.encode())


def test_what_is_no_record_is_an_error_that_shows_none_of_it() -> None:
    for key, value in (
        (b"{}", b"{secret"),
        (b"{}", b'{"op": "secret"}'),
        (None, change({}, {}, scn=1)[1].encode()),
    ):
        with pytest.raises(ServerError) as raised:
            Digester(SECRET).seen(key, value)
        assert "secret" not in str(raised.value)


def test_no_value_and_nothing_that_stays_the_same_from_run_to_run_is_kept() -> None:
    row = {"NAME": "Springfield", "SSN": "078-05-1120"}
    digester = Digester(SECRET)
    content, _ = packed({"k": (1, seen(digester, row).digest)})
    assert not any(value.encode() in content for value in row.values())
    other = Digester(SECRET[::-1])
    assert seen(other, row).digest != seen(digester, row).digest


STATES = st.tuples(
    st.integers(0, 10**15),
    st.none() | st.tuples(st.integers(0, 9), st.text("0123456789abcdef?", max_size=24)),
)


@given(st.dictionaries(st.text().map(json.dumps), STATES))
def test_buckets_are_read_as_they_were_written(rows: dict[str, RowState]) -> None:
    content, index = packed(rows)
    found: dict[str, RowState] = {}
    for number in range(BUCKETS):
        for key, state in unpacked(content[index[number] : index[number + 1]]):
            assert bucket(key) == number
            found[key] = state
    assert found == rows


@given(st.permutations([1, 2, 3, 4]))
def test_the_newest_state_is_kept_whatever_partition_it_is_on(order: list[int]) -> None:
    rows: dict[str, RowState] = {}
    for scn in order:
        keep_newest(rows, "k", (scn, (scn, "")))
    assert rows == {"k": (4, (4, ""))}


def test_of_one_transaction_the_later_state_is_kept() -> None:
    rows: dict[str, RowState] = {}
    for state in ((7, (0, "aa")), (7, None)):
        keep_newest(rows, "k", state)
    assert rows == {"k": (7, None)}
