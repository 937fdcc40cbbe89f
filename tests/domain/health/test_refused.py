"""Which versions were refused, who halted the connector, and what a worker has: as items, and as answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.refused import KEPT, RefusedCredentials, RefusedVersion
from connector.domain.secrets.worker_versions import CLOCKS_SECONDS, SecretState, version_of_worker

OWN, DEFAULT = "wms/main/dbInfo", "wms/default/dbInfo"
texts = st.text(min_size=1, max_size=8)
versions = st.builds(RefusedVersion, texts, texts, st.just("login"), st.integers(0, 2**33))


def refused(path: str = DEFAULT, version: str = "v1") -> RefusedVersion:
    return RefusedVersion(path, version, "login", 1_700_000_000)


def test_a_refused_version_is_known_for_its_own_secret_only() -> None:
    known = RefusedCredentials().remembering([refused(DEFAULT, "v1")])
    assert known.refusal_of({DEFAULT: "v1", "wms/default/vpc": "v9"}) == refused(DEFAULT, "v1")
    assert known.refusal_of({DEFAULT: "v2"}) is None
    assert known.refusal_of({OWN: "v1"}) is None


def test_a_version_that_comes_back_is_still_refused() -> None:
    """Going back to an older version of a secret must not try a password again that was refused."""
    known = RefusedCredentials().remembering([refused(version="v1")]).remembering([refused(version="v2")])
    assert known.refusal_of({DEFAULT: "v1"}) == refused(version="v1")
    assert known.forgetting({DEFAULT: "v2"}).refusal_of({DEFAULT: "v1"}) == refused(version="v1")
    assert known.forgetting({DEFAULT: "v1"}).refusal_of({DEFAULT: "v1"}) is None


@given(st.lists(versions, max_size=2 * KEPT))
def test_what_is_remembered_comes_back_from_the_table(found: list[RefusedVersion]) -> None:
    known = RefusedCredentials().remembering(found)
    again = RefusedCredentials.from_item(known.to_item())
    assert (again.refused, again.number) == (known.refused, known.number)
    assert len(known.refused) <= KEPT
    assert known.remembering(found[-KEPT:]) is known


@pytest.mark.parametrize(
    "damage", [None, 7, "x", [None], [{"path": "a"}], [{"path": 1, "version": 2, "class": 3}]]
)
def test_a_damaged_entry_hides_no_other(damage: Any) -> None:
    whole = RefusedCredentials().remembering([refused()]).to_item()
    entries = damage if isinstance(damage, list) else []
    item = {**whole, "refused": [*entries, *whole["refused"]]}
    assert RefusedCredentials.from_item(item).refusal_of({DEFAULT: "v1"}) == refused()
    assert RefusedCredentials.from_item({**whole, "refused": damage}).refused == ()


HALT = Halt().next(
    by=HaltedBy.LOGIN, at=1_700_000_000, secret="dbInfo", path=DEFAULT, version="v1", error_class="login"
)


def test_a_halt_comes_back_from_the_table() -> None:
    for halt in (HALT, HALT.next(), HALT.next(by=HaltedBy.OPERATOR, at=5, why="maintenance")):
        assert Halt.from_item(halt.to_item()) == halt
    assert Halt.from_item({"id": "halt", "version": 3, "by": "martians"}) == Halt(number=3)


def test_a_halt_ends_by_another_version_and_by_another_secret() -> None:
    known = RefusedCredentials().remembering([refused(version="v1"), refused(version="v2")])
    assert not HALT.ended_by(DEFAULT, "v1", known)
    assert not HALT.ended_by(DEFAULT, "v2", known)
    assert HALT.ended_by(DEFAULT, "v3", known)
    assert HALT.ended_by(OWN, "v1", known)


def test_the_version_that_a_worker_had_is_not_tried_again_even_if_the_list_was_lost() -> None:
    assert not HALT.ended_by(DEFAULT, "v1", RefusedCredentials())


def test_no_secret_ends_what_an_operator_halted() -> None:
    halt = Halt().next(by=HaltedBy.OPERATOR, at=5)
    assert not halt.ended_by(DEFAULT, "v3", RefusedCredentials())
    assert not Halt().ended_by(DEFAULT, "v3", RefusedCredentials())


def test_a_worker_that_started_after_the_last_change_has_the_current_version() -> None:
    secret = SecretState(DEFAULT, "v2", changed_at=1000.0)
    assert version_of_worker(secret, 1000.0 + CLOCKS_SECONDS + 1) == "v2"


def test_of_any_other_worker_nobody_knows_the_version() -> None:
    secret = SecretState(DEFAULT, "v2", changed_at=1000.0)
    assert version_of_worker(secret, 999.0) == ""
    assert version_of_worker(secret, 1000.0 + CLOCKS_SECONDS) == ""
    assert version_of_worker(secret, None) == ""
    assert version_of_worker(None, 2000.0) == ""
    assert version_of_worker(SecretState(DEFAULT, "", 1000.0), 2000.0) == ""
