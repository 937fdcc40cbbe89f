"""What shows a launch or a deletion that another command is at work."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage import stack_states
from connector.domain.stage.turns import Requests, deletion_conflict, launch_conflict
from tests.domain.stage.test_stack_states import STATES

NAMES = ("wms-alerts-x", "wms-network-x", "wms-functions-x")
ALERTS, NETWORK, _ = NAMES
DONE = "CREATE_COMPLETE"
OWN = Requests()

states = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from([s for s in STATES if s != "DELETE_COMPLETE"])
)


@given(states)
def test_a_launch_stops_exactly_where_a_stack_that_nobody_of_its_own_touches_is_in_progress(
    now: Mapping[str, str],
):
    conflict = launch_conflict(now, now, OWN)
    assert (conflict is None) == (not any(map(stack_states.busy, now.values())))


@given(states, states, st.sets(st.sampled_from(NAMES)))
def test_what_only_this_run_does_is_no_conflict(
    before: Mapping[str, str], now: Mapping[str, str], made: set[str]
):
    own = Requests({*NAMES}, made, {*NAMES})
    assert launch_conflict(before, now, own, made) is None


@pytest.mark.parametrize(
    ("before", "now", "own", "made", "words", "deletion"),
    [
        ({}, {ALERTS: DONE}, OWN, set(), "has been created since: another launch", False),
        ({ALERTS: DONE}, {}, OWN, set(), "has been deleted since: a deletion", True),
        ({}, {}, Requests({ALERTS}, {ALERTS}), {ALERTS}, "has been deleted since", True),
        ({}, {ALERTS: "DELETE_IN_PROGRESS"}, Requests({ALERTS}, {ALERTS}), {ALERTS}, "a deletion", True),
        ({ALERTS: DONE}, {ALERTS: "UPDATE_IN_PROGRESS"}, OWN, set(), "UPDATE_IN_PROGRESS: another", False),
    ],
)
def test_a_launch_sees_the_other_command(  # noqa: PLR0917 - a table's columns
    before: Mapping[str, str],
    now: Mapping[str, str],
    own: Requests,
    made: set[str],
    words: str,
    deletion: bool,
):
    conflict = launch_conflict(before, now, own, made)
    assert conflict is not None
    assert words in str(conflict)
    assert conflict.deletion is deletion


def test_a_stack_that_is_asked_for_and_not_there_yet_is_not_missing():
    """Another thread of the run has sent the request and AWS has not answered it."""
    assert launch_conflict({}, {}, Requests({ALERTS}), set()) is None
    assert launch_conflict({}, {}, Requests({ALERTS}, {ALERTS}), set()) is None


@given(states)
def test_a_deletion_stops_for_everything_in_progress_but_a_deletion(now: Mapping[str, str]):
    others = [s for s in now.values() if stack_states.busy(s) and not s.startswith("DELETE_")]
    assert (deletion_conflict(now, now, OWN) is None) == (not others)


def test_a_deletion_sees_a_stack_that_has_come_back():
    own = Requests({ALERTS}, set(), {ALERTS})
    conflict = deletion_conflict({ALERTS: DONE, NETWORK: DONE}, {ALERTS: DONE, NETWORK: DONE}, own)
    assert conflict is not None
    assert "wms-alerts-x has been created since: another launch" in str(conflict)
    conflict = deletion_conflict({NETWORK: DONE}, {ALERTS: DONE, NETWORK: DONE}, OWN)
    assert conflict is not None
    for status in ("DELETE_IN_PROGRESS", "DELETE_FAILED"):
        assert deletion_conflict({ALERTS: DONE}, {ALERTS: status}, own) is None
