"""The sum of docs/sizing.md: how many stages one database can bear."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs import growth, redo_readers
from tests.docs.redo_readers import EXAMPLE, SESSIONS_OF_A_STAGE, readers


def test_the_example_is_the_sum_that_the_page_shows():
    assert {reader.what: reader.stages for reader in readers(EXAMPLE)} == {
        "cores": 10,  # 2 cores, of which each takes 2 MB/s x 0.1 core-seconds
        "server processes": 75,  # 600 - 450, of which each takes 2
        "reads of redo, MB/s": 50,
    }
    assert readers(EXAMPLE)[0].what == "cores"
    assert EXAMPLE.sessions == 922
    assert EXAMPLE.keeps_up


def test_no_number_of_stages_helps_a_session_that_needs_more_than_a_core():
    assert not replace(EXAMPLE, redo_mb_per_second=10.0).keeps_up


@given(st.integers(1, 2000), st.integers(0, 1999), st.floats(0.1, 50), st.floats(0.01, 2))
def test_one_stage_more_would_exceed_what_is_free(processes: int, used: int, redo: float, per_mb: float):
    database = replace(
        EXAMPLE,
        processes=processes,
        processes_used=min(used, processes),
        redo_mb_per_second=redo,
        core_seconds_per_mb=per_mb,
    )
    for reader in readers(database):
        slack = reader.takes * 1e-6
        assert reader.stages * reader.takes <= reader.free + slack
        assert (reader.stages + 1) * reader.takes > reader.free - slack


@pytest.mark.parametrize(
    ("quotas", "words"),
    [
        (
            [("vCPU", 6), ("MSK", 25)],
            ("AWS ends it first: vCPU, at 6 stages", "at 10 (cores), before MSK (25"),
        ),
        ([("vCPU", 11)], ("The database of the example ends it first: cores, at 10", "then vCPU, at 11")),
        ([("vCPU", 10)], ("AWS ends it first: vCPU, at 10 stages", "before nothing")),
    ],
)
def test_one_line_says_which_ends_first(quotas: list[tuple[str, int]], words: tuple[str, ...]):
    line = redo_readers.first_limit(quotas)
    assert "\n" not in line
    assert [each for each in words if each not in line] == []


def test_the_quotas_of_the_line_are_those_of_the_table():
    assert [f"**{stages}**" for _, stages in growth.fits()] == [row[3] for row in growth.limits()]
    assert SESSIONS_OF_A_STAGE > 0
