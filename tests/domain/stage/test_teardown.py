from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import RefusedStage
from connector.domain.stage.stage import NAMED_STAGES, Stage, refusal, slug
from connector.domain.stage.teardown import (
    EphemeralStage,
    Plan,
    namespaced,
    orphans,
    owner,
    plan_groups,
    plan_topics,
)
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


#: What follows a stage's namespace, written out once more: the catalogue must not be its own judge.
SUFFIXES = (
    "wms",
    *(
        f"wms.{schema}.{table}"
        for schema in ("MMDL", "WMS")
        for table in ("PLAN_BASE_WVR_TBL", "PLAN_WVR_RVSN_TBL")
    ),
    *(
        f"wms.reconcile.{schema}.{table}"
        for schema in ("MMDL", "WMS")
        for table in ("PLAN_BASE_WVR_TBL", "PLAN_WVR_RVSN_TBL")
    ),
    *(f"aws.wms.cdc.WMS.{table}" for table in ("PLAN_BASE_WVR_TBL", "PLAN_WVR_RVSN_TBL")),
    *(f"aws.wms.cdc.{table}" for table in ("PLAN_BASE_WVR_TBL", "PLAN_WVR_RVSN_TBL")),
    *(f"wms.{what}" for what in ("schema-changes", "heartbeat", "signal", "notifications", "transaction")),
    "wms.heartbeat.table",
)
CONNECT = ("config", "offsets", "status")


def allowed(stage: str) -> set[str]:
    """Everything that a teardown of `stage` may delete."""
    group = f"{stage}.mgmt.connect.wms-connector-{slug(stage)}"
    return {*(f"{stage}.{suffix}" for suffix in SUFFIXES), *(f"{group}.{what}" for what in CONNECT)}


def test_the_names_that_are_written_out_are_the_catalogues() -> None:
    """Neither has one more: a topic that a teardown leaves is as wrong as one that it takes."""
    assert set(Stage("feature-xyz").topics) == allowed("feature-xyz")


@st.composite
def names_of_topics(draw: st.DrawFn, stage: str) -> str:
    """A topic's name that wants to be taken for one of the stage's."""
    other = draw(strategies.relatives(stage))
    tail = draw(
        st.sampled_from((*SUFFIXES, *CONNECT, f"mgmt.connect.wms-connector-{slug(other)}.config", "x"))
    )
    made: str = draw(
        st.sampled_from(
            [
                f"{stage}.{tail}",
                f"{other}.{tail}",
                f"{stage}{tail}",
                f"{stage}.{other}.{tail}",
                f"{stage}.{tail}.{other}",
                f"{stage}.{tail}".replace(".", "_"),
                f"{stage}.{tail}".swapcase(),
                f"{stage}.{tail} ",
                f".{stage}.{tail}",
                f"{stage}.",
                stage,
                tail,
                "",
                draw(st.sampled_from((*strategies.BARE_NAMES, *FOREIGN))),
                draw(st.text(max_size=20)),
            ]
        )
    )
    return made


@st.composite
def stage_and_topic(draw: st.DrawFn) -> tuple[str, str]:
    stage = draw(strategies.texts)
    return stage, draw(names_of_topics(stage))


LONG_RUN = settings.default is not None and settings.default.max_examples >= 1000


@settings(max_examples=120_000 if LONG_RUN else 1_000)
@given(stage_and_topic())
def test_of_any_pair_of_stage_and_topic_only_what_is_written_out_is_deleted(pair: tuple[str, str]) -> None:
    """120,000 pairs in `make test-long`, 1,000 in `make test`, beside those of whole clusters."""
    text, topic = pair
    planned = _planned(text, [topic])
    assert set(planned) <= {topic}
    if planned:
        assert text not in NAMED_STAGES
        assert topic in allowed(text)
        assert topic not in strategies.BARE_NAMES
        assert "." in topic
        assert owner(topic) == Stage(text)
    elif topic in allowed(text):
        assert refusal(text) is not None or text in NAMED_STAGES


def _planned(stage: str, existing: list[str]) -> tuple[str, ...]:
    """What the plan deletes; nothing where there is no plan."""
    try:
        return plan_topics(EphemeralStage(Stage(stage)), existing).delete
    except RefusedStage:
        return ()


@given(strategies.pairs(), st.permutations([*strategies.BARE_NAMES, *FOREIGN]))
def test_orphans_are_exactly_the_own_topics_of_stages_that_are_not_deployed(
    pair: tuple[Stage, Stage], others: list[str]
) -> None:
    one, two = pair
    existing = [*others, *one.topics, *two.topics]
    expected = {stage.name: tuple(sorted(stage.topics)) for stage in pair if stage.ephemeral}
    for deployed in ((), (one.name,), (one.name, two.name)):
        found = orphans(existing, deployed)
        assert found == {name: names for name, names in expected.items() if name not in deployed}
    assert [owner(name) for name in others] == [None] * len(others)


def test_an_object_that_pretends_gets_no_plan() -> None:
    """Neither a subclass that calls a named stage ephemeral nor an object whose check was gone round."""

    class Pretender(Stage):
        ephemeral = True
        namespace = "wms."

    with pytest.raises(TypeError):
        EphemeralStage(Pretender("main"))
    forged = object.__new__(EphemeralStage)
    object.__setattr__(forged, "stage", Stage("main"))
    for plan in (plan_topics, plan_groups):
        with pytest.raises(RefusedStage):
            plan(forged, [*Stage("main").topics])
    renamed = Stage("a")
    object.__setattr__(renamed, "name", "main")
    with pytest.raises(RefusedStage):
        plan_topics(EphemeralStage(renamed), ["wms"])


def test_topics_that_start_alike_are_distinguished_from_the_own() -> None:
    stage = EphemeralStage(Stage("a"))
    assert namespaced(stage, ["a.wms", "a.b.wms", "a.other", "ab.wms", "a"]) == ("a.b.wms", "a.other")
    assert isinstance(plan_topics(stage, []), Plan)


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
        with pytest.raises(TypeError, match="needs an EphemeralStage"):
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
        ("a_wms", "differs from a.wms only in '.' and '_'"),
        ("__consumer_offsets", "Kafka itself"),
        ("__other", "Kafka itself"),
        ("ab.wms", "another namespace or none"),
    ],
)
def test_what_is_kept_says_why(topic: str, words: str) -> None:
    assert words in plan_topics(EphemeralStage(Stage("a")), [topic]).keep[topic]


def test_nothing_there_means_nothing_to_do() -> None:
    assert str(plan_topics(EphemeralStage(Stage("a")), [])) == "0 to delete, 0 to keep"
