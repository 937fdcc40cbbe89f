"""The restart budget: never more than three restarts in any hour, whoever runs at the same time."""

import heapq
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import ServerError
from connector.domain.health.budget import (
    ACT_WITHIN_SECONDS,
    FIRST_WAIT_SECONDS,
    LIMIT,
    LONGEST_WAIT_SECONDS,
    STABLE_SECONDS,
    WINDOW_SECONDS,
    Budget,
)


@dataclass
class Store:
    """A table that replaces an item only if it is still of the version that was read."""

    budget: Budget = field(default_factory=Budget)

    def replace(self, new: Budget) -> bool:
        if new.version != self.budget.version + 1:
            return False
        self.budget = new
        return True


@dataclass(frozen=True)
class HealthRun:
    """One run: when it reads the budget, and how long it takes to claim and then to act."""

    starts: float
    thinks: float
    acts: float


runs = st.lists(
    st.builds(
        HealthRun,
        # Five hours in steps that make many runs coincide, and single moments between.
        st.integers(0, 60).map(lambda n: n * 300.0) | st.floats(0, 18_000),
        st.floats(0, 50) | st.just(0.0),
        st.floats(0, ACT_WITHIN_SECONDS) | st.just(float(ACT_WITHIN_SECONDS)),
    ),
    min_size=50,
    max_size=120,
)


def restarts(of: list[HealthRun], store: Store) -> list[float]:
    """When a connector that is always failed gets restarted, with every run seeing what it would see."""
    events: list[tuple[float, int, str, Budget | None]] = [
        (run.starts, number, "read", None) for number, run in enumerate(of)
    ]
    heapq.heapify(events)
    made = []
    while events:
        now, number, what, seen = heapq.heappop(events)
        if what == "read":
            heapq.heappush(events, (now + of[number].thinks, number, "write", store.budget))
        elif seen is not None and seen.refusal(now) is None and store.replace(seen.claimed(now)):
            made.append(now + of[number].acts)
    return sorted(made)


@given(runs)
@settings(max_examples=60, deadline=None)
def test_no_hour_ever_sees_more_than_three_restarts_whatever_runs_at_the_same_time(of: list[HealthRun]):
    made = restarts(of, Store())
    assert made, "the first run of a failed connector restarts it"
    for first, fourth in zip(made, made[LIMIT:], strict=False):
        assert fourth - first >= WINDOW_SECONDS


@given(st.floats(0, 2e9), st.integers(2, 50))
def test_of_runs_that_coincide_one_restarts(at: float, many: int):
    assert len(restarts([HealthRun(at, 0, 0)] * many, Store())) == 1


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=80))
def test_a_clock_that_is_behind_gives_no_restart_more(times: list[float]):
    """Times in any order: what was claimed "in the future" is spent all the same."""
    budget = Budget()
    for now in times:
        if budget.refusal(now) is None:
            budget = budget.claimed(now)
        assert budget.claims == tuple(sorted(budget.claims))
    for first, fourth in zip(budget.claims, budget.claims[LIMIT:], strict=False):
        assert fourth - first >= WINDOW_SECONDS


def failing(budget: Budget, until: int, step: int = 60) -> list[int]:
    """When a connector that nothing helps is restarted, looked at every minute."""
    made = []
    for now in range(0, until, step):
        if budget.refusal(now) is None:
            budget = budget.claimed(now)
            made.append(now)
        budget = budget.observed(now, healthy=False)
    return made


def test_the_wait_grows_with_repetition_up_to_its_longest():
    made = failing(Budget(), 24 * 3600)
    waits = [later - earlier for earlier, later in pairwise(made)]
    assert waits[:2] == [FIRST_WAIT_SECONDS, 2 * FIRST_WAIT_SECONDS]
    for repetition, wait in enumerate(waits):
        assert wait >= min(FIRST_WAIT_SECONDS * 2**repetition, LONGEST_WAIT_SECONDS)
    assert set(waits[5:]) == {LONGEST_WAIT_SECONDS}


def test_a_stable_time_forgets_the_wait_but_not_the_claims():
    budget = Budget().claimed(0).claimed(600).claimed(1800)
    assert budget.refusal(1900) is not None
    well = budget.observed(2000, healthy=True)
    assert well.observed(2000 + STABLE_SECONDS - 1, healthy=True).repetitions == 3
    stable = well.observed(2000 + STABLE_SECONDS, healthy=True)
    assert (stable.repetitions, stable.claims) == (0, budget.claims)
    assert stable.refusal(2000 + STABLE_SECONDS) is None


def test_health_that_does_not_last_forgets_nothing():
    budget = Budget().claimed(0).observed(100, healthy=True).observed(3000, healthy=False)
    assert budget.observed(3600, healthy=True).observed(3700, healthy=True).repetitions == 1


def test_a_spent_budget_is_distinguished_from_an_early_one():
    one = Budget().claimed(0)
    early = one.refusal(60)
    assert early is not None
    assert not early.spent
    assert early.reason.endswith("in 4 min")
    spent = one.claimed(300).claimed(900).refusal(1000)
    assert spent is not None
    assert spent.spent
    assert (one.left(60), one.claimed(300).claimed(900).left(1000)) == (2, 0)


def test_looking_at_a_stage_that_was_never_restarted_changes_nothing():
    budget = Budget()
    assert budget.observed(1, healthy=True) is budget
    assert budget.observed(1, healthy=False) is budget


@given(st.lists(st.integers(0, 10**6), max_size=5), st.none() | st.integers(0, 10**6))
def test_an_item_brings_the_budget_back_as_dynamodb_returns_numbers(claims: list[int], since: int | None):
    budget = Budget(tuple(sorted(claims)), 2, since, 7)
    item = budget.to_item()
    item |= {"version": Decimal(7), "claims": [Decimal(c) for c in claims], "repetitions": Decimal(2)}
    assert Budget.from_item(item) == budget


def test_a_damaged_item_gives_no_new_restarts():
    with pytest.raises(ServerError, match="delete the item restart-budget"):
        Budget.from_item({"id": "restart-budget", "version": 1})


def item(**changes: object) -> dict[str, object]:
    """A budget's item, with something changed."""
    return Budget((1_700_000_000,), 1, None, 3).to_item() | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": ""},
        {"claims": {}},
        {"claims": "123"},
        {"claims": None},
        {"claims": [1_700_000_000_000]},
        {"claims": [-1]},
        {"claims": [Decimal("Infinity")]},
        *({"version": value} for value in (0, -1, Decimal("1.5"), "abc", None)),
        {"repetitions": "many"},
    ],
    ids=str,
)
def test_an_item_that_no_budget_writes_is_damaged_rather_than_full_or_spent_for_ever(
    changes: dict[str, object],
):
    assert Budget.from_item(item()).version == 3
    with pytest.raises(ServerError, match="delete the item restart-budget"):
        Budget.from_item(item(**changes))


def test_a_claim_is_never_before_an_earlier_one_whose_clock_was_ahead():
    budget = Budget((1000,), 1, None, 1).claimed(500.5)
    assert budget.claims == (1000, 1000)
    assert Budget((1000,), 1, None, 1).claimed(1500.5).claims == (1000, 1501)


def test_a_refusal_says_how_long_it_lasts():
    budget = Budget().claimed(0)
    early, spent = budget.refusal(100), budget.claimed(300).claimed(900).refusal(1000)
    assert early is not None
    assert early.wait == FIRST_WAIT_SECONDS - 100
    assert spent is not None
    assert spent.wait == WINDOW_SECONDS + ACT_WITHIN_SECONDS - 1000
