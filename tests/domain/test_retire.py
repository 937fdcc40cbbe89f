from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import RefusedStage
from connector.domain.retire import EphemeralStage, plan_groups, plan_topics
from connector.domain.stage import NAMED_STAGES, Stage
from tests.domain import strategies

FOREIGN = (
    "orders",
    "a",
    "a.b",
    "onemac.submissions",
    "__consumer_offsets",
    "__custom",
    "wms2.x",
    "wms-signal",
)


@st.composite
def clusters(draw: st.DrawFn) -> tuple[Stage, list[str]]:
    """An ephemeral stage and a cluster on which it, its relatives and others live."""
    stage = draw(strategies.ephemeral_stages)
    others = draw(st.lists(strategies.pairs(), max_size=2))
    relative = draw(strategies.relatives(stage.name))
    alike = [f"{stage.name}.{draw(strategies.texts)}"[:249], f"{stage.name}wms", f"{relative}.wms"]
    existing = [
        *stage.topics,
        *(name for pair in others for other in pair for name in (*other.topics, *other.topics.groups)),
        *strategies.BARE_NAMES,
        *FOREIGN,
        *alike,
        *(name.replace(".", "_") for name in stage.topics),
        *(name.upper() for name in stage.topics),
        *(f"{name}.more" for name in stage.topics),
    ]
    return stage, draw(st.permutations(existing))


@given(clusters())
def test_a_teardown_deletes_exactly_the_catalogue_and_no_bare_name(made: tuple[Stage, list[str]]) -> None:
    stage, existing = made
    found = plan_topics(EphemeralStage(stage), existing)
    assert set(found.delete) == set(stage.topics)
    assert all(name.startswith(stage.namespace) for name in found.delete)
    assert not set(found.delete) & {*strategies.BARE_NAMES, *FOREIGN}
    assert {*found.delete, *found.keep} == set(existing), "every topic is accounted for"
    assert len(found.delete) + len(found.keep) == len(set(existing)), "and only once"
    assert all(found.keep.values()), "with a reason"


@given(strategies.pairs())
def test_the_topics_of_every_other_stage_stay(pair: tuple[Stage, Stage]) -> None:
    stage, other = pair
    if not stage.ephemeral:
        return
    assert plan_topics(EphemeralStage(stage), other.topics).delete == ()
    assert plan_groups(EphemeralStage(stage), other.topics.groups).delete == ()


@given(strategies.ephemeral_stages, st.lists(strategies.texts))
def test_groups_are_planned_by_the_same_rule(stage: Stage, others: list[str]) -> None:
    existing = [*stage.topics.groups, *others, *strategies.BARE_NAMES]
    assert set(plan_groups(EphemeralStage(stage), existing).delete) == set(stage.topics.groups)


@pytest.mark.parametrize("name", NAMED_STAGES)
def test_there_is_no_plan_for_a_named_stage(name: str) -> None:
    with pytest.raises(RefusedStage, match=f"{name!r} is a named stage .* never deleted"):
        EphemeralStage(Stage(name))
    for plan in (plan_topics, plan_groups):
        with pytest.raises(TypeError, match="for an EphemeralStage"):
            plan(cast("Any", Stage(name)), ["wms"])


def test_a_plan_prints_its_sum_and_does_not_depend_on_the_order() -> None:
    stage = EphemeralStage(Stage("a"))
    one = plan_topics(stage, ["b", "a.wms", "a.wms.signal", "a.wms"])
    assert one == plan_topics(stage, ["a.wms.signal", "a.wms", "b"])
    assert str(one) == "2 to delete, 1 to keep"
    assert one.delete == ("a.wms", "a.wms.signal")


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("wms", "another namespace or none"),
        ("a.b.wms", "starts with a. but is not in the catalogue"),
        ("a_wms", "differs from a.wms in '.' and '_'"),
        ("__consumer_offsets", "Kafka itself"),
        ("__other", "Kafka itself"),
        ("ab.wms", "another namespace or none"),
    ],
)
def test_what_is_kept_says_why(topic: str, words: str) -> None:
    assert words in plan_topics(EphemeralStage(Stage("a")), [topic]).keep[topic]


def test_nothing_there_means_nothing_to_do() -> None:
    assert str(plan_topics(EphemeralStage(Stage("a")), [])) == "0 to delete, 0 to keep"
