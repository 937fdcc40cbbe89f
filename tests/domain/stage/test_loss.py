"""What is lost follows from what is there, and each plan says before what it costs."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage.loss import Loss, Means, Rebuild, Remains, rebuild

WHOLE = Remains(
    record=True,
    cluster="new",
    recorded_cluster="new",
    internal_missing=(),
    connector=True,
    offsets=True,
    history=True,
)
ID = "20300102T030405000000Z-daily"


def without(**lost: Any) -> Remains:
    """A stage that lacks something."""
    return replace(WHOLE, **lost)


def planned(remains: Remains, backup_id: str = ID) -> tuple[tuple[Loss, ...], Rebuild]:
    lost = remains.losses(backup_has_offsets=bool(backup_id))
    position = "the position goes back from SCN 150 to 120"
    return lost, rebuild(remains, lost, backup_id=backup_id, position=position, launch="sceptre launch main")


def test_of_a_whole_stage_nothing_is_lost_and_nothing_is_done():
    assert planned(WHOLE) == ((), Rebuild(Means.KEEP, end_workers=False, write_record=False, told=()))


@pytest.mark.parametrize(
    ("change", "losses", "means"),
    [
        ({"record": False}, (Loss.TABLE,), Means.KEEP),
        ({"history": False}, (Loss.HISTORY,), Means.BACKUP),
        ({"connector": False, "offsets": False}, (Loss.INTERNAL_TOPICS,), Means.BACKUP),
        ({"offsets": False}, (Loss.INTERNAL_TOPICS,), Means.BACKUP),
        (
            {"internal_missing": ("a.offsets",), "connector": None, "offsets": None},
            (Loss.INTERNAL_TOPICS,),
            Means.BACKUP,
        ),
        ({"recorded_cluster": "old", "connector": False, "history": False}, (Loss.CLUSTER,), Means.SNAPSHOT),
        ({"recorded_cluster": "old", "record": False}, (Loss.TABLE, Loss.CLUSTER), Means.SNAPSHOT),
        ({"history": False, "keeps_history": False}, (), Means.KEEP),
        # No worker answers, which is no loss.
        ({"connector": None, "offsets": None}, (), Means.KEEP),
        # Without a record and a backup nobody knows another cluster.
        ({"record": False, "recorded_cluster": ""}, (Loss.TABLE,), Means.KEEP),
    ],
)
def test_each_loss_is_seen_and_has_its_means(change: dict[str, Any], losses: tuple[Loss, ...], means: Means):
    lost, plan = planned(without(**change))
    assert (lost, plan.means) == (losses, means)
    assert plan.end_workers == bool(change.get("internal_missing"))
    assert plan.write_record == (Loss.TABLE in losses)


def test_without_a_backup_the_snapshot_is_the_means_and_says_what_it_hides():
    for change in ({"history": False}, {"connector": False}):
        _, plan = planned(without(**change), backup_id="")
        assert plan.means is Means.SNAPSHOT
        assert plan.told[-1].startswith("means: the initial snapshot; ")
        assert "no record shows rows that are deleted until then" in plan.told[-1]


def test_offsets_that_no_backup_has_may_never_have_been():
    """A stage that takes its first snapshot has stored none."""
    assert planned(replace(WHOLE, offsets=False), backup_id="")[0] == ()


@given(
    st.builds(
        Remains,
        record=st.booleans(),
        cluster=st.sampled_from(["a", "b"]),
        recorded_cluster=st.sampled_from(["", "a", "b"]),
        internal_missing=st.sampled_from([(), ("x.config",), ("x.config", "x.offsets", "x.status")]),
        connector=st.sampled_from([None, False, True]),
        offsets=st.sampled_from([None, False, True]),
        history=st.booleans(),
        keeps_history=st.booleans(),
    ),
    st.sampled_from(["", ID]),
)
def test_every_loss_is_told_before_and_a_backup_goes_to_no_other_cluster(remains: Remains, backup_id: str):
    lost, plan = planned(remains, backup_id)
    for loss in lost:
        assert any(line.startswith(f"{loss.value}: ") for line in plan.told)
    assert all("\n" not in line and "{" not in line for line in plan.told)
    if Loss.CLUSTER in lost:
        assert plan.means is Means.SNAPSHOT
        assert lost[-1] is Loss.CLUSTER
    if plan.means is Means.BACKUP:
        assert backup_id
    if not lost:
        assert plan.means is Means.KEEP
